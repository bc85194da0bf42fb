//! Why a store was not opened or not changed.

use std::io;

use medsec_crypto::{NotAuthentic, OutputError, RandomError};

use crate::name::StoreId;

/// Why a store was not read. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder holds no state: it is no store, its founding was cut short, or the file was deleted.
    #[error("there is no key store in this folder, or its state file is missing")]
    Missing,
    /// Users outside the store's own could read or change it.
    #[error(
        "the key store is open to other users (mode {mode:04o} on its {what}); nothing was read"
    )]
    Exposed {
        /// `folder` or `state file`.
        what: &'static str,
        /// The permission bits as found.
        mode: u32,
    },
    /// Reading failed.
    #[error("the key store cannot be read")]
    Io(#[source] io::Error),
    /// The state file is larger than this version reads or writes.
    #[error("the key store's state file is larger than 64 MiB")]
    TooLong,
    /// The state file is not what this version writes: damaged, cut, or of another version.
    #[error("the key store's state file is damaged or of another version")]
    Format,
    /// The state file was not signed by an administrator of the store it names.
    #[error(
        "the key store's state file is not signed by one of its administrators: altered or damaged"
    )]
    NotAuthentic,
    /// Another store than the one expected.
    #[error("this is key store {found}, not {expected}")]
    OtherStore {
        /// The store that was expected.
        expected: StoreId,
        /// The store that is there.
        found: StoreId,
    },
    /// An older state than one that was seen before.
    #[error(
        "the key store was rolled back: change {found} is there, change {seen} was seen before"
    )]
    RolledBack {
        /// Count of changes seen before.
        seen: u64,
        /// Count of changes found.
        found: u64,
    },
    /// A state that does not continue the one that was seen before.
    #[error("the key store does not continue the state that was seen before: two histories exist")]
    Forked,
    /// The remembered mark cannot be read or written, or is damaged; it was left alone.
    #[error("the mark that remembers the key store's last state is damaged or cannot be used")]
    Mark(#[source] Option<io::Error>),
}

/// Why a copy of a store was not taken. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// There is no file of that name.
    #[error("there is no such copy")]
    Missing,
    /// Reading it failed.
    #[error("the copy cannot be read")]
    Io(#[source] io::Error),
    /// It is larger than any state file.
    #[error("the copy is larger than 64 MiB: it is no copy of a key store")]
    TooLong,
    /// It is damaged, cut, of another version, or no state file at all.
    #[error("the copy is damaged or of another version, or no copy of a key store")]
    Format,
    /// It was not signed by an administrator of the store it names.
    #[error("the copy is not signed by an administrator of its key store: altered or damaged")]
    NotAuthentic,
    /// It is of another store than the one expected, seen before, or there.
    #[error("the copy is of key store {found}, not {expected}")]
    OtherStore {
        /// The store that was expected.
        expected: StoreId,
        /// The store that the copy is of.
        found: StoreId,
    },
    /// Its administrators and those of what is there, or was seen, do not follow from one another.
    #[error("the copy does not continue the key store that is there or was seen: two histories")]
    Forked,
}

impl From<StoreError> for CopyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::Missing,
            StoreError::Io(error) => Self::Io(error),
            StoreError::TooLong => Self::TooLong,
            StoreError::NotAuthentic => Self::NotAuthentic,
            StoreError::OtherStore { expected, found } => Self::OtherStore { expected, found },
            StoreError::Forked | StoreError::RolledBack { .. } => Self::Forked,
            StoreError::Format | StoreError::Exposed { .. } | StoreError::Mark(_) => Self::Format,
        }
    }
}

/// Why a user's keys were not made ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockStoreError {
    /// The identity is none of the store's users.
    #[error("the identity belongs to no user of this key store")]
    NoSuchUser,
    /// The identity belonged to a user who was removed.
    #[error("the identity belongs to a user who was removed from this key store")]
    Offboarded,
}

