//! `run.json`: what ran, at which commit, and the digests of the files beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::sha256;
use crate::error::{At as _, ReportError, read_limited};
use crate::problem::Problem;

const SCHEMA: &str = "medsec-test-run/v1";

/// The content of `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Facts {
    schema: String,
    /// The run id that witnesses carry.
    pub run: String,
    /// Name of the configuration.
    pub configuration: String,
    /// What nextest was told to run.
    pub arguments: Vec<String>,
    /// When, in UTC.
    pub started: String,
    /// The commit.
    pub commit: String,
    /// Files that differ from the commit.
    pub changed: Vec<String>,
    /// The compiler.
    pub rustc: String,
    /// On what it ran and with what: the platform, the cryptography, servers with their versions.
    #[serde(default)]
    pub about: BTreeMap<String, String>,
    /// SHA-256 of `list.json`, `junit.xml` and `witnesses/…`; empty until the tests are over.
    pub files: BTreeMap<String, String>,
}

impl Facts {
    pub(super) fn new(
        run: String,
        configuration: &str,
        arguments: &[&str],
        started: &str,
        commit: &str,
        changed: &[String],
        rustc: &str,
    ) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            run,
            configuration: configuration.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            started: started.to_owned(),
            commit: commit.to_owned(),
            changed: changed.to_vec(),
            rustc: rustc.to_owned(),
            about: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let facts: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if facts.schema == SCHEMA {
            Ok(facts)
        } else {
            Err(format!("the schema is not `{SCHEMA}`"))
        }
    }

    /// Files that are not as they were when the tests were over, are missing, or came later.
    pub(super) fn compare(&self, folder: &Path, name: &str) -> Result<Vec<Problem>, ReportError> {
        let found = digests(folder)?;
        let all = self.files.keys().chain(found.keys());
        let names: std::collections::BTreeSet<_> = all.collect();
        let differs = names.into_iter().filter(|file| self.files.get(*file) != found.get(*file));
        Ok(differs.map(|file| Problem::Edited { file: format!("{name}/{file}") }).collect())
    }
}

/// The digests of everything that `run.json` vouches for.
pub(super) fn digests(folder: &Path) -> Result<BTreeMap<String, String>, ReportError> {
    let mut files = BTreeMap::new();
    for name in ["junit.xml", "list.json"] {
        let path = folder.join(name);
        if path.is_file() {
            files.insert(name.to_owned(), sha256(&read_limited(&path, super::LONGEST)?));
        }
    }
    let witnesses = folder.join("witnesses");
    for entry in std::fs::read_dir(&witnesses).at(&witnesses)? {
        let path = entry.at(&witnesses)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(format!("witnesses/{name}"), sha256(&read_limited(&path, super::LONGEST)?));
    }
    Ok(files)
}
