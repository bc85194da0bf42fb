//! A work tree of its own, in which mutants are made: nothing happens to the tree that somebody works on.

use std::path::{Path, PathBuf};

use crate::error::{At as _, ReportError};
use crate::git;

/// The work tree at the commit of the repository.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) commit: String,
}

impl Tree {
    /// Makes it below `place`, or brings the one that is there to the commit. Files that did not change keep their
    /// times, so that little is built anew.
    pub(super) fn at(root: &Path, place: &Path) -> Result<Self, ReportError> {
        std::fs::create_dir_all(place).at(place)?;
        let commit = git::read(root, &["rev-parse", "HEAD"])?.trim().to_owned();
        let tree = place.join("tree");
        if tree.join(".git").is_file() {
            git::read(&tree, &["checkout", "--quiet", "--force", "--detach", &commit])?;
        } else {
            git::read(root, &["worktree", "prune"])?;
            let path = tree.to_string_lossy().into_owned();
            git::read(
                root,
                &["worktree", "add", "--quiet", "--force", "--detach", &path, &commit],
            )?;
        }
        Ok(Self { root: tree, commit })
    }
}
