//! Which packages a run is about: those of a folder, or those that a list names.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use clap::Args;

use crate::bulk::folders::parent_of;
use crate::bulk::lock::{exclusive, shared, sweep};
use crate::bulk::open::packages;
use crate::bulk::walk::{Found, Kind};
use crate::failure::Failure;
use crate::session::Session;

/// Longest list in bytes: a few million paths.
const MAX_LIST_LEN: u64 = 512 * 1024 * 1024;

/// Packages by a list.
#[derive(Clone, Debug, Args)]
pub(crate) struct ListOption {
    /// File with the paths of packages, one a line, or `-` for standard input; in place of FILE.
    #[arg(long, value_name = "LIST|-", conflicts_with = "inputs")]
    pub(crate) list: Option<PathBuf>,
    /// In the list a NUL byte ends each path, as `find -print0` writes them.
    #[arg(long, requires = "list")]
    pub(crate) null: bool,
}

impl ListOption {
    /// Whether it takes standard input.
    pub(crate) fn uses_stdin(&self) -> bool {
        self.list.as_deref().is_some_and(|list| list.as_os_str() == "-")
    }

    /// The packages of the list, if there is one.
    pub(crate) fn read(&self) -> Result<Option<Packages>, Failure> {
        let Some(list) = &self.list else { return Ok(None) };
        let failed = |error| Failure::io("the list cannot be read", &error);
        let text = match self.uses_stdin() {
            true => read(io::stdin().lock()),
            false => File::open(list).and_then(read),
        };
        let text = text.map_err(failed)?;
        let end = if self.null { 0 } else { b'\n' };
        Packages::listed(&text, end).map(Some)
    }
}

fn read(source: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    source.take(MAX_LIST_LEN.saturating_add(1)).read_to_end(&mut text)?;
    Ok(text)
}

/// Packages to work on.
#[derive(Debug)]
pub(crate) struct Packages {
    root: PathBuf,
    found: Vec<Found>,
    /// Keeps other runs away from a folder.
    _lock: Option<File>,
}

impl Packages {
    /// Those of a folder, in which no other run can work meanwhile.
    pub(crate) fn of_folder(session: &Session, folder: &Path) -> Result<Self, Failure> {
        let lock = exclusive(session, folder)?;
        Ok(Self { root: folder.to_owned(), found: packages(folder)?, _lock: lock })
    }

    /// Those of a folder, only to be looked at. Nothing writes into it meanwhile.
    pub(crate) fn to_look_at(folder: &Path) -> Result<Self, Failure> {
        let lock = shared(folder)?;
        Ok(Self { root: folder.to_owned(), found: packages(folder)?, _lock: lock })
    }

    /// Those that a text names, in its order; what it names again is left out. Empty lines are passed over.
    fn listed(text: &[u8], end: u8) -> Result<Self, Failure> {
        if text.len() as u64 > MAX_LIST_LEN {
            return Err(Failure::usage("the list is longer than 512 MiB; nothing was done")
                .next("split it"));
        }
        let mut named = HashSet::new();
        let mut found = Vec::new();
        for path in text.split(|byte| *byte == end).filter(|path| !path.is_empty()) {
            let path = path_of(path)?;
            if named.insert(plain(&path)) {
                found.push(look_at(path));
            }
        }
        Ok(Self { root: PathBuf::new(), found, _lock: None })
    }

    /// What their paths begin from.
    pub(in crate::bulk) fn root(&self) -> &Path {
        &self.root
    }

    pub(in crate::bulk) fn found(&self) -> &[Found] {
        &self.found
    }

    /// Where a list of recipients does not fit, a copy takes the package's place: what a killed run left of one goes.
    pub(super) fn sweep(&self) {
        let folders: BTreeSet<_> = self.found.iter().map(|one| parent_of(&one.path)).collect();
        folders.into_iter().for_each(|below| sweep(&self.root.join(below)));
    }
}

/// A path without its parts that say nothing: `./a` and `a` are one. Links are not followed.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

fn look_at(path: PathBuf) -> Found {
    let kind = match fs::symlink_metadata(&path) {
        Ok(about) if about.is_file() => Kind::File(about.len()),
        Ok(about) if about.is_symlink() => Kind::Link,
        Ok(about) if about.is_dir() => Kind::Unread(io::ErrorKind::IsADirectory.into()),
        Ok(_) => Kind::Special,
        Err(error) => Kind::Unread(error),
    };
    Found { path, kind }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Result<PathBuf, Failure> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(OsStr::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Result<PathBuf, Failure> {
    let text = str::from_utf8(bytes.strip_suffix(b"\r").unwrap_or(bytes));
    let text = text.map_err(|_| Failure::usage("the list is not UTF-8; nothing was done"))?;
    Ok(OsStr::new(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &[u8], end: u8) -> Vec<PathBuf> {
        let listed = Packages::listed(text, end).unwrap();
        listed.found.into_iter().map(|one| one.path).collect()
    }

    #[test]
    fn list_names_each_path_once_and_in_its_order() {
        assert_eq!(paths(b"b\n\na b\nb\n", b'\n'), ["b", "a b"].map(PathBuf::from));
        assert_eq!(paths(b"b\0a\nb\0", 0), ["b", "a\nb"].map(PathBuf::from));
        assert_eq!(paths(b"", b'\n'), [] as [PathBuf; 0]);
        let same = b"./a\na\n.//a\nb/./c\nb//c\n/a\n../a\n";
        assert_eq!(paths(same, b'\n'), ["./a", "b/./c", "/a", "../a"].map(PathBuf::from));
    }

    #[test]
    fn what_cannot_be_worked_on_is_told_of_each() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let text = format!("{}\n{}\n", folder.path().display(), missing.display());
        let listed = Packages::listed(text.as_bytes(), b'\n').unwrap();
        assert!(listed.found.iter().all(|one| matches!(one.kind, Kind::Unread(_))));
        assert_eq!(listed.found.len(), 2);
    }
}
