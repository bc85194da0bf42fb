//! Shares on disk.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use medsec_crypto::{OutputError, OutputOptions, write_file};
use zeroize::Zeroizing;

use super::{MAX_SHARE_LEN, ShareFormatError, ShareText};

impl ShareText {
    /// Reads the share at `path`. Who else may read the file is not asked: it may come on a medium that knows no
    /// owners, and a passphrase protects it.
    ///
    /// # Errors
    /// [`LoadShareError`]; nothing of the file's content is in it.
    pub fn load(path: &Path) -> Result<Self, LoadShareError> {
        let file = File::open(path).map_err(LoadShareError::Io)?;
        // The full capacity at once: a growing vector would leave a printed share behind in freed memory.
        let limit = MAX_SHARE_LEN.saturating_add(1);
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit.saturating_add(1)));
        file.take(limit as u64).read_to_end(&mut bytes).map_err(LoadShareError::Io)?;
        Ok(Self::parse(&bytes)?)
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

/// Why a share was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadShareError {
    /// It cannot be read.
    #[error("the share cannot be read")]
    Io(#[source] io::Error),
    /// It is no share.
    #[error(transparent)]
    Format(#[from] ShareFormatError),
}
