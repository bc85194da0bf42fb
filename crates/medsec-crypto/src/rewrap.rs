//! Changing a package's recipients without touching its payload.
//!
//! The recipients stand in two slots. A rewrap writes the one that is not in use, makes it durable,
//! reads it back, lets the caller try it, and only then scrubs the other. A process killed at any point
//! leaves a package that opens with the old or the new recipients. Rewrapping is rotation, not
//! revocation: copies and snapshots keep the old recipients, and who had the data key keeps it.

mod copy;
mod file;
mod group;
mod in_place;
mod unlocked;

pub use self::file::{LockedPackage, PackageFile};
pub use self::group::{RewrapGroup, StartedRewrap};
pub use self::in_place::{Confirmation, NewRecipients, Rewrapped};
pub use self::unlocked::UnlockedRecipients;

use std::io;

use crate::error::{FormatError, NotAuthentic};
use crate::header::HeaderError;
use crate::output::OutputError;

/// Why a package was not rewrapped as asked. Its recipients are as they were, except where a variant says
/// otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RewrapError {
    /// Not a package of a kind this version reads.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The package is another than the one unlocked, or its recipients changed meanwhile.
    #[error("the package changed since it was unlocked; this rewrap changed nothing")]
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
    #[error("another process is rewrapping the package; this rewrap changed nothing")]
    Locked,
    /// The file cannot be locked here. Rewrap into a copy, made by [`LockedPackage::over`].
    #[error("the file system cannot lock the package; its recipients are as they were")]
    CannotLock(#[source] io::Error),
    /// The new recipients do not fit the slots. Rewrap into a copy, which gets larger slots.
    #[error("the new recipients do not fit in place; its recipients are as they were")]
    DoesNotFit,
    /// The data key is not this package's.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// What was tried of the new recipients did not give the package's data key.
    #[error("the new recipients could not be confirmed; its recipients are as they were")]
    NotConfirmed,
    /// Reading the package failed before anything was written.
    #[error("reading the package failed; its recipients are as they were")]
    Read(#[source] io::Error),
    /// Writing failed, or what was written did not read back. What reached the disk is unknown.
    #[error("writing the package failed; it opens with its old or its new recipients")]
    Write(#[source] io::Error),
    /// The new recipients are in force, durable and confirmed, but the old list could not be erased.
    /// The next rewrap erases it.
    #[error("the new recipients are in force, but the old list could not be erased yet")]
    NotScrubbed(Rewrapped, #[source] io::Error),
    /// The copy could not be made.
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl From<HeaderError> for RewrapError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Format(error) => Self::Format(error),
            HeaderError::Io(error) => Self::Read(error),
        }
    }
}
