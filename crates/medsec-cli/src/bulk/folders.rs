//! Folders that outputs need, made one by one below a root and never through a link.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec_crypto::Access;

use super::crew::lock;
use super::lock::sweep;

/// The folders below one root that are known to be there.
pub(super) struct Folders<'a> {
    root: &'a Path,
    access: Access,
    known: Mutex<BTreeSet<PathBuf>>,
}

impl<'a> Folders<'a> {
    pub(super) const fn new(root: &'a Path, access: Access) -> Self {
        Self { root, access, known: Mutex::new(BTreeSet::new()) }
    }

    /// Makes sure that the folder of the file `path` is a folder on every step. `changed` is called with each
    /// folder in which one was made: it must become durable with the file. Whoever is told that a folder is
    /// known can rely on it, also where a further step failed.
    ///
    /// A link on the way is refused. Who can replace a folder by a link between this look and the file's
    /// making can write to the root himself.
    pub(super) fn prepare(&self, path: &Path, changed: impl Fn(&Path)) -> io::Result<()> {
        let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
            return Ok(());
        };
        let mut known = lock(&self.known);
        if known.contains(folder) {
            return Ok(());
        }
        let mut below = PathBuf::new();
        for part in folder {
            let parent = self.root.join(&below);
            below.push(part);
            if !known.contains(&below) {
                let folder = self.root.join(&below);
                self.make(&folder)?;
                changed(&parent);
                sweep(&folder);
                known.insert(below.clone());
            }
        }
        Ok(())
    }

    /// A folder that an earlier run made may not be durable yet: it counts as made now.
    fn make(&self, folder: &Path) -> io::Result<()> {
        match create(folder, self.access) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is_folder = fs::symlink_metadata(folder)?.is_dir();
                is_folder.then_some(()).ok_or_else(|| io::ErrorKind::NotADirectory.into())
            }
            made => made,
        }
    }
}

/// A folder for outputs, its owner's only, durable.
pub(super) fn make_one(folder: &Path) -> io::Result<()> {
    create(folder, Access::Owner)?;
    #[cfg(unix)]
    fs::File::open(parent_of(folder))?.sync_all()?;
    Ok(())
}

pub(super) fn parent_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

fn create(folder: &Path, access: Access) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    if access == Access::Owner {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_that_fails_half_way_hands_over_its_parents() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path(), Access::Owner);
        let changed = Mutex::new(Vec::new());
        let prepare = |path: &str| {
            folders.prepare(Path::new(path), |folder| lock(&changed).push(folder.to_owned()))
        };
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::write(root.path().join("a/b/c"), "").unwrap();
        prepare("a/b/c/file").unwrap_err();
        assert_eq!(*lock(&changed), [root.path().join(""), root.path().join("a")]);
        prepare("a/b/file").unwrap();
        prepare("file").unwrap();
        assert_eq!(lock(&changed).len(), 2, "known, and handed over before");
    }
}
