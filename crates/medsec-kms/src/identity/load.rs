//! Identity files on disk.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use medsec_crypto::{OutputError, OutputOptions, write_file};
use zeroize::Zeroizing;

use super::{IdentityFile, IdentityFormatError, MAX_IDENTITY_LEN};

impl IdentityFile {
    /// Reads the identity file at `path`, refusing one that others may read.
    ///
    /// # Errors
    /// [`LoadError`]; nothing of the file's content is in it.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let file = File::open(path).map_err(LoadError::Io)?;
        let about = file.metadata().map_err(LoadError::Io)?;
        if about.is_dir() {
            return Err(LoadError::Io(io::ErrorKind::IsADirectory.into()));
        }
        refuse_shared(&about)?;
        read(&file)
    }

    /// Writes it into a new file that only its owner can read. Never replaces anything.
    ///
    /// # Errors
    /// [`OutputError`]; no file was made.
    pub fn save_new(&self, path: &Path) -> Result<(), OutputError> {
        // The defaults: for its owner only, and never in the place of another file.
        write_file(path, self.render().as_bytes(), OutputOptions::default())
    }
}

/// Reads an identity file that is open.
pub(super) fn read(file: &File) -> Result<IdentityFile, LoadError> {
    // The full capacity at once: a growing vector would leave the key behind in freed memory.
    let limit = MAX_IDENTITY_LEN.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
    file.take(limit as u64).read_to_end(&mut bytes).map_err(LoadError::Io)?;
    Ok(IdentityFile::parse(&bytes)?)
}

#[cfg(unix)]
pub(super) fn refuse_shared(about: &Metadata) -> Result<(), LoadError> {
    use std::os::unix::fs::MetadataExt;
    let mode = about.mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(LoadError::Shared { mode }) }
}

#[cfg(not(unix))]
pub(super) fn refuse_shared(_: &Metadata) -> Result<(), LoadError> {
    Ok(())
}

/// Why an identity file was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// It cannot be read.
    #[error("the identity file cannot be read")]
    Io(#[source] io::Error),
    /// Others than its owner have access to it.
    #[error("the identity file is open to other users (mode {mode:04o}); run `chmod 600` on it")]
    Shared {
        /// The permission bits as found.
        mode: u32,
    },
    /// It is not an identity file.
    #[error(transparent)]
    Format(#[from] IdentityFormatError),
}
