//! Writing a state under the name of the one before: whole, durable, and for the same readers.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use medsec_crypto::OutputError;

use super::super::error::ChangeError;
use super::sync_parent;
use crate::name::random;
use crate::steps::{step, sync_fails};

/// Who may read a state besides its owner: the group of the file that it replaces, if that one could.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readers {
    #[cfg(unix)]
    group: Option<u32>,
}

impl Readers {
    #[cfg(unix)]
    pub(super) fn of(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let shared = about.is_file() && about.mode() & 0o040 != 0;
        Self { group: shared.then(|| about.gid()) }
    }

    #[cfg(not(unix))]
    pub(super) const fn of(_: &Metadata) -> Self {
        Self {}
    }

    /// Those of whatever has that name; nobody if nothing has.
    pub(super) fn of_path(path: &Path) -> Self {
        fs::symlink_metadata(path).as_ref().map(Self::of).unwrap_or_default()
    }

    /// Lets them read a file that only its owner can read yet. Where the system does not let its owner give
    /// it to the group, it stays the owner's: closed is safe, and the group can be told by hand.
    #[cfg(unix)]
    fn admit(self, file: &File) {
        use std::os::unix::fs::{PermissionsExt as _, fchown};
        if let Some(group) = self.group
            && fchown(file, None, Some(group)).is_ok()
        {
            // Failing leaves the file as closed as it was.
            let _ = file.set_permissions(fs::Permissions::from_mode(0o640));
        }
    }

    #[cfg(not(unix))]
    const fn admit(self, _: &File) {}
}

/// Gives `content` the name `path`, in one step, in the place of a regular file or of none.
pub(crate) fn publish(path: &Path, content: &[u8], readers: Readers) -> Result<(), ChangeError> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => return Err(OutputError::NotAFile.into()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(OutputError::Io(error).into());
        }
        _ => {}
    }
    let part = part_of(path)?;
    step();
    let renamed = write(&part, content, readers).and_then(|()| fs::rename(&part, path));
    if let Err(error) = renamed {
        // What cannot be removed here goes with the next change.
        let _ = fs::remove_file(&part);
        return Err(OutputError::Io(error).into());
    }
    step();
    sync(path).map_err(OutputError::NameNotDurable)?;
    step();
    Ok(())
}

/// A name that the next writer takes for a leftover.
fn part_of(path: &Path) -> Result<PathBuf, ChangeError> {
    let number = u64::from_be_bytes(random()?);
    Ok(path.with_file_name(format!(".medsec-{number:016x}.part")))
}

fn write(part: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part)?;
    step();
    file.write_all(content)?;
    readers.admit(&file);
    file.sync_all()?;
    step();
    Ok(())
}

fn sync(path: &Path) -> io::Result<()> {
    if sync_fails() { Err(io::Error::other("as a test asked")) } else { sync_parent(path) }
}
