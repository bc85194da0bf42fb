//! What git says: commit, changed files, tracked files.

use std::path::Path;

use crate::error::ReportError;
use crate::program;

/// The commit of a work tree, and how the tree differs from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Forty hexadecimal digits.
    pub id: String,
    /// Files that were changed, added or removed since; from the root of the repository.
    pub changed: Vec<String>,
}

impl Commit {
    /// Of the work tree at `root`.
    ///
    /// # Errors
    /// git is missing, or this is no work tree with a commit.
    pub fn of(root: &Path) -> Result<Self, ReportError> {
        let git = |args: &[&str]| program::read(program::command("git", root).args(args));
        let id = git(&["rev-parse", "HEAD"])?.trim().to_owned();
        let status = git(&["status", "--porcelain", "-z", "--no-renames", "."])?;
        let entries = status.split('\0').filter_map(|entry| entry.get(3..));
        Ok(Self { id, changed: entries.map(str::to_owned).collect() })
    }
}

/// Files that git tracks or would add, from `root`, sorted.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, ReportError> {
    let mut git = program::command("git", root);
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = program::read(&mut git)?;
    let named = listed.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file());
    let mut files: Vec<_> = named.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}
