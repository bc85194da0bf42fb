//! What the source declares: every function that carries `#[evidence(…)]`.
//!
//! Modules are followed from the root of each target, as the compiler does, so that a test gets the name that nextest
//! gives it. `#[cfg]` is noted and not judged: whether a test is built, the list of tests says. A test that a macro
//! makes is not seen here; its witness then has no declaration and is reported as such.

mod attribute;
mod body;
mod modules;
mod targets;

use std::path::Path;

use medsec_evidence::Polarity;
use serde::Serialize;

use crate::error::ReportError;
use crate::key::TestId;
use crate::problem::Problem;

pub use targets::{Target, Targets};

/// A test that the source declares as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Declared {
    /// Its name.
    pub key: TestId,
    /// The Cargo package.
    pub package: String,
    /// From the root of the repository.
    pub file: String,
    /// Line of the attribute.
    pub line: usize,
    /// Last line of the function.
    pub end: usize,
    /// Edition of the rule.
    pub edition: String,
    /// Items of the rule.
    pub citations: Vec<String>,
    /// What the test shows.
    pub claim: String,
    /// A refusal or a success.
    pub polarity: Polarity,
    /// Hash of the body, as the witness format defines it.
    pub body_sha256: String,
    /// The `cfg` conditions on it and on the modules around it.
    pub conditions: Vec<String>,
    /// The lines after the attribute to the end of the function.
    #[serde(skip)]
    pub excerpt: String,
}

/// What a scan found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Scan {
    /// By name.
    pub declared: Vec<Declared>,
    /// Attributes that are no evidence: in files no target reaches, of an unknown edition or citation.
    pub problems: Vec<Problem>,
}

/// Scans the targets of all packages but the excluded ones.
///
/// # Errors
/// A source file cannot be read or is no Rust.
pub fn scan(root: &Path, targets: &Targets, files: &[String]) -> Result<Scan, ReportError> {
    let mut scan = Scan::default();
    let mut reached = std::collections::BTreeSet::new();
    for target in &targets.targets {
        let mut walk = modules::Walk::new(root, target, &mut scan);
        walk.start()?;
        reached.extend(walk.into_files());
    }
    for file in files.iter().filter(|file| targets.owns(file) && !reached.contains(*file)) {
        scan.problems.extend(unreached(root, file));
    }
    scan.declared.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(scan)
}

/// Attributes in a file that is part of no target.
fn unreached(root: &Path, file: &str) -> Vec<Problem> {
    let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
    let lines = (1..).zip(text.lines());
    let marked = lines.filter(|(_, line)| line.trim_start().starts_with("#[evidence("));
    marked.map(|(line, _)| Problem::Unreached { file: file.to_owned(), line }).collect()
}

#[cfg(test)]
mod tests;
