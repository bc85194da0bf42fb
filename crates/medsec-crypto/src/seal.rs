//! Sealing: from a description of the package to its bytes.
//!
//! [`PackageSpec`] → [`Draft`] (header fixed, binding known) → wrap the data key, here or in a key
//! service → [`Sealer`] → package.

mod draft;
mod payload;
mod sealer;
mod writer;

pub(crate) use self::draft::recipients_mac_key;
pub use self::draft::{Draft, PackageSpec};
pub use self::sealer::{Sealed, Sealer};
pub use self::writer::SealWriter;

use std::io;

use crate::error::{FormatError, InvalidValue, NotAuthentic, RandomError};
use crate::metadata::MetadataError;
use crate::output::OutputError;
use crate::recipient::WrapError;

/// Why nothing was sealed. A file that was to be written does not exist; what went into a caller's own
/// writer before the error is not a package and will not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// A value does not fit its field.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// The header would not be well formed.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The data key could not be wrapped.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// The backend refused to encrypt.
    #[error("the cryptographic backend refused to work; nothing was sealed")]
    Backend,
    /// The content is longer than a package may be.
    #[error("the content is longer than a package may be")]
    TooLong,
    /// The content is longer than was counted against the limits of its shared data key.
    #[error("the content is longer than was reserved under the shared data key")]
    OverReserved,
    /// The content has another size than its metadata state: it changed while it was read.
    #[error("the content's size is not the one stated; it may have changed while it was read")]
    SizeChanged,
    /// The source failed.
    #[error("reading the content failed; nothing was sealed")]
    Read(#[source] io::Error),
    /// The caller's writer failed.
    #[error("writing the package failed; what was written is not a package")]
    Write(#[source] io::Error),
    /// The output file could not be made.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The observer asked to stop.
    #[error("interrupted; nothing was sealed")]
    Interrupted,
}

impl From<NotAuthentic> for SealError {
    fn from(_: NotAuthentic) -> Self {
        Self::Backend
    }
}

impl From<MetadataError> for SealError {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::Value(error) => Self::Value(error),
            MetadataError::Random(error) => Self::Random(error),
        }
    }
}
