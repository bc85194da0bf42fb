//! A fresh folder for what a run of the tests leaves behind.
//!
//! `target/evidence/<run>/<configuration>/` holds `run.json`, nextest's `list.json` and `junit.xml`,
//! and in `witnesses/` what the tests write themselves. A test runs in several configurations, and in each it leaves
//! one witness: so each configuration has a folder and a run id of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::process;
use crate::workspace::{Workspace, utc};

/// One start of `cargo xtask test`.
#[derive(Debug)]
pub(super) struct Run {
    id: String,
    folder: PathBuf,
    started: String,
    commit: String,
    dirty: bool,
    rustc: String,
}

/// The part of a run that one configuration fills.
#[derive(Debug)]
pub(super) struct Configuration {
    /// What tests get as `MEDSEC_EVIDENCE_RUN`.
    pub(super) id: String,
    /// Where the files about the run go.
    pub(super) folder: PathBuf,
    /// What tests get as `MEDSEC_EVIDENCE_DIR`.
    pub(super) witnesses: PathBuf,
}

impl Run {
    /// Makes a folder that did not exist.
    ///
    /// # Errors
    /// git or rustc is missing, or the folder cannot be made.
    pub(super) fn start(ws: &Workspace) -> Result<Self> {
        let started = utc("+%Y-%m-%dT%H:%M:%SZ")?;
        let (commit, dirty) = ws.commit()?;
        let rustc = process::read(process::command("rustc", &ws.root).arg("--version"))?;
        let time: String = started.chars().filter(char::is_ascii_alphanumeric).collect();
        let id = format!("{time}-{}-{}", commit.get(..8).unwrap_or(&commit), std::process::id());
        let folder = ws.target.join("evidence").join(&id);
        println!("    {}", folder.display());
        Ok(Self { id, folder, started, commit, dirty, rustc: rustc.trim().to_owned() })
    }

    /// Makes the folder of one configuration and writes down what runs there.
    ///
    /// # Errors
    /// The folder exists already or cannot be made.
    pub(super) fn configuration(&self, name: &str, arguments: &[&str]) -> Result<Configuration> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&self.folder)?;
        std::fs::create_dir(&folder).with_context(|| format!("making {}", folder.display()))?;
        let witnesses = folder.join("witnesses");
        std::fs::create_dir(&witnesses)?;
        let id = format!("{}.{name}", self.id);
        let facts = json!({
            "run": id, "configuration": name, "arguments": arguments, "started": self.started,
            "commit": self.commit, "dirty": self.dirty, "rustc": self.rustc,
        });
        write(&folder.join("run.json"), &format!("{facts:#}\n"))?;
        Ok(Configuration { id, folder, witnesses })
    }
}

/// Writes a file of the folder.
pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: PathBuf) -> Run {
        let [id, started, commit, rustc] = ["r1", "now", "c0ffee", "rustc"].map(str::to_owned);
        Run { id, folder, started, commit, dirty: true, rustc }
    }

    #[test]
    fn each_configuration_has_its_own_run() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(dir.path().join("r1"));
        let first = run.configuration("default", &["--workspace"]).unwrap();
        let second = run.configuration("aws-lc", &[]).unwrap();
        assert_ne!((&first.id, &first.folder), (&second.id, &second.folder));
        let facts = std::fs::read_to_string(first.folder.join("run.json")).unwrap();
        assert!(facts.contains("\"dirty\": true") && facts.contains("r1.default"));
    }

    #[test]
    fn configuration_never_reuses_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let run = run(dir.path().join("r1"));
        run.configuration("default", &[]).unwrap();
        assert!(run.configuration("default", &[]).is_err());
    }
}
