//! `cargo xtask fuzz`: runs the targets of `fuzz/`, a workspace of its own.
//!
//! cargo-fuzz needs a nightly toolchain; where none is installed this says so and fails.

mod stats;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context as _, Result, bail};

use self::stats::Stats;
use crate::steps::Reported;
use crate::workspace::Workspace;
use crate::{process, tools};

/// Targets that run at the same time.
const AT_ONCE: usize = 2;

/// What to fuzz, and how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u32,
    /// Only this target.
    #[arg(long)]
    pub(crate) target: Option<String>,
    /// Print the names of the targets and stop.
    #[arg(long, conflicts_with = "minimize")]
    pub(crate) list: bool,
    /// Minimise the corpora instead of fuzzing.
    #[arg(long)]
    pub(crate) minimize: bool,
}

/// Runs the command.
///
/// # Errors
/// No nightly toolchain, no such target, a target that does not build, or a finding.
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    let manifest = std::fs::read_to_string(ws.root.join("fuzz/Cargo.toml"))
        .context("there is no fuzz/Cargo.toml")?;
    let targets = chosen(targets(&manifest)?, options.target.as_deref())?;
    if options.list {
        targets.iter().for_each(|target| println!("{target}"));
        return Ok(());
    }
    let fuzzer = Fuzzer::find(ws)?;
    if options.minimize {
        return targets.iter().try_for_each(|target| fuzzer.minimize(target));
    }
    process::run(&mut fuzzer.cargo_fuzz("build"))?;
    let results = fuzzer.run_all(&targets, options.seconds);
    println!("\n{}", stats::table(&results));
    let found = results.iter().any(|(_, stats)| !stats.ok);
    if found { Err(Reported.into()) } else { Ok(()) }
}

/// Names of the `[[bin]]` entries of the manifest.
fn targets(manifest: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse().context("fuzz/Cargo.toml")?;
    let bins = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    let name = |bin: &toml::Value| Some(bin.get("name")?.as_str()?.to_owned());
    Ok(bins.filter_map(name).collect())
}

fn chosen(all: Vec<String>, one: Option<&str>) -> Result<Vec<String>> {
    let known = all.join(", ");
    let targets: Vec<_> =
        all.into_iter().filter(|name| one.is_none_or(|one| one == name)).collect();
    match one {
        Some(one) if targets.is_empty() => bail!("no fuzz target `{one}`; there are: {known}"),
        _ if targets.is_empty() => bail!("fuzz/Cargo.toml names no targets"),
        _ => Ok(targets),
    }
}

/// cargo-fuzz with its toolchain.
#[derive(Debug)]
struct Fuzzer {
    program: PathBuf,
    dir: PathBuf,
    logs: PathBuf,
}

impl Fuzzer {
    fn find(ws: &Workspace) -> Result<Self> {
        let nightly = process::read(process::cargo(&ws.root).args(["+nightly", "--version"]));
        let Ok(nightly) = nightly else {
            bail!("fuzzing needs a nightly Rust toolchain, and `cargo +nightly` does not run here");
        };
        println!("    {}", nightly.trim());
        let program = tools::FUZZ.program(ws)?;
        let logs = ws.target.join("fuzz-logs");
        std::fs::create_dir_all(&logs)?;
        Ok(Self { program, dir: ws.root.join("fuzz"), logs })
    }

    /// The same as `cargo +nightly fuzz …` in the folder `fuzz/`.
    fn cargo_fuzz(&self, what: &str) -> Command {
        let mut fuzz = process::command(&self.program, &self.dir);
        fuzz.env("RUSTUP_TOOLCHAIN", "nightly").env_remove("CARGO_TARGET_DIR");
        fuzz.args(["fuzz", what, "--fuzz-dir", "."]);
        fuzz
    }

    fn minimize(&self, target: &str) -> Result<()> {
        process::run(self.cargo_fuzz("cmin").arg(target))
    }

    /// All targets, a few at once, in the order in which they end.
    fn run_all(&self, targets: &[String], seconds: u32) -> Vec<(String, Stats)> {
        let waiting = Mutex::new(targets.iter());
        let done = Mutex::new(Vec::new());
        let worker = || {
            while let Some(target) = lock(&waiting).next() {
                println!("    {target}: {seconds} s");
                let stats = self.run_one(target, seconds).unwrap_or_else(Stats::broken);
                println!("    {target}: {stats}");
                lock(&done).push((target.clone(), stats));
            }
        };
        std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(worker))));
        done.into_inner().unwrap_or_default()
    }

    fn run_one(&self, target: &str, seconds: u32) -> Result<Stats> {
        let mut fuzz = self.cargo_fuzz("run");
        fuzz.args([target, "--", &format!("-max_total_time={seconds}")]);
        fuzz.arg(format!("-dict=dict/{}.dict", dictionary_of(target)));
        // Worker threads still ending are taken for leaks; safe Rust loses no memory safety by one.
        let output = fuzz.args(["-detect_leaks=0", "-print_final_stats=1"]).output()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let log = self.logs.join(format!("{target}.log"));
        std::fs::write(&log, &text)?;
        let stats = Stats::parse(&text, output.status.success());
        if !stats.ok {
            show_end(target, &text, &log);
        }
        Ok(stats)
    }
}

/// A panic in a worker is reported by the scope, not here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn show_end(target: &str, text: &str, log: &Path) {
    let lines: Vec<_> = text.lines().collect();
    let end = lines.rchunks(80).next().unwrap_or_default().join("\n");
    println!("--- {target}: end of {}\n{end}\n---", log.display());
}

/// The words a target's inputs are made of.
fn dictionary_of(target: &str) -> &'static str {
    match target {
        "audit_line" | "audit_event" | "audit_epoch" | "audit_mark" | "audit_run"
        | "audit_slots" | "audit_state" => "audit",
        "fhir_check" => "fhir",
        "emergency_share" => "emergency",
        "identity_file" => "identity",
        "manifest" => "manifest",
        "note" | "checkpoint" | "tile_proof" | "audit_root" => "note",
        "policy_bundle" => "policy",
        "store_state" | "store_mark" => "store",
        _ => "package",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = 'f'\n[[bin]]\nname = 'core'\n[[bin]]\nname = 'slots'";

    #[test]
    fn targets_are_the_bins_of_the_manifest() {
        assert_eq!(targets(MANIFEST).unwrap(), ["core", "slots"]);
        assert!(targets("not toml").is_err());
    }

    #[test]
    fn unknown_target_is_an_error() {
        let all = || targets(MANIFEST).unwrap();
        assert_eq!(chosen(all(), Some("slots")).unwrap(), ["slots"]);
        assert_eq!(chosen(all(), None).unwrap().len(), 2);
        let why = chosen(all(), Some("other")).unwrap_err().to_string();
        assert!(why.contains("core, slots"));
        assert!(chosen(Vec::new(), None).is_err());
    }
}
