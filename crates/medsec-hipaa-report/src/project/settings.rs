//! `compliance/report.toml`: what the report is of, and who may sign.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::ReportError;
use crate::git::Commit;
use crate::signing::PublicKey;

const FILE: &str = "compliance/report.toml";

/// The settings of the report.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// Name of the component.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Its version, as released.
    pub version: String,
    /// Address of the repository.
    pub source: String,
    /// Where lines of a file are shown; `{source}/blob/{commit}/{file}#L{line}-L{end}` where nothing is said. `{file}`
    /// begins at the root of the repository, wherever in it the project lies.
    pub line_link: Option<String>,
    /// Where a commit is shown; `{source}/commit/{commit}` where nothing is said.
    pub commit_link: Option<String>,
    /// Whether `compliance.lock` was committed: from then on a report without it is wrong. Where the whole history is at
    /// hand, that it was committed once says the same.
    #[serde(default)]
    pub locked: bool,
    /// The program whose software bill of materials stands beside the report.
    #[serde(default)]
    pub program: Option<Program>,
    /// Who may sign attestations and reports.
    #[serde(default, rename = "signer")]
    pub signers: Vec<Signer>,
    /// Packages whose evidence tests are not about the component.
    #[serde(default, rename = "exclude")]
    pub excluded: Vec<Excluded>,
}

/// A key that counts.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Signer {
    /// The role of who holds it.
    pub role: String,
    /// Ed25519, 32 bytes in base64.
    pub public_key: PublicKey,
}

/// What is shipped: one package of the workspace, as it is built.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Program {
    /// The Cargo package.
    pub package: String,
    /// Its features besides the default ones.
    #[serde(default)]
    pub features: Vec<String>,
    /// The platform, as the compiler names it.
    #[serde(default = "linux")]
    pub target: String,
}

fn linux() -> String {
    "x86_64-unknown-linux-gnu".to_owned()
}

/// A package that is left out.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Excluded {
    /// The Cargo package.
    pub package: String,
    /// Why.
    pub reason: String,
}

impl Settings {
    /// Reads the file.
    ///
    /// # Errors
    /// It is missing or not what it should be.
    pub fn load(root: &Path) -> Result<Self, ReportError> {
        let Some(text) = super::folder::text(root, FILE)? else {
            return Err(ReportError::content(FILE, "there is no such file"));
        };
        toml::from_str(&text).map_err(|error| ReportError::content(FILE, error))
    }

    /// Where lines of a file of the project can be looked at.
    pub(crate) fn link(&self, commit: &Commit, file: &str, line: usize, end: usize) -> String {
        let template = self.line_link.as_deref();
        let template = template.unwrap_or("{source}/blob/{commit}/{file}#L{line}-L{end}");
        let place = format!("{}{file}", commit.prefix);
        let filled =
            template.replace("{line}", &line.to_string()).replace("{end}", &end.to_string());
        self.filled(&filled, commit).replace("{file}", &place)
    }

    /// Where the commit can be looked at.
    pub(crate) fn commit_link(&self, commit: &Commit) -> String {
        self.filled(self.commit_link.as_deref().unwrap_or("{source}/commit/{commit}"), commit)
    }

    fn filled(&self, template: &str, commit: &Commit) -> String {
        let source = self.source.trim_end_matches('/');
        template.replace("{source}", source).replace("{commit}", &commit.id)
    }

    /// Names of the packages that are left out.
    #[must_use]
    pub fn excluded_packages(&self) -> Vec<String> {
        self.excluded.iter().map(|one| one.package.clone()).collect()
    }
}
