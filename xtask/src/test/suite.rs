//! Running the tests with nextest.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::evidence::{self, Run};
use super::junit::Counts;
use crate::process;
use crate::workspace::Workspace;

/// nextest's exit code when tests ran and some failed.
const SOME_FAILED: i32 = 100;

/// nextest, the environment of the tests, and where their evidence goes.
#[derive(Debug)]
pub(super) struct Suite {
    nextest: PathBuf,
    run: Run,
    full: bool,
    environment: Vec<(OsString, OsString)>,
}

impl Suite {
    /// A suite whose tests go long if `full`.
    pub(super) const fn new(nextest: PathBuf, run: Run, full: bool) -> Self {
        Self { nextest, run, full, environment: Vec::new() }
    }

    /// Sets a variable for all tests.
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Runs the tests that `select` names and returns how many passed.
    ///
    /// # Errors
    /// They do not build, or nextest left no JUnit file. Failing tests are no error here.
    pub(super) fn run(&self, ws: &Workspace, name: &str, select: &[&str]) -> Result<Counts> {
        self.run_with(ws, name, select, |_| ())
    }

    /// As [`Suite::run`], with a last word on every command.
    pub(super) fn run_with(
        &self,
        ws: &Workspace,
        name: &str,
        select: &[&str],
        adjust: impl Fn(&mut Command),
    ) -> Result<Counts> {
        let place = self.run.configuration(name, select)?;
        let command = |what: &str| {
            let mut nextest = process::command(&self.nextest, &ws.root);
            nextest.args(["nextest", what, "--profile", self.profile()]).args(select);
            nextest.envs(self.environment.iter().map(|(name, value)| (name, value)));
            nextest
                .env("MEDSEC_EVIDENCE_DIR", &place.witnesses)
                .env("MEDSEC_EVIDENCE_RUN", &place.id);
            if self.full {
                nextest.env("MEDSEC_FULL", "1");
            }
            adjust(&mut nextest);
            nextest
        };
        let mut run = command("run");
        run.args(["--no-fail-fast", "--no-tests", "pass"]);
        let junit = junit_file(ws, self.profile());
        if junit.exists() {
            std::fs::remove_file(&junit)?;
        }
        match process::code(&mut run)? {
            0 | SOME_FAILED => {}
            code => bail!("nextest ended with exit code {code}: the tests do not build or run"),
        }
        let report = std::fs::read_to_string(&junit).context("nextest left no JUnit file")?;
        evidence::write(&place.folder.join("junit.xml"), &report)?;
        let listed = process::read(command("list").args(["--message-format", "json"]))?;
        evidence::write(&place.folder.join("list.json"), &listed)?;
        let counts = Counts::parse(&report)?;
        println!("    {name}: {} passed, {} failed", counts.passed, counts.failed);
        Ok(counts)
    }

    const fn profile(&self) -> &'static str {
        if self.full { "full" } else { "pr" }
    }
}

/// Where nextest writes it: below the workspace, whatever folder the build goes to.
fn junit_file(ws: &Workspace, profile: &str) -> PathBuf {
    ws.root.join("target").join("nextest").join(profile).join("junit.xml")
}
