//! The local key store as a key service.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use medsec_crypto::{
    Assurance, Dek, HpkeIdentity, KeyRef, OutputError, SigningKey, Stanza, Timestamp,
};

use super::change::{Administrator, Change};
use super::error::{ChangeError, StoreError};
use super::{LocalStore, UserKeys};
use crate::name::KeyName;
use crate::service::{
    KeyAdmin, KeyContext, KeyDescription, KeyFuture, KeyService, KeyServiceError, KeySpec, Standing,
};

/// Tells the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no parts")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// Nothing here waits for anything but the disk.
pub(crate) fn ready<'a, T: Send + 'a>(result: Result<T, KeyServiceError>) -> KeyFuture<'a, T> {
    Box::pin(std::future::ready(result))
}

impl KeyService for UserKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        let generate = || {
            let dek = Dek::generate()?;
            let stanza = self.wrap_dek(key, &dek, context)?;
            Ok((dek, stanza))
        };
        ready(generate())
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        ready(Self::wrap_dek(self, key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        ready(Self::unwrap_dek(self, stanza, &context.bind))
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        let rewrap = || {
            let dek = Self::unwrap_dek(self, stanza, &context.bind)?;
            Self::wrap_dek(self, key, &dek, context)
        };
        ready(rewrap())
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.standing_of(stanza.key_ref())
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.named(key_ref).map(drop)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        ready(self.describe(key))
    }

    /// X25519 is in no NIST standard: the keys of a store are wrapped with it.
    fn assurance(&self) -> Assurance {
        Assurance::NotApproved
    }
}

/// An administrator's hold on a store. Calls work on the disk; do not make them inside a poll that others
/// wait for.
#[derive(Debug)]
pub struct StoreAdmin<C> {
    store: Mutex<LocalStore>,
    identity: HpkeIdentity,
    signer: SigningKey,
    clock: C,
}

impl<C: Clock> StoreAdmin<C> {
    /// Joins a store with an administrator's keys and a clock.
    #[must_use]
    pub const fn new(
        store: LocalStore,
        identity: HpkeIdentity,
        signer: SigningKey,
        clock: C,
    ) -> Self {
        Self { store: Mutex::new(store), identity, signer, clock }
    }

    /// The store as it was after the last change.
    #[must_use]
    pub fn store(&self) -> LocalStore {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(
        &self,
        name: &KeyName,
        change: impl FnOnce(&mut Change<'_>) -> Result<(), ChangeError>,
    ) -> Result<KeyDescription, KeyServiceError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let administrator = Administrator { identity: &self.identity, signer: &self.signer };
        let mut begun = store.change(administrator, self.clock.now())?;
        change(&mut begun)?;
        begun.commit()?;
        Ok(store.key(name).ok_or(KeyServiceError::NoSuchKey)?.describe())
    }
}

impl<C: Clock> KeyAdmin for StoreAdmin<C> {
    fn create_key<'a>(&'a self, spec: &'a KeySpec) -> KeyFuture<'a, KeyDescription> {
        ready(self.change(&spec.name, |change| change.create_key(spec)))
    }

    fn rotate_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        ready(self.change(key, |change| change.rotate_key(key)))
    }

    fn disable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        ready(self.change(key, |change| change.disable_key(key)))
    }

    fn enable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        ready(self.change(key, |change| change.enable_key(key)))
    }

    fn schedule_destruction<'a>(
        &'a self,
        key: &'a KeyName,
        waiting: Duration,
    ) -> KeyFuture<'a, KeyDescription> {
        // Rounded up: not destroyed before the time is over.
        let waiting = waiting.as_secs().saturating_add(u64::from(waiting.subsec_nanos() > 0));
        let after = self.clock.now().unix_seconds().saturating_add(waiting);
        let after = Timestamp::from_unix_seconds(after);
        ready(self.change(key, |change| change.schedule_destruction(key, after)))
    }

    fn cancel_destruction<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        ready(self.change(key, |change| change.cancel_destruction(key)))
    }

    fn list_keys(&self) -> KeyFuture<'_, Vec<KeyDescription>> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let read = store.again();
        ready(match read {
            Ok(read) => {
                *store = read;
                Ok(store.keys().map(|key| key.describe()).collect())
            }
            Err(error) => Err(error.into()),
        })
    }
}

impl From<StoreError> for KeyServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Io(error) => Self::Unavailable(error),
            _ => Self::Untrusted,
        }
    }
}

impl From<ChangeError> for KeyServiceError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Store(error) => error.into(),
            ChangeError::Locked => Self::Busy,
            ChangeError::NotAdministrator | ChangeError::HoldsAll | ChangeError::Oneself => {
                Self::NotPermitted
            }
            ChangeError::NoSuchKey | ChangeError::NoSuchVersion => Self::NoSuchKey,
            ChangeError::KeyExists => Self::KeyExists,
            ChangeError::Name => Self::Unacceptable { field: "key name" },
            ChangeError::State { state: "destroyed" } => Self::Destroyed,
            ChangeError::State { .. } | ChangeError::Full { .. } => Self::State,
            ChangeError::Random(error) => Self::Random(error),
            ChangeError::Folder(error) => Self::Unavailable(error),
            ChangeError::NotErased(error) => Self::Unfinished(error),
            ChangeError::NotRemembered(error) => Self::Unfinished(io::Error::other(error)),
            ChangeError::Output(error @ OutputError::NameNotDurable(_)) => {
                Self::Unfinished(io::Error::other(error))
            }
            ChangeError::Output(error) => Self::Unavailable(io::Error::other(error)),
            _ => Self::Untrusted,
        }
    }
}
