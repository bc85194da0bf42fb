//! cargo-mutants: lists mutants, makes each in the work tree, and runs the tests with nextest.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::record::Outcome;
use super::sample::Mutant;
use super::tree::Tree;
use crate::error::{ReportError, read_limited};
use crate::program;
use crate::scan::Declared;

/// Longest outcome file that is read.
const LONGEST: u64 = 64 << 20;
/// Shortest time after which tests are taken for hanging, and how many times what they take without a mutant.
const PATIENCE: (Duration, u32) = (Duration::from_secs(30), 5);
/// Longest build of a mutant.
const BUILD_SECONDS: &str = "900";
/// Its exit codes that say what became of mutants: all noticed, some not, some hanging.
const JUDGED: [i32; 3] = [0, 2, 3];

/// The program, and where it works.
#[derive(Debug)]
pub(super) struct Tool<'a> {
    program: &'a Path,
    tree: &'a Tree,
    place: &'a Path,
    pub(super) version: String,
    /// How long tests take without a mutant, by their selection.
    baselines: RefCell<BTreeMap<Vec<String>, Duration>>,
}

#[derive(Deserialize)]
struct Outcomes {
    outcomes: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    scenario: serde_json::Value,
    summary: String,
}

/// Which tests run: what is built, and what of that is run.
struct Selection {
    build: Vec<String>,
    run: Vec<String>,
}

impl<'a> Tool<'a> {
    pub(super) fn new(
        program: &'a Path,
        tree: &'a Tree,
        place: &'a Path,
    ) -> Result<Self, ReportError> {
        let mut ask = program::command(&program.to_string_lossy(), &tree.root);
        let version = program::read(ask.args(["mutants", "--version"]))?.trim().to_owned();
        let baselines = RefCell::default();
        Ok(Self { program, tree, place, version, baselines })
    }

    /// All mutants of these files and folders. A folder stands for its module: the file beside it belongs to it.
    pub(super) fn list(&self, paths: &[String]) -> Result<Vec<Mutant>, ReportError> {
        let mut list = self.start();
        list.args(["--list", "--json"]);
        for path in paths {
            if self.tree.root.join(path).is_dir() {
                list.arg("--file").arg(format!("{path}/**"));
                list.arg("--file").arg(format!("{path}.rs"));
            } else {
                list.arg("--file").arg(path);
            }
        }
        let listed = program::read(&mut list)?;
        serde_json::from_str(&listed).map_err(|error| ReportError::content("cargo-mutants", error))
    }

