//! Running the tests with nextest.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use medsec_hipaa_report::{Counts, Recorder};

use crate::process;
use crate::workspace::Workspace;

/// nextest, the environment of the tests, and where their evidence goes.
#[derive(Debug)]
pub(crate) struct Suite {
    nextest: PathBuf,
    run: Recorder,
    full: bool,
    environment: Vec<(OsString, OsString)>,
}

impl Suite {
    /// A suite whose tests go long if `full`.
    pub(crate) const fn new(nextest: PathBuf, run: Recorder, full: bool) -> Self {
        Self { nextest, run, full, environment: Vec::new() }
    }

    /// Sets a variable for all tests.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Runs the tests that `select` names and returns how many passed.
    ///
    /// # Errors
    /// They do not build, or nextest left no JUnit file. Failing tests are no error here.
    pub(crate) fn run(&self, ws: &Workspace, name: &str, select: &[&str]) -> Result<Counts> {
        self.run_with(ws, name, select, &[], |_| ())
    }

    /// As [`Suite::run`], with what else the tests ran with, and a last word on every command.
    pub(crate) fn run_with(
        &self,
        ws: &Workspace,
        name: &str,
        select: &[&str],
        about: &[(String, String)],
        adjust: impl Fn(&mut Command),
    ) -> Result<Counts> {
        let mut place = self.run.configuration(name, select)?;
        place.about("cryptography", cryptography(name))?;
        for (what, version) in about {
            place.about(what, version)?;
        }
        let nextest = |what: &str| {
            let mut nextest = process::command(&self.nextest, &ws.root);
            nextest.args(["nextest", what, "--profile", self.profile()]).args(select);
            nextest.envs(self.environment.iter().map(|(name, value)| (name, value)));
            if self.full {
                nextest.env("MEDSEC_FULL", "1");
            }
            adjust(&mut nextest);
            nextest
        };
        let counts = place.record(&junit_file(ws, self.profile()), nextest)?;
        println!("    {name}: {} passed, {} failed", counts.passed, counts.failed);
        Ok(counts)
    }

    /// Where the configurations that ran left their files.
    pub(crate) fn folder(&self) -> &Path {
        self.run.folder()
    }

    const fn profile(&self) -> &'static str {
        if self.full { "full" } else { "pr" }
    }
}

/// What encrypts and signs in a configuration.
fn cryptography(configuration: &str) -> &'static str {
    match configuration {
        "bare" => "RustCrypto",
        "fips" => "AWS-LC's validated module (feature `fips`)",
        _ => "AWS-LC, not its validated module, and RustCrypto",
    }
}

/// Where nextest writes it: below the workspace, whatever folder the build goes to.
fn junit_file(ws: &Workspace, profile: &str) -> PathBuf {
    ws.root.join("target").join("nextest").join(profile).join("junit.xml")
}