/// Why a change was not made. Unless [`Self::is_done`] says otherwise, the store is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The store cannot be read, or cannot be trusted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy cannot be read, or cannot be trusted. The store was not changed.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// Another process is changing the store.
    #[error("another process is changing the key store")]
    Locked,
    /// Identity and signer are not both those of one present administrator.
    #[error("identity and signer are not those of an administrator of this key store")]
    NotAdministrator,
    /// There is no such user, or no longer.
    #[error("the key store has no such user")]
    NoSuchUser,
    /// A user of that name or with that key exists or existed.
    #[error("the key store has, or had, a user of that name or with that key")]
    UserExists,
    /// There is no such key.
    #[error("the key store has no such key")]
    NoSuchKey,
    /// A key of that name exists or existed.
    #[error("the key store has, or had, a key of that name")]
    KeyExists,
    /// The name does not fit a local key: 1 to 128 of `[A-Za-z0-9._-]`.
    #[error("the name does not fit: 1 to 128 of A-Z, a-z, 0-9, `.`, `_` and `-`")]
    Name,
    /// The user holds the key already.
    #[error("the user holds this key already")]
    AlreadyGranted,
    /// The user does not hold the key.
    #[error("the user does not hold this key")]
    NotGranted,
    /// An administrator holds all keys; remove the administrator instead.
    #[error("an administrator holds all keys; take the administration away first")]
    HoldsAll,
    /// Administrators do not remove themselves, so that one always remains.
    #[error("an administrator does not remove himself: another one has to")]
    Oneself,
    /// An administrator needs a key to sign with.
    #[error("an administrator needs a signer key, which this user has not")]
    NoSigner,
    /// The key is in a state in which this cannot be done.
    #[error("this cannot be done with a key that is {state}")]
    State {
        /// The key's state.
        state: &'static str,
    },
    /// There is no such version, or it is the newest, or gone already.
    #[error("this version of the key cannot be destroyed: it is the newest, gone, or never was")]
    NoSuchVersion,
    /// The copy is behind what is known of the store, or the store is whole: restoring loses changes, and
    /// brings back who was revoked or removed in them.
    #[error(
        "the key store is known to be at change {present}, the copy is at change {copy}, {} behind; nothing was restored",
        .present.saturating_sub(*.copy)
    )]
    NotOlder {
        /// The last change that is known, of what is there or was seen.
        present: u64,
        /// The last change that the copy holds.
        copy: u64,
    },
    /// The copy is older than the last known change of administrators, and nothing that is there shows it:
    /// restoring brings back administrators who were dismissed since.
    #[error(
        "administrators were changed since the copy was made, and the store does not show them any more; nothing was restored"
    )]
    AdministratorsChanged,
    /// A limit of the format was reached.
    #[error("the key store takes no more: {what}")]
    Full {
        /// What there is too much of.
        what: &'static str,
    },
    /// A wrapped key in the store does not open for the administrator.
    #[error("a key in the store does not open for this administrator")]
    Wrap(#[source] NotAuthentic),
    /// A user's public key does not take part in a key agreement.
    #[error("the user's public key is not usable")]
    PublicKey,
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Writing failed.
    #[error("the key store was not changed, or not durably: {0}")]
    Output(#[from] OutputError),
    /// The folder cannot be used.
    #[error("the key store's folder cannot be used; nothing was changed")]
    Folder(#[source] io::Error),
    /// The change is made and durable, but the file it replaced could not be erased: what it held may
    /// still be on the disk.
    #[error("the change is made, but the replaced state file could not be erased from the disk")]
    NotErased(#[source] io::Error),
    /// The change is made and durable, but the mark does not know of it: an older copy would not be noticed
    /// before the store is opened the next time.
    #[error(
        "the change is made, but the mark that remembers the store's last state was not written"
    )]
    NotRemembered(#[source] StoreError),
}

impl ChangeError {
    /// Whether the change is in place although something that follows it failed. Making it again does not
    /// mend that.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(
            self,
            Self::NotErased(_)
                | Self::NotRemembered(_)
                | Self::Output(OutputError::NameNotDurable(_))
        )
    }
}

/// Goes on with `then` where a change is in place. The first thing that failed is told.
pub(super) fn go_on(
    done: Result<(), ChangeError>,
    then: impl FnOnce() -> Result<(), ChangeError>,
) -> Result<(), ChangeError> {
    match done {
        Err(error) if !error.is_done() => Err(error),
        done => {
            let followed = then();
            done.and(followed)
        }
    }
}