    /// Tries mutants of one package against these tests of it, or against all it has.
    pub(super) fn try_against(
        &self,
        package: &str,
        tests: Option<&[&Declared]>,
        mutants: &[Mutant],
    ) -> Result<Vec<(String, Outcome)>, ReportError> {
        let selection = Selection::of(tests);
        let patience = self.baseline(package, &selection)?;
        let mut run = self.start();
        run.args(["--in-place", "--baseline", "skip", "--test-tool", "nextest"]);
        run.args(["--colors", "never", "--no-times", "--build-timeout", BUILD_SECONDS]);
        run.arg("--timeout").arg(patience.as_secs().to_string());
        run.arg("--output").arg(self.place);
        for mutant in mutants {
            run.arg("--file").arg(&mutant.file);
            run.arg("--re").arg(format!("^{}$", escaped(&mutant.name)));
        }
        run.args(selection.build.iter().map(|word| format!("--cargo-arg={word}")));
        run.arg("--").args(&selection.run);
        let output = run
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| ReportError::program("cargo-mutants", error.to_string()))?;
        if !output.status.code().is_some_and(|code| JUDGED.contains(&code)) {
            let said = String::from_utf8_lossy(&output.stderr);
            let what = format!("{}: {}", output.status, said.trim());
            return Err(ReportError::program("cargo-mutants", what));
        }
        self.outcomes()
    }

    fn outcomes(&self) -> Result<Vec<(String, Outcome)>, ReportError> {
        let path = self.place.join("mutants.out/outcomes.json");
        let wrong = |error: serde_json::Error| ReportError::content("outcomes.json", error);
        let read: Outcomes =
            serde_json::from_slice(&read_limited(&path, LONGEST)?).map_err(wrong)?;
        let mut seen = Vec::new();
        for One { scenario, summary } in read.outcomes {
            let Some(mutant) = scenario.get("Mutant") else { continue };
            let name = mutant.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
            let outcome = match summary.as_str() {
                "CaughtMutant" | "Timeout" => Outcome::Evidence,
                "MissedMutant" => Outcome::Survived,
                "Unviable" => Outcome::Unviable,
                other => {
                    return Err(ReportError::content(
                        "outcomes.json",
                        format!("`{other}`: {name}"),
                    ));
                }
            };
            seen.push((name.to_owned(), outcome));
        }
        Ok(seen)
    }

    /// Runs the tests without a mutant: they have to pass, and how long they take is the measure for those with one.
    fn baseline(&self, package: &str, selection: &Selection) -> Result<Duration, ReportError> {
        let mut words = vec![format!("--package={package}")];
        words.extend(selection.build.iter().chain(&selection.run).cloned());
        if let Some(known) = self.baselines.borrow().get(&words) {
            return Ok(*known);
        }
        let nextest = |more: &[&str]| {
            let mut nextest = program::command("cargo", &self.tree.root);
            self.quiet(&mut nextest);
            nextest.args(["nextest", "run"]).args(&words).args(more);
            program::read(&mut nextest)
        };
        nextest(&["--no-run"])?;
        let started = Instant::now();
        nextest(&[]).map_err(|error| {
            ReportError::content(package, format!("its tests fail without any mutant: {error}"))
        })?;
        let (shortest, times) = PATIENCE;
        let patience = started.elapsed().saturating_mul(times).max(shortest);
        self.baselines.borrow_mut().insert(words, patience);
        Ok(patience)
    }

    fn start(&self) -> Command {
        let mut command = program::command(&self.program.to_string_lossy(), &self.tree.root);
        self.quiet(&mut command);
        command.args(["mutants", "--no-config", "--dir"]).arg(&self.tree.root);
        command
    }

    /// A build folder of its own, and nothing of a run that records evidence.
    fn quiet(&self, command: &mut Command) {
        let is_of_a_run =
            |name: &str| name.starts_with("NEXTEST") || name.starts_with("MEDSEC_EVIDENCE");
        program::without(command, is_of_a_run);
        command.env("CARGO_TARGET_DIR", self.build());
    }

    fn build(&self) -> PathBuf {
        self.place.join("build")
    }
}

impl Selection {
    /// Only the binaries that hold the tests are built: a mutant costs little more than they do.
    fn of(tests: Option<&[&Declared]>) -> Self {
        let Some(tests) = tests else {
            return Self { build: vec!["--lib".to_owned(), "--tests".to_owned()], run: Vec::new() };
        };
        let mut build: Vec<_> = tests.iter().map(|test| target(&test.key.binary)).collect();
        build.sort();
        build.dedup();
        let names: Vec<_> = tests
            .iter()
            .map(|test| {
                let binary = format!("binary_id(={})", test.key.binary);
                format!("({binary} & test(={}))", test.key.test)
            })
            .collect();
        Self { build, run: vec!["-E".to_owned(), names.join(" | ")] }
    }
}

/// Cargo's choice of the target that nextest calls so.
fn target(binary: &str) -> String {
    match binary.split_once("::") {
        None => "--lib".to_owned(),
        Some((_, target)) => match target.split_once('/') {
            Some((kind, name)) => format!("--{kind}={name}"),
            None => format!("--test={target}"),
        },
    }
}

/// The regular expression that only this text matches.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation() && !"<>".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_of_a_binary_is_named_as_cargo_does() {
        assert_eq!(target("medsec-policy"), "--lib");
        assert_eq!(target("medsec-crypto::it"), "--test=it");
        assert_eq!(target("medsec-cli::bin/medsec"), "--bin=medsec");
    }

    #[test]
    fn name_of_a_mutant_is_no_pattern() {
        let name = "a.rs:1:2: replace * with + in <T>::f -> Vec<u8>";
        assert_eq!(
            escaped(name),
            "a\\.rs\\:1\\:2\\: replace \\* with \\+ in <T>\\:\\:f \\-> Vec<u8>"
        );
    }
}
