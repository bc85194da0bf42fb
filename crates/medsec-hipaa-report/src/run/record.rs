//! Makes the folders of a run, starts nextest, and closes the folders when the tests are over.

use core::sync::atomic::{AtomicU32, Ordering};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::build::Build;
use super::facts::{Facts, digests};
use super::junit::{Counts, Results};
use super::plan::Plan;
use crate::error::{At as _, ReportError, read_limited};
use crate::git::Commit;
use crate::program;

/// nextest's exit code when tests ran and some failed.
const SOME_FAILED: i32 = 100;

static STARTED: AtomicU32 = AtomicU32::new(0);

/// One start of the tests: a fresh folder, the commit and the compiler.
#[derive(Debug)]
pub struct Recorder {
    id: String,
    folder: PathBuf,
    started: String,
    commit: Commit,
    rustc: String,
    plan: Plan,
    platform: String,
    build: Build,
}

/// The part of a run that one configuration fills.
#[derive(Debug)]
#[non_exhaustive]
pub struct Configuration {
    /// What tests get as `MEDSEC_EVIDENCE_RUN`.
    pub id: String,
    /// Where the files about the run go.
    pub folder: PathBuf,
    /// What tests get as `MEDSEC_EVIDENCE_DIR`.
    pub witnesses: PathBuf,
    facts: Facts,
    build: Build,
}

impl Recorder {
    /// Takes a folder below `evidence` that did not exist, and writes down which configurations are to fill it.
    ///
    /// # Errors
    /// git, rustc or `date` is missing; the folder exists already or cannot be made.
    pub fn start(
        root: &Path,
        evidence: &Path,
        configurations: &[&str],
    ) -> Result<Self, ReportError> {
        let mut date = program::command("date", root);
        let started = program::read(date.args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]))?.trim().to_owned();
        let commit = Commit::of(root)?;
        let said = program::read(program::command("rustc", root).args(["--version", "--verbose"]))?;
        let rustc = said.lines().next().unwrap_or_default().trim().to_owned();
        let time: String = started.chars().filter(char::is_ascii_alphanumeric).collect();
        let short = commit.id.get(..8).unwrap_or(&commit.id);
        // One process can start several runs in a second.
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let id = format!("{time}-{short}-{}-{number}", std::process::id());
        let folder = evidence.join(&id);
        std::fs::create_dir_all(evidence).at(evidence)?;
        std::fs::create_dir(&folder).at(&folder)?;
        let plan = Plan::new(&id, configurations);
        plan.save(&folder)?;
        let platform = platform(&said);
        Ok(Self { id, folder, started, commit, rustc, plan, platform, build: Build::of(root)? })
    }

    /// Where the configurations' folders are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder of one configuration and writes down what runs there.
    ///
    /// # Errors
    /// It was not planned; the folder exists already or cannot be made.
    pub fn configuration(
        &self,
        name: &str,
        arguments: &[&str],
    ) -> Result<Configuration, ReportError> {
        if !self.plan.names(name) {
            return Err(ReportError::content("plan.json", format!("has no `{name}`")));
        }
        let folder = self.folder.join(name);
        std::fs::create_dir(&folder).at(&folder)?;
        let witnesses = folder.join("witnesses");
        std::fs::create_dir(&witnesses).at(&witnesses)?;
        let id = format!("{}.{name}", self.id);
        let Commit { id: commit, changed, .. } = &self.commit;
        let mut facts =
            Facts::new(id.clone(), name, arguments, &self.started, commit, changed, &self.rustc);
        facts.about.insert("platform".to_owned(), self.platform.clone());
        if let Some(settings) = self.build.settings() {
            facts.about.insert("settings of Cargo outside of the repository".to_owned(), settings);
        }
        let build = self.build.clone();
        let configuration = Configuration { id, folder, witnesses, facts, build };
        configuration.write()?;
        Ok(configuration)
    }
}

/// The compiler's name of the platform, and the system's own.
fn platform(rustc: &str) -> String {
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or("unknown");
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    match name {
        Some(name) => format!("{host}, {}", name.trim_matches('"')),
        None => host.to_owned(),
    }
}

