//! What git says: commit, changed files, tracked files.
//!
//! "Clean" is for the report to say, so nothing that quiets git counts here: variables of the environment, settings of
//! what is shown, and files that the index was told to overlook.

mod borrowed;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::error::{At as _, ReportError};
use crate::program;

pub use borrowed::Borrowed;

/// The commit of a work tree, and how the tree differs from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Forty hexadecimal digits.
    pub id: String,
    /// Files that were changed, added or removed since, anywhere in the repository and from its root; and what differs
    /// in repositories that packages are taken from.
    pub changed: Vec<String>,
    /// Where the project lies in its repository: empty, or a folder with a `/` at its end.
    pub prefix: String,
    /// When it was made, in seconds since 1970.
    pub seconds: u64,
    /// Packages that are taken by their path from other repositories.
    pub borrowed: Vec<Borrowed>,
}

impl Commit {
    /// Of the work tree at `root`.
    ///
    /// # Errors
    /// git is missing, or this is no work tree with a commit.
    pub fn of(root: &Path) -> Result<Self, ReportError> {
        let said = |args: &[&str]| Ok(read(root, args)?.trim_end_matches('\n').to_owned());
        let id = said(&["rev-parse", "HEAD"])?;
        let prefix = said(&["rev-parse", "--show-prefix"])?;
        let top = said(&["rev-parse", "--show-toplevel"])?;
        let seconds = said(&["show", "--no-patch", "--format=%ct", "HEAD"])?;
        let seconds =
            seconds.parse().map_err(|_| ReportError::program("git show", "no commit time"))?;
        let mut changed = changed(Path::new(&top))?;
        let (borrowed, elsewhere) = borrowed::of(root, Path::new(&top))?;
        changed.extend(elsewhere);
        Ok(Self { id, changed, prefix, seconds, borrowed })
    }

    /// Takes a file, as seen from the project, for one that the commit has as it is.
    pub(crate) fn take_as_held(&mut self, file: &str) {
        let file = format!("{}{file}", self.prefix);
        self.changed.retain(|changed| *changed != file);
    }

    /// Adds those of these files, as seen from `root`, that the commit does not have: git is silent about the ignored, and
    /// of a symbolic link it has the name of what it leads to.
    pub(crate) fn must_hold<'a>(
        &mut self,
        root: &Path,
        files: impl Iterator<Item = &'a String>,
    ) -> Result<(), ReportError> {
        let listed = read(root, &["ls-tree", "-r", "-z", "--name-only", "HEAD"])?;
        let held: BTreeSet<_> = listed.split('\0').collect();
        let place = std::fs::canonicalize(root).at(root)?;
        let is_held = |file: &&String| {
            let real = std::fs::canonicalize(root.join(file)).ok();
            let real = real.as_ref().and_then(|real| real.strip_prefix(&place).ok());
            let real = real.map(|real| real.to_string_lossy().replace('\\', "/"));
            held.contains(file.as_str()) && real.is_some_and(|real| held.contains(real.as_str()))
        };
        let absent = files.filter(|file| !is_held(file));
        self.changed.extend(absent.map(|file| format!("{}{file}", self.prefix)));
        self.changed.sort();
        self.changed.dedup();
        Ok(())
    }
}

/// Whether a commit up to this one had a file, as far as the history is here.
pub(crate) fn ever_held(root: &Path, file: &str) -> Result<bool, ReportError> {
    Ok(!read(root, &["rev-list", "--max-count=1", "HEAD", "--", file])?.trim().is_empty())
}

fn git(root: &Path) -> Command {
    let mut git = program::command("git", root);
    git.args(["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"]);
    git
}

/// What git prints.
pub(crate) fn read(root: &Path, args: &[&str]) -> Result<String, ReportError> {
    program::read(git(root).args(args))
}

/// Files of a repository that differ from its commit, or that git was told not to compare.
fn changed(top: &Path) -> Result<Vec<String>, ReportError> {
    let all = ["--untracked-files=all", "--ignore-submodules=none"];
    let status = read(top, &[&["status", "--porcelain", "-z", "--no-renames"], &all[..]].concat())?;
    let named = status.split('\0').filter_map(|entry| entry.get(3..)).map(str::to_owned);
    // Lower case: assumed to be unchanged. `S`: not looked at in the work tree.
    let flags = read(top, &["ls-files", "-v", "-z"])?;
    let flagged = flags.split('\0').filter_map(|entry| {
        let (flag, file) = entry.split_once(' ')?;
        let overlooked = flag == "S" || flag.chars().all(|flag| flag.is_ascii_lowercase());
        overlooked.then(|| format!("{file} (git was told to overlook it)"))
    });
    let mut changed: Vec<_> = named.chain(flagged).collect();
    changed.sort();
    Ok(changed)
}

/// Files that git tracks or would add, from `root`, sorted.
pub(crate) fn files(root: &Path) -> Result<Vec<String>, ReportError> {
    let listed = read(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
    let named = listed.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file());
    let mut files: Vec<_> = named.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// Whether the commit has a file, as seen from `root`.
pub(crate) fn holds(root: &Path, file: &str) -> Result<bool, ReportError> {
    let listed = read(root, &["ls-tree", "-z", "--name-only", "HEAD", "--", file])?;
    Ok(listed.split('\0').any(|held| held == file))
}
