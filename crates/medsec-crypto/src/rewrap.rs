//! Changing a package's recipients without touching its payload.
//!
//! The recipients stand in two slots. A rewrap writes the one that is not in use, makes it durable,
//! reads it back, lets the caller try it, and only then scrubs the other. A process killed at any point
//! leaves a package that opens with the old or the new recipients. Rewrapping is rotation, not
//! revocation: copies and snapshots keep the old recipients, and who had the data key keeps it.

mod copy;
mod file;
mod in_place;
mod unlocked;

pub use self::file::{LockedPackage, PackageFile};
pub use self::in_place::{Confirmation, NewRecipients, Rewrapped};
pub use self::unlocked::UnlockedRecipients;

use std::io;

use crate::error::{FormatError, NotAuthentic};
use crate::header::HeaderError;
use crate::output::OutputError;

/// Why a package was not rewrapped. Unless [`Self::Unfinished`], it still has its old recipients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewrapError {
    /// Not a package of a kind this version reads.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The package is another than the one unlocked, or its recipients changed meanwhile.
    #[error("the package changed since it was unlocked; its recipients are as they were")]
    Changed,
    /// The kind of new recipients does not fit the package's profile.
    #[error(
        "the package's profile needs the other kind of rewrap; its recipients are as they were"
    )]
    Profile,
    /// The file has more than one hard link, and the other names would change with it.
    #[error("the package has more than one hard link; its recipients are as they were")]
    Linked,
    /// Another process is rewrapping it.
    #[error("another process is rewrapping the package; its recipients are as they were")]
    Locked,
    /// The file cannot be locked here. Rewrap into a copy.
    #[error("the file system cannot lock the package; its recipients are as they were")]
    CannotLock,
    /// The new recipients do not fit the slots. Rewrap into a copy, which gets larger slots.
    #[error("the new recipients do not fit in place; its recipients are as they were")]
    DoesNotFit,
    /// The data key is not this package's.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// The file failed before the new recipients were durable.
    #[error("reading or writing the package failed; it opens with its old or its new recipients")]
    Io(#[source] io::Error),
    /// The new recipients are durable but could not be confirmed, so that the old ones were kept too.
    #[error("rewrap unfinished: the new recipients could not be confirmed, the old ones were kept")]
    Unfinished,
    /// The copy could not be made.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl From<HeaderError> for RewrapError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Format(error) => Self::Format(error),
            HeaderError::Io(error) => Self::Io(error),
        }
    }
}
