//! Where things are: the repository, its files, its build folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process;

/// The repository that this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Folder of the workspace manifest.
    pub(crate) root: PathBuf,
    /// Cargo's build folder; everything these commands fetch or write besides `docs/` goes there.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Finds the workspace from the place this program was compiled at.
    ///
    /// # Errors
    /// xtask was moved out of its workspace.
    pub(crate) fn find() -> Result<Self> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().context("xtask has no parent folder")?.to_path_buf();
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
            || root.join("target"),
            |set| std::path::absolute(&set).unwrap_or_else(|_| set.into()),
        );
        Ok(Self { root, target })
    }

    /// Files that git tracks or would add, as paths relative to the root, sorted.
    ///
    /// # Errors
    /// git is missing or this is no work tree.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut git = process::command("git", &self.root);
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let listed = process::read(&mut git)?;
        let mut files: Vec<String> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text files among [`Workspace::files`] whose name ends in one of `endings` (all where
    /// `endings` is empty), with their text. What is not UTF-8 is not text.
    ///
    /// # Errors
    /// As [`Workspace::files`].
    pub(crate) fn texts(&self, endings: &[&str]) -> Result<Vec<(String, String)>> {
        let wanted =
            |path: &String| endings.is_empty() || endings.iter().any(|e| path.ends_with(e));
        let files = self.files()?.into_iter().filter(wanted);
        let read = |path: String| {
            let text = std::fs::read_to_string(self.root.join(&path)).ok()?;
            Some((path, text))
        };
        Ok(files.filter_map(read).collect())
    }

    /// What `cargo metadata` says, without the dependencies.
    ///
    /// # Errors
    /// The workspace does not load.
    pub(crate) fn metadata(&self) -> Result<Value> {
        let mut cargo = process::cargo(&self.root);
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
        Ok(serde_json::from_str(&process::read(&mut cargo)?)?)
    }

    /// A path as seen from the root.
    pub(crate) fn relative(&self, path: &str) -> String {
        let path = Path::new(path);
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    /// The commit and whether the tree differs from it.
    ///
    /// # Errors
    /// git is missing or there is no commit.
    pub(crate) fn commit(&self) -> Result<(String, bool)> {
        let git = |args: &[&str]| process::read(process::command("git", &self.root).args(args));
        let commit = git(&["rev-parse", "HEAD"])?.trim().to_owned();
        Ok((commit, !git(&["status", "--porcelain"])?.is_empty()))
    }
}

/// The present moment in UTC as `date` formats it.
///
/// # Errors
/// The program `date` is missing.
pub(crate) fn utc(format: &str) -> Result<String> {
    let mut date = process::command("date", Path::new("."));
    Ok(process::read(date.args(["-u", format]))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_lists_its_own_files() {
        let files = Workspace::find().unwrap().files().unwrap();
        assert!(files.iter().any(|file| file == "xtask/src/workspace.rs"));
        assert!(!files.iter().any(|file| file.starts_with("target/")));
    }
}
