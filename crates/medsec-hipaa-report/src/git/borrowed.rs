//! Packages that Cargo builds from folders outside of the repository: the commit does not say what is in them, so each
//! must lie in a repository of its own, clean, at a commit that the report names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{ReportError, read_limited};
use crate::program;

const LONGEST_LOCK: u64 = 16 << 20;

/// A package of another repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Borrowed {
    /// Its name.
    pub package: String,
    /// The commit of its repository.
    pub commit: String,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
}

/// The packages that `root` borrows, and what about them is at no commit. `top` is the root of its own repository.
pub(super) fn of(root: &Path, top: &Path) -> Result<(Vec<Borrowed>, Vec<String>), ReportError> {
    let mut borrowed = BTreeSet::new();
    let mut changed = Vec::new();
    for Package { name, version, .. } in by_path(root)? {
        let Some(folder) = folder(root, &name, &version)?.filter(|path| !path.starts_with(top))
        else {
            continue;
        };
        let said = |args: &[&str]| super::read(&folder, args).map(|text| text.trim().to_owned());
        let (Ok(there), Ok(commit)) =
            (said(&["rev-parse", "--show-toplevel"]), said(&["rev-parse", "HEAD"]))
        else {
            changed.push(format!("{name} (a package from a folder of no repository)"));
            continue;
        };
        let files = super::changed(Path::new(&there))?;
        changed
            .extend(files.iter().map(|file| format!("{file} (of {name}, in another repository)")));
        borrowed.insert(Borrowed { package: name, commit });
    }
    changed.sort();
    changed.dedup();
    Ok((borrowed.into_iter().collect(), changed))
}

/// Packages of `Cargo.lock` that come from no registry and no other repository by address.
fn by_path(root: &Path) -> Result<Vec<Package>, ReportError> {
    const FILE: &str = "Cargo.lock";
    let path = root.join(FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = String::from_utf8(read_limited(&path, LONGEST_LOCK)?);
    let text = text.map_err(|error| ReportError::content(FILE, error))?;
    let lock: Lock = toml::from_str(&text).map_err(|error| ReportError::content(FILE, error))?;
    Ok(lock.package.into_iter().filter(|package| package.source.is_none()).collect())
}

/// Where Cargo finds a package; nothing for one that only stands in the lock file and that nothing needs any more.
fn folder(root: &Path, name: &str, version: &str) -> Result<Option<PathBuf>, ReportError> {
    let mut cargo = program::command("cargo", root);
    cargo.args(["pkgid", "--offline", &format!("{name}@{version}")]);
    let id = match program::read(&mut cargo) {
        Ok(id) => id,
        Err(ReportError::Program { what, .. }) if what.contains("did not match any packages") => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let path = id.trim().trim_start_matches("path+").strip_prefix("file://");
    let path = path.map(|path| path.split('#').next().unwrap_or_default());
    let path = path.and_then(decoded).filter(|path| path.is_dir());
    let unknown = || ReportError::program("cargo pkgid", format!("no folder of {name}"));
    path.ok_or_else(unknown).map(Some)
}

/// The path of a `file` URL.
fn decoded(path: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            u8::from_str_radix(core::str::from_utf8(&digits).ok()?, 16).ok()?
        } else {
            byte
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_in_paths_are_found_again() {
        assert_eq!(decoded("/a%20b/c").unwrap(), Path::new("/a b/c"));
        assert_eq!((decoded("/a%2"), decoded("/a%zz")), (None, None));
    }
}