impl Configuration {
    /// Says what else the tests ran with, for the report.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn about(&mut self, name: &str, value: &str) -> Result<(), ReportError> {
        self.facts.about.insert(name.to_owned(), value.to_owned());
        self.write()
    }

    /// Runs the tests with nextest and closes the folder. `nextest` makes the command for `run` and for `list`, with
    /// profile, selection and environment; `junit` is where that profile puts its JUnit file.
    ///
    /// Retries are switched off whatever the configuration of nextest says.
    ///
    /// # Errors
    /// The tests do not build, or nextest left no JUnit file. Failing tests are no error here.
    pub fn record(
        mut self,
        junit: &Path,
        nextest: impl Fn(&str) -> Command,
    ) -> Result<Counts, ReportError> {
        if junit.exists() {
            std::fs::remove_file(junit).at(junit)?;
        }
        let mut run = self.prepared(&nextest, "run");
        run.args(["--no-fail-fast", "--no-tests", "pass", "--retries", "0"]);
        match run
            .status()
            .map_err(|error| ReportError::program("nextest", error.to_string()))?
            .code()
        {
            Some(0 | SOME_FAILED) => {}
            other => {
                let code =
                    other.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                let what = format!("ended with {code}: the tests do not build or run");
                return Err(ReportError::program("cargo nextest run", what));
            }
        }
        let report = read_limited(junit, super::LONGEST)?;
        let place = self.folder.join("junit.xml");
        std::fs::write(&place, &report).at(&place)?;
        let mut list = self.prepared(&nextest, "list");
        let listed = program::read(list.args(["--message-format", "json"]))?;
        let place = self.folder.join("list.json");
        std::fs::write(&place, listed).at(&place)?;
        self.facts.about.extend(self.build.lock()?);
        self.close()?;
        let report = String::from_utf8_lossy(&report);
        let results =
            Results::parse(&report).map_err(|what| ReportError::content("junit.xml", what))?;
        Ok(results.counts())
    }

    /// Writes the digests of everything that lies here.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn close(&mut self) -> Result<(), ReportError> {
        self.facts.files = digests(&self.folder)?;
        self.write()
    }

    fn prepared(&self, nextest: &impl Fn(&str) -> Command, what: &str) -> Command {
        let mut command = nextest(what);
        self.build.rule(&mut command);
        command.stdin(Stdio::null());
        command.env("MEDSEC_EVIDENCE_DIR", &self.witnesses).env("MEDSEC_EVIDENCE_RUN", &self.id);
        command
    }

    fn write(&self) -> Result<(), ReportError> {
        let place = self.folder.join("run.json");
        let json = serde_json::to_string_pretty(&self.facts)
            .map_err(|error| ReportError::content("run.json", error))?;
        std::fs::write(&place, json + "\n").at(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder(folder: PathBuf) -> Recorder {
        let (id, changed) = ("c0ffee".to_owned(), vec!["a.rs".to_owned()]);
        let commit = Commit { id, changed, ..Commit::default() };
        let [id, started, rustc, platform] = ["r1", "now", "rustc", "here"].map(str::to_owned);
        std::fs::create_dir(&folder).unwrap();
        let plan = Plan::new(&id, &["default", "aws-lc"]);
        let build = Build::default();
        Recorder { id, folder, started, commit, rustc, plan, platform, build }
    }

    #[test]
    fn each_configuration_has_its_own_run() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = recorder(dir.path().join("r1"));
        let first = recorder.configuration("default", &["--workspace"]).unwrap();
        let second = recorder.configuration("aws-lc", &[]).unwrap();
        assert_ne!((&first.id, &first.folder), (&second.id, &second.folder));
        let facts = std::fs::read_to_string(first.folder.join("run.json")).unwrap();
        assert!(facts.contains("a.rs") && facts.contains("r1.default"));
    }

    #[test]
    fn configuration_that_was_not_planned_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(recorder(dir.path().join("r1")).configuration("fips", &[]).is_err());
    }

    #[test]
    fn configuration_never_reuses_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let recorder = recorder(dir.path().join("r1"));
        recorder.configuration("default", &[]).unwrap();
        assert!(recorder.configuration("default", &[]).is_err());
    }

    #[test]
    fn closed_folder_shows_later_edits() {
        let dir = tempfile::tempdir().unwrap();
        let mut made = recorder(dir.path().join("r1")).configuration("default", &[]).unwrap();
        std::fs::write(made.folder.join("junit.xml"), "<a/>").unwrap();
        made.close().unwrap();
        assert_eq!(made.facts.compare(&made.folder, "default").unwrap(), []);
        std::fs::write(made.folder.join("junit.xml"), "<b/>").unwrap();
        std::fs::write(made.witnesses.join("late.json"), "{}").unwrap();
        let edited = made.facts.compare(&made.folder, "default").unwrap();
        let files: Vec<_> = edited.iter().map(ToString::to_string).collect();
        assert!(
            files[0].contains("default/junit.xml") && files[1].contains("late.json"),
            "{files:?}"
        );
    }
}
