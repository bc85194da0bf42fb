//! Runs single tests of this very binary in child processes.

#![expect(clippy::expect_used, reason = "these are parts of tests, outside of any test function")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use medsec_evidence::Witness;

use crate::fixtures::MISBEHAVE;

/// A test of this binary, with an environment that asks for witnesses.
pub(crate) struct Child {
    command: Command,
}

impl Child {
    pub(crate) fn of(test: &str) -> Self {
        let mut command = Command::new(env::current_exe().expect("a test has a binary"));
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        // The outer run may itself be recorded, or be run by nextest.
        for inherited in ["MEDSEC_EVIDENCE_DIR", "NEXTEST_BINARY_ID", "NEXTEST_ATTEMPT", MISBEHAVE]
        {
            command.env_remove(inherited);
        }
        command.env("MEDSEC_EVIDENCE_RUN", "run-1");
        Self { command }
    }

    pub(crate) fn recorded_in(mut self, folder: &Path) -> Self {
        self.command.env("MEDSEC_EVIDENCE_DIR", folder);
        self
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    pub(crate) fn told_to(self, misbehave: &str) -> Self {
        self.with(MISBEHAVE, misbehave)
    }

    pub(crate) fn passes(self) {
        let output = self.output();
        assert!(output.status.success(), "{output:?}");
    }

    /// The test fails, and says this.
    pub(crate) fn fails_saying(self, message: &str) {
        let output = self.output();
        assert!(!output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(message), "{output:?}");
    }

    fn output(mut self) -> Output {
        self.command.output().expect("the test binary can be run")
    }
}

pub(crate) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder can be listed");
    entries.map(|entry| entry.expect("the entry can be read").path()).collect()
}

pub(crate) fn only_witness_in(folder: &Path) -> Witness {
    let [file]: [PathBuf; 1] = files_in(folder).try_into().expect("one file");
    witness_in(&file)
}

pub(crate) fn witness_in(file: &Path) -> Witness {
    Witness::from_json(&fs::read(file).expect("the witness can be read")).expect("a witness")
}
