//! Folders that outputs need, made one by one below a root and never through a link.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec_crypto::Access;

use super::crew::lock;

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

    /// Makes sure that the folder of the file `path` is a folder on every step, and gives the folders in which
    /// one was made: they must become durable with the file.
    ///
    /// A link on the way is refused. Who can replace a folder by a link between this look and the file's
    /// making can write to the root himself.
    pub(super) fn prepare(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
            return Ok(Vec::new());
        };
        let mut known = lock(&self.known);
        let mut changed = Vec::new();
        if known.contains(folder) {
            return Ok(changed);
        }
        let mut below = PathBuf::new();
        for part in folder {
            let parent = self.root.join(&below);
            below.push(part);
            if !known.contains(&below) {
                if self.make(&self.root.join(&below))? {
                    changed.push(parent);
                }
                known.insert(below.clone());
            }
        }
        Ok(changed)
    }

    /// Whether the folder was made just now.
    fn make(&self, folder: &Path) -> io::Result<bool> {
        match create(folder, self.access) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let is_folder = fs::symlink_metadata(folder)?.is_dir();
                // A folder that an earlier run made may not be durable yet: it counts as changed too.
                is_folder.then_some(true).ok_or_else(|| io::ErrorKind::NotADirectory.into())
            }
            Err(error) => Err(error),
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
