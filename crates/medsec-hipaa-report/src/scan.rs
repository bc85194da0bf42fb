//! What the source declares: every function that carries `#[evidence(…)]`.
//!
//! Modules are followed from the root of each target, as the compiler does, so that a test gets the name that nextest
//! gives it. `#[cfg]` is noted and not judged: whether a test is built, the list of tests says. A test that a macro
//! makes is not seen here; its witness then has no declaration and is reported as such.

mod attribute;
mod body;
mod helpers;
mod modules;
mod targets;
mod tokens;

use std::collections::BTreeSet;
use std::path::Path;

use medsec_evidence::Polarity;
use proc_macro2::TokenStream;
use serde::Serialize;

use crate::error::{ReportError, read_limited};
use crate::key::TestId;
use crate::problem::Problem;

pub use targets::{Target, Targets};

/// Longest source file that is read.
const LONGEST_SOURCE: u64 = 16 << 20;

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
    /// Digest of the functions and macros that check on its behalf, where it leads to any.
    pub helpers_sha256: Option<String>,
    /// The identifiers in the body.
    #[serde(skip)]
    pub(crate) mentions: BTreeSet<String>,
    /// Where its package calls what only the attribute may: then its witness may be somebody else's.
    #[serde(skip)]
    pub(crate) posing: Option<String>,
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
    /// The source files that were followed, sorted.
    pub files: Vec<String>,
}

/// Scans the targets of all packages but the excluded ones.
///
/// # Errors
/// A source file cannot be read or is no Rust.
pub fn scan(root: &Path, targets: &Targets, files: &[String]) -> Result<Scan, ReportError> {
    let mut scan = Scan::default();
    let mut reached = BTreeSet::new();
    let mut helpers = helpers::Helpers::default();
    for target in &targets.targets {
        let mut walk = modules::Walk::new(root, target, &mut scan, &mut helpers);
        walk.start()?;
        reached.extend(walk.into_files());
    }
    for file in files.iter().filter(|file| targets.owns(file) && !reached.contains(*file)) {
        scan.problems.extend(unreached(root, file)?);
    }
    for file in files {
        let Some(package) = targets.may_not_pose(file) else { continue };
        let lines = posing(root, file)?;
        for declared in scan.declared.iter_mut().filter(|one| one.package == package) {
            declared.posing =
                lines.first().map(|line| format!("{file}:{line}")).or(declared.posing.take());
        }
        let problem = |line| Problem::Posing { file: file.clone(), line };
        scan.problems.extend(lines.into_iter().map(problem));
    }
    for declared in &mut scan.declared {
        declared.helpers_sha256 = helpers.digest(&declared.mentions);
    }
    scan.files = reached.into_iter().collect();
    scan.declared.sort_by(|a, b| (&a.key, &a.file, a.line).cmp(&(&b.key, &b.file, b.line)));
    Ok(scan)
}

/// Attributes in a file that is part of no target.
fn unreached(root: &Path, file: &str) -> Result<Vec<Problem>, ReportError> {
    let lines = looked_up(root, file, "evidence", tokens::attributes)?;
    let problem = |line| Problem::Unreached { file: file.to_owned(), line };
    Ok(lines.into_iter().map(problem).collect())
}

/// Calls of what only the attribute may call: with it, a test writes a witness for another one.
fn posing(root: &Path, file: &str) -> Result<Vec<usize>, ReportError> {
    const NAME: &str = "__private";
    looked_up(root, file, NAME, |stream| tokens::lines_of(stream, NAME))
}

/// Lines of a file that has this word, found in its tokens.
fn looked_up(
    root: &Path,
    file: &str,
    word: &str,
    find: impl FnOnce(TokenStream) -> Vec<usize>,
) -> Result<Vec<usize>, ReportError> {
    let bytes = read_limited(&root.join(file), LONGEST_SOURCE)?;
    let text = String::from_utf8_lossy(&bytes);
    if !text.contains(word) {
        return Ok(Vec::new());
    }
    // What is part of no target need not be Rust; what is part of one was parsed before.
    Ok(text.parse().map(find).unwrap_or_default())
}

#[cfg(test)]
mod tests;
