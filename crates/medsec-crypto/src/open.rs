//! Opening: from bytes and an [`Expectation`] to content.
//!
//! [`Header`] → [`Checked`] (public facts as expected) → unwrap the data key, here or in a key service
//! → [`Unlocked`] (key, context and header authentic) → content.

mod checked;
mod compare;
mod ending;
mod memory;
mod release;
mod source;
mod unlocked;

pub use self::checked::Checked;
pub use self::release::ReleasingReader;
pub use self::unlocked::{Opened, Unlocked};

pub(crate) use self::ending::Ending;
pub(crate) use self::source::{Seekable, read_at};
pub(crate) use self::unlocked::leaves_of;

use std::io;

use crate::error::{FormatError, NotAuthentic};
use crate::expectation::ExpectationError;
use crate::header::HeaderError;
use crate::output::OutputError;
use crate::trailer::SignatureError;

/// Why a package was not opened. No output file exists, and no plaintext was released, unless a
/// [`ReleasingReader`] was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not a package of a kind this version reads.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// Not the package that was expected.
    #[error(transparent)]
    Expectation(#[from] ExpectationError),
    /// Wrong key, wrong context or altered package; which of them is not told.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// A chunk does not authenticate, although key, context and header do.
    #[error("the payload is damaged at chunk {chunk} (16 KiB each)")]
    Damaged {
        /// Number of the first damaged chunk, from 0.
        chunk: u64,
    },
    /// The metadata section does not authenticate, or states another size than the content has.
    #[error("the metadata is damaged")]
    DamagedMetadata,
    /// The signature does not cover this package.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// More chunks than the expectation's limits accept.
    #[error("the package is longer than accepted")]
    TooLong,
    /// The content does not fit the memory allowed for it.
    #[error("the content is {len} bytes long, more than the {limit} allowed or available")]
    OverLimit {
        /// Length of the content in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The source failed.
    #[error("reading the package failed")]
    Read(#[source] io::Error),
    /// The caller's writer failed.
    #[error("writing the content failed")]
    Write(#[source] io::Error),
    /// The content to compare with could not be read.
    #[error("reading the content to compare with failed")]
    Content(#[source] io::Error),
    /// The output file could not be made.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The source no longer holds the package whose header was read: it was replaced meanwhile.
    #[error("the package changed since its header was read; read it again")]
    Changed,
    /// The observer asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A [`ReleasingReader`] was finished before its end.
    #[error("the package was not read to its end, so it is not verified")]
    Unfinished,
}

impl From<HeaderError> for OpenError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Format(error) => Self::Format(error),
            HeaderError::Io(error) => Self::Read(error),
        }
    }
}
