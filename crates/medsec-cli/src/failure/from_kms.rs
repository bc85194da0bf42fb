//! The key store's errors in the terms of the program.

use medsec_kms::{ChangeError, KeyServiceError, StoreError, UnlockStoreError};

use super::Failure;
use crate::exit::Exit;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let failure = match &error {
            StoreError::Io(source) => return Self::io("the key store cannot be read", source),
            _ => Self::new(Exit::Store, format!("{error}; nothing was changed")),
        };
        match error {
            StoreError::Missing => failure.next(
                "run `medsec init`, name its home with --home, or put a backup back with `medsec store restore`",
            ),
            StoreError::Exposed { .. } => {
                failure.next("run `chmod -R go-rwx` on the store's folder, and find out who had access")
            }
            StoreError::TooLong | StoreError::Format | StoreError::NotAuthentic => {
                failure.next("put a backup back with `medsec store restore FILE`; what is there is kept beside it")
            }
            StoreError::OtherStore { .. } => {
                failure.next("check --home and the store's id in config.toml; do not seal with another's store")
            }
            StoreError::RolledBack { .. } | StoreError::Forked => failure.next(
                "find out who put an older copy there; `medsec store restore` makes a copy valid again, openly",
            ),
            StoreError::Mark(_) => {
                failure.next("look at the mark file that `medsec config show` names; without it the store is believed as it is")
            }
            _ => failure,
        }
    }
}

impl From<UnlockStoreError> for Failure {
    fn from(error: UnlockStoreError) -> Self {
        Self::new(Exit::Key, format!("{error}; nothing was opened"))
            .next("ask an administrator to add you: `medsec user add`")
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Random(error) => error.into(),
            ChangeError::Output(error) => error.into(),
            ChangeError::Folder(error) => Self::io("the key store's folder cannot be used", &error),
            ChangeError::NotErased(_) => Self::new(Exit::Store, message)
                .next("look for hard links to the old file; destroy copies of the disk"),
            ChangeError::NotRemembered(_) => Self::new(Exit::Store, message)
                .next("do not repeat the command; make the mark's folder writable and run `medsec store status`"),
            ChangeError::Locked => {
                Self::new(Exit::Store, format!("{message}; nothing was changed"))
                    .next("run the command again when the other one is done")
            }
            ChangeError::NotOlder { .. } => Self::new(Exit::Store, message)
                .next("give --give-up-present if what was changed since the copy shall be undone"),
            ChangeError::Wrap(_) => {
                Self::new(Exit::Store, format!("{message}; nothing was changed"))
                    .next("put a backup back with `medsec store restore FILE`")
            }
            _ => Self::new(Exit::Key, format!("{message}; nothing was changed"))
                .next("`medsec user list` and `medsec key status` show who holds what"),
        }
    }
}

impl From<KeyServiceError> for Failure {
    fn from(error: KeyServiceError) -> Self {
        let message = error.to_string();
        match error {
            KeyServiceError::NotPermitted => Self::new(Exit::Key, "you were not granted this key")
                .next("ask an administrator: `medsec user grant`"),
            KeyServiceError::Disabled => Self::new(Exit::Key, message)
                .next("an administrator can enable it: `medsec key enable`"),
            KeyServiceError::PendingDestruction => Self::new(Exit::Key, message)
                .next("an administrator can take that back: `medsec key keep`"),
            KeyServiceError::Destroyed => Self::new(Exit::Key, message).next(
                "a backup of the store made before the destruction still holds it, if there is one",
            ),
            KeyServiceError::NoSuchKey => {
                Self::new(Exit::Key, message).next("`medsec key status` shows all keys")
            }
            KeyServiceError::ForeignStanza => Self::new(Exit::Expectation, message)
                .next("open it with the key store it was sealed with, or ask for a rewrap"),
            KeyServiceError::NotAuthentic => medsec_crypto::NotAuthentic.into(),
            KeyServiceError::Random(error) => error.into(),
            KeyServiceError::Unavailable(error) => {
                Self::io("the key service cannot be reached", &error)
            }
            _ => Self::new(Exit::Store, message).next("`medsec doctor` looks for the reason"),
        }
    }
}
