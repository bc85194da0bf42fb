//! The key store's errors in the terms of the program.

use medsec_crypto::OutputError;
use medsec_kms::{
    ChangeError, CopyError, FileFault, KeyServiceError, StoreError, UnlockStoreError,
};

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
        let next = match error {
            UnlockStoreError::Offboarded => {
                "who is to come back needs new keys and another name: `medsec init --join`"
            }
            _ => "ask an administrator to add you: `medsec user add`",
        };
        Self::new(Exit::Key, format!("{error}; nothing was opened")).next(next)
    }
}

impl From<CopyError> for Failure {
    fn from(error: CopyError) -> Self {
        let failure = match &error {
            CopyError::Io(source) => return Self::io("the copy cannot be read", source),
            _ => Self::new(Exit::Store, format!("{error}; nothing was restored")),
        };
        match error {
            CopyError::Missing => failure.next("check the path of the copy"),
            CopyError::OtherStore { .. } => {
                failure.next("check --home, and from which store the copy was made")
            }
            CopyError::Forked => {
                failure.next("ask who changed the store elsewhere, and take a copy of that history")
            }
            _ => failure.next("take another copy; this one restores nothing"),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        let message = error.to_string();
        if error.is_done() {
            return unfinished(&error, message);
        }
        let store = |message: String| Self::new(Exit::Store, message);
        let unchanged = format!("{message}; nothing was changed");
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Copy(error) => error.into(),
            ChangeError::Random(error) => error.into(),
            ChangeError::Output(OutputError::Io(error)) => {
                Self::io("the key store could not be written; it is as it was", &error)
            }
            ChangeError::Output(_) => store(message).next("look what stands in the store's folder"),
            ChangeError::Folder(error) => Self::io("the key store's folder cannot be used", &error),
            ChangeError::Locked => {
                store(unchanged).next("run the command again when the other one is done")
            }
            ChangeError::NotOlder { .. } => store(message).next(
                "give --give-up-present if what was changed since the copy shall be undone, removals of users among it",
            ),
            ChangeError::AdministratorsChanged => store(message).next(
                "take a newer copy, or give --give-up-administrators if those of its time shall administer again",
            ),
            ChangeError::Wrap(_) => {
                store(unchanged).next("put a backup back with `medsec store restore FILE`")
            }
            ChangeError::Full { .. } => store(unchanged)
                .next("destroy old versions of keys: `medsec rewrap`, then `medsec key destroy --version`"),
            _ => Self::new(Exit::Key, unchanged)
                .next("`medsec user list` and `medsec key status` show who holds what"),
        }
    }
}

/// The change is in place: it is not to be made again.
fn unfinished(error: &ChangeError, message: String) -> Failure {
    let failure = Failure::new(Exit::Unfinished, message);
    match error {
        ChangeError::NotErased(_) => failure
            .next("look for hard links to the old state file, and destroy copies of the disk"),
        ChangeError::NotRemembered(_) => failure.next(
            "make the mark's file and folder writable; the next command then remembers the store",
        ),
        _ => failure.next(
            "the disk could not promise to keep it: check the disk, then `medsec store status`",
        ),
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
            KeyServiceError::NoSuchVersion => Self::new(Exit::Key, message).next(
                "look beside the store for `replaced-before-….state`, or wait for the newer state to reach this machine",
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
            KeyServiceError::File(fault) => Self::usage(message).next(match fault {
                FileFault::Shared => {
                    "run `chmod go-rwx` on the file that `[[service]]` of config.toml names, and change the secret"
                }
                _ => "see what `[[service]]` of config.toml names, and who may read it: docs/key-services.md",
            }),
            KeyServiceError::Unauthenticated => Self::new(Exit::Store, message).next(
                "put a new token, secret id or PIN into the file that `[[service]]` of config.toml names",
            ),
            KeyServiceError::Sealed => {
                Self::new(Exit::Store, message).next("let an operator unseal it")
            }
            KeyServiceError::TimedOut
            | KeyServiceError::Throttled { .. }
            | KeyServiceError::Suspended { .. } => {
                Self::new(Exit::Io, message).next("run the command again in a while")
            }
            KeyServiceError::Connection(_)
            | KeyServiceError::Token(_)
            | KeyServiceError::NoSuchService => Self::new(Exit::Store, message)
                .next("compare with `[[service]]` of config.toml: docs/key-services.md"),
            _ => Self::new(Exit::Store, message).next("`medsec doctor` looks for the reason"),
        }
    }
}
