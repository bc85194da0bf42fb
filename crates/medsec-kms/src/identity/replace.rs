//! An identity file in the place of another one with the same key: under another passphrase, or under none.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use medsec_crypto::OutputError;

use super::IdentityFile;
use super::load::{LoadError, read, refuse_shared};
use crate::steps::step;
use crate::store::{ChangeError, Readers, erase, erase_named, is_leftover, name_count, publish};

impl IdentityFile {
    /// Puts it in the place of the file at `path`, which must hold the same key, in one step; then overwrites what stood
    /// there. Whoever is killed meanwhile leaves the old file or the new one, whole, and perhaps a private
    /// `.medsec-….part` beside it, which the next one erases if the same key is in it.
    ///
    /// # Errors
    /// [`ReplaceError`]; its variants say which of the two is there.
    pub fn replace(&self, path: &Path) -> Result<(), ReplaceError> {
        let old = open(path)?;
        let present = read(&old)?;
        if present.public_key != self.public_key || present.created_at != self.created_at {
            return Err(ReplaceError::OtherKey);
        }
        step();
        publish(path, self.render().as_bytes(), Readers::default()).map_err(
            |error| match error {
                ChangeError::Output(OutputError::NameNotDurable(error)) => {
                    ReplaceError::NotDurable(error)
                }
                ChangeError::Output(error) => ReplaceError::Output(error),
                _ => ReplaceError::Output(OutputError::Io(io::ErrorKind::Other.into())),
            },
        )?;
        erase(old).and(self.erase_leftovers(path)).map_err(ReplaceError::NotErased)
    }

    /// What was killed may have left the key under a passphrase that was never used, or under none.
    fn erase_leftovers(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        for entry in std::fs::read_dir(folder.unwrap_or(Path::new(".")))? {
            let entry = entry?;
            let named = entry.file_name().to_str().is_some_and(is_leftover);
            if named && entry.file_type()?.is_file() && self.is_in(&entry.path()) {
                erase_named(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Whether a file holds the same key. One that cannot be read, or is not whole, is somebody else's for all that shows.
    fn is_in(&self, path: &Path) -> bool {
        let found = File::open(path).map_err(LoadError::Io).and_then(|file| read(&file));
        found.is_ok_and(|found| found.public_key == self.public_key)
    }
}

/// The file itself, which has this name and no other: what another name leads to would not change.
fn open(path: &Path) -> Result<File, ReplaceError> {
    let about = std::fs::symlink_metadata(path).map_err(LoadError::Io)?;
    if !about.is_file() {
        return Err(ReplaceError::Output(OutputError::NotAFile));
    }
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(LoadError::Io)?;
    let about = file.metadata().map_err(LoadError::Io)?;
    refuse_shared(&about)?;
    if name_count(&about).is_some_and(|names| names != 1) {
        return Err(ReplaceError::Linked);
    }
    Ok(file)
}

/// Why an identity file was not replaced, or not to the end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The file that is there cannot be used. It is as it was.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The file that is there holds another key. It is as it was.
    #[error("the file holds another key meanwhile; it is as it was")]
    OtherKey,
    /// The file that is there has other names, under which it would stay as it is. It is as it was.
    #[error("the identity file has other names (hard links); it is as it was")]
    Linked,
    /// The new file could not be written. The old one is as it was.
    #[error("the new identity file could not be written; the old one is as it was")]
    Output(#[source] OutputError),
    /// The new file is there, but after a power failure the old one may be there again.
    #[error("the identity file was replaced, but its folder could not be made durable")]
    NotDurable(#[source] io::Error),
    /// The new file is there, but what the old one held may still be on the disk.
    #[error("the identity file was replaced, but what stood there could not be overwritten")]
    NotErased(#[source] io::Error),
}

#[cfg(test)]
mod tests;
