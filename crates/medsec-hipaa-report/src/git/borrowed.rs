//! Packages that Cargo builds from folders outside of the repository: the commit does not say what is in them, so each
//! must lie in a repository of its own, clean, at a commit that the report names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cargo::{self, Package};
use crate::error::ReportError;
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

/// The packages that `root` borrows, and what about them is at no commit. `top` is the root of its own repository.
pub(super) fn of(root: &Path, top: &Path) -> Result<(Vec<Borrowed>, Vec<String>), ReportError> {
    let mut borrowed = BTreeSet::new();
    let mut changed = Vec::new();
    for Package { name, version, .. } in from_elsewhere(root, top)? {
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

/// Packages of `Cargo.lock` that come from no registry and no other repository by address, without those that this
/// repository holds as members: only about the others has Cargo to be asked one by one.
fn from_elsewhere(root: &Path, top: &Path) -> Result<Vec<Package>, ReportError> {
    if !root.join(cargo::LOCK).is_file() {
        return Ok(Vec::new());
    }
    let mut packages = cargo::locked(root, LONGEST_LOCK)?;
    packages.retain(|package| package.source.is_none());
    if packages.is_empty() {
        return Ok(packages);
    }
    let mut members = cargo::members(root)?;
    members.retain(|member| member.manifest_path.starts_with(top));
    let is_held = |package: &Package| {
        members.iter().any(|one| one.name == package.name && one.version == package.version)
    };
    packages.retain(|package| !is_held(package));
    Ok(packages)
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
