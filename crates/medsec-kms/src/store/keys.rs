//! The keys of one user, unwrapped when they are first used.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use medsec_crypto::{
    Bind, Dek, HpkeIdentity, Identity as _, KeyRef, LocalKek, Recipient as _, Stanza, StanzaKind,
};

use super::error::UnlockStoreError;
use super::state::{Condition, Key, State, User};
use super::wrap::{self, Place};
use crate::name::{KeyId, KeyName, StoreId, UserName};
use crate::public_key::PublicKey;
use crate::service::{KeyContext, KeyDescription, KeyServiceError, Standing};

/// What one user can do with a store: wrap and unwrap data keys with the keys granted.
///
/// It works on the state it was made from and holds no place to read another from: what is rotated, granted,
/// revoked, disabled or destroyed later is unknown to it. A process that lives longer than one task must open
/// the store and unlock it anew: before each task that is to follow the rules of the day, and once more when
/// [`KeyServiceError::NoSuchVersion`], [`KeyServiceError::NoSuchKey`] or [`KeyServiceError::NotPermitted`]
/// may come of a change made since.
pub struct UserKeys {
    state: State,
    user: UserName,
    identity: Arc<HpkeIdentity>,
    /// Versions used so far.
    unwrapped: Mutex<BTreeMap<Place, Arc<LocalKek>>>,
}

impl UserKeys {
    pub(super) fn new(state: State, identity: Arc<HpkeIdentity>) -> Result<Self, UnlockStoreError> {
        let recipient = PublicKey::from(identity.recipient().clone());
        let own = |user: &User| user.recipient == recipient;
        let found = state.users.iter().find(|(_, user)| own(user));
        let (name, user) = found.ok_or(UnlockStoreError::NoSuchUser)?;
        if user.offboarded.is_some() {
            return Err(UnlockStoreError::Offboarded);
        }
        let user = name.clone();
        Ok(Self { state, user, identity, unwrapped: Mutex::default() })
    }

    /// The user's name.
    #[must_use]
    pub const fn user(&self) -> &UserName {
        &self.user
    }

    /// The store these keys are of.
    #[must_use]
    pub const fn store(&self) -> StoreId {
        self.state.store
    }

    /// The newest version of a key, to seal with.
    ///
    /// # Errors
    /// [`KeyServiceError`] if there is no such key, it may not be used, or was not granted.
    pub fn newest(&self, name: &KeyName) -> Result<Arc<LocalKek>, KeyServiceError> {
        let key = self.state.keys.get(name).ok_or(KeyServiceError::NoSuchKey)?;
        self.version(key, key.newest())
    }

    /// All versions of a key that still open packages, newest first.
    ///
    /// # Errors
    /// [`KeyServiceError`] if there is no such key, it may not be used, or was not granted.
    pub fn all(&self, name: &KeyName) -> Result<Vec<Arc<LocalKek>>, KeyServiceError> {
        let key = self.state.keys.get(name).ok_or(KeyServiceError::NoSuchKey)?;
        let present = key.versions.iter().rev().filter(|version| version.destroyed.is_none());
        present.map(|version| self.version(key, version.number)).collect()
    }

    /// The version that a package names.
    ///
    /// # Errors
    /// [`KeyServiceError`]: among others [`KeyServiceError::ForeignStanza`] if it is no key of this store, and
    /// [`KeyServiceError::NoSuchVersion`] if the state these keys were made from does not know the version.
    pub fn named(&self, key_ref: &KeyRef) -> Result<Arc<LocalKek>, KeyServiceError> {
        let place = place_of(key_ref).ok_or(KeyServiceError::ForeignStanza)?;
        if place.store != self.state.store {
            return Err(KeyServiceError::ForeignStanza);
        }
        let mut keys = self.state.keys.values();
        let key = keys.find(|key| key.id == place.key).ok_or(KeyServiceError::NoSuchKey)?;
        self.version(key, place.version)
    }

    /// Whether a package's recipient is a version of that key.
    #[must_use]
    pub fn is_version_of(&self, key_ref: &KeyRef, name: &KeyName) -> bool {
        self.standing_of(key_ref).is_some_and(|standing| standing.key == *name)
    }

    pub(super) fn standing_of(&self, key_ref: &KeyRef) -> Option<Standing> {
        standing(&self.state, key_ref)
    }

    pub(super) fn wrap_dek(
        &self,
        name: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        self.newest(name)?.wrap_dek(dek, &context.bind).map_err(|error| match error {
            medsec_crypto::WrapError::Random(error) => KeyServiceError::Random(error),
            _ => KeyServiceError::Untrusted,
        })
    }

    pub(super) fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, KeyServiceError> {
        let kek = self.named(stanza.key_ref())?;
        kek.unwrap_dek(stanza, bind).map_err(|_| KeyServiceError::NotAuthentic)
    }

    pub(super) fn describe(&self, name: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let key = self.state.keys.get(name).ok_or(KeyServiceError::NoSuchKey)?;
        Ok(key.describe(name))
    }

    fn version(&self, key: &Key, number: u32) -> Result<Arc<LocalKek>, KeyServiceError> {
        ensure_usable(key)?;
        let version = key.version(number).ok_or(KeyServiceError::NoSuchVersion)?;
        if version.destroyed.is_some() {
            return Err(KeyServiceError::Destroyed);
        }
        let place = Place { store: self.state.store, key: key.id, version: number };
        let mut unwrapped = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kek) = unwrapped.get(&place) {
            return Ok(Arc::clone(kek));
        }
        let wrapped = version.wraps.get(&self.user).ok_or(KeyServiceError::NotPermitted)?;
        // The state is signed: what does not open in it was not damaged, but made wrong.
        let kek = wrap::unwrap(wrapped, &place, &self.user, &self.identity)
            .map_err(|_| KeyServiceError::Untrusted)?;
        let kek = Arc::new(place.local_kek(kek).ok_or(KeyServiceError::Untrusted)?);
        unwrapped.insert(place, Arc::clone(&kek));
        Ok(kek)
    }
}

/// Which key of the store that is, and in which version.
pub(super) fn standing(state: &State, key_ref: &KeyRef) -> Option<Standing> {
    let place = place_of(key_ref).filter(|place| place.store == state.store)?;
    let key = state.keys.iter().find(|(_, key)| key.id == place.key);
    key.map(|(name, _)| Standing { key: name.clone(), version: Some(place.version) })
}

fn ensure_usable(key: &Key) -> Result<(), KeyServiceError> {
    match key.condition {
        Condition::Enabled {} => Ok(()),
        Condition::Disabled {} => Err(KeyServiceError::Disabled),
        Condition::Condemned { .. } => Err(KeyServiceError::PendingDestruction),
        Condition::Destroyed { .. } => Err(KeyServiceError::Destroyed),
    }
}

/// `store id(16) ‖ key id(16) ‖ version u32`.
fn place_of(key_ref: &KeyRef) -> Option<Place> {
    if key_ref.kind() != StanzaKind::LocalKek {
        return None;
    }
    let (store, rest) = key_ref.as_bytes().split_first_chunk()?;
    let (key, rest) = rest.split_first_chunk()?;
    let version = u32::from_be_bytes(rest.try_into().ok()?);
    Some(Place { store: StoreId::from_bytes(*store), key: KeyId::from_bytes(*key), version })
}

impl fmt::Debug for UserKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserKeys").field("store", &self.state.store).finish_non_exhaustive()
    }
}
