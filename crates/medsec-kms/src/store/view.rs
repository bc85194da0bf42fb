//! What can be read of a store without any key.

use medsec_crypto::{KeyRef, StanzaKind};

use super::state::{Key, State, User};
use crate::name::{KeyId, KeyName, StoreId, UserName};
use crate::public_key::PublicKey;
use crate::service::KeyDescription;
use crate::utc::UtcTime;

/// A user of a store.
#[derive(Clone, Copy, Debug)]
pub struct UserView<'a> {
    state: &'a State,
    name: &'a UserName,
    user: &'a User,
}

impl<'a> UserView<'a> {
    pub(super) const fn new(state: &'a State, name: &'a UserName, user: &'a User) -> Self {
        Self { state, name, user }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'a UserName {
        self.name
    }

    /// What keys are wrapped to.
    #[must_use]
    pub const fn recipient(&self) -> &'a PublicKey {
        &self.user.recipient
    }

    /// What the user's signatures verify with.
    #[must_use]
    pub const fn signer(&self) -> Option<&'a PublicKey> {
        self.user.signer.as_ref()
    }

    /// When the user was added.
    #[must_use]
    pub const fn added(&self) -> UtcTime {
        self.user.added
    }

    /// When the user was removed, if so.
    #[must_use]
    pub const fn offboarded(&self) -> Option<UtcTime> {
        self.user.offboarded
    }

    /// Whether the user may change the store.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.user.offboarded.is_none() && self.state.is_administrator(self.user)
    }

    /// Names of the keys whose newest version the user holds.
    pub fn grants(&self) -> impl Iterator<Item = &'a KeyName> {
        let name = self.name;
        let keys = self.state.keys.iter().filter(move |(_, key)| key.is_granted(name));
        keys.map(|(key, _)| key)
    }
}

/// A key of a store.
#[derive(Clone, Copy, Debug)]
pub struct KeyView<'a> {
    store: StoreId,
    name: &'a KeyName,
    key: &'a Key,
}

impl<'a> KeyView<'a> {
    pub(super) const fn new(store: StoreId, name: &'a KeyName, key: &'a Key) -> Self {
        Self { store, name, key }
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &'a KeyName {
        self.name
    }

    /// The identifier that packages carry.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.key.id
    }

    /// What packages call its newest version.
    #[must_use]
    pub fn newest(&self) -> Option<KeyRef> {
        let version = self.key.newest().to_be_bytes();
        let place = [self.store.as_bytes().as_slice(), self.key.id.as_bytes(), &version].concat();
        KeyRef::new(StanzaKind::LocalKek, &place).ok()
    }

    /// Whether a package's recipient is a version of it.
    #[must_use]
    pub fn has_version(&self, key_ref: &KeyRef) -> bool {
        let place = [self.store.as_bytes().as_slice(), self.key.id.as_bytes()].concat();
        key_ref.kind() == StanzaKind::LocalKek && key_ref.as_bytes().starts_with(&place)
    }

    /// What any key service would tell.
    #[must_use]
    pub fn describe(&self) -> KeyDescription {
        self.key.describe(self.name)
    }

    /// Numbers of the versions that still open packages.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        let present = self.key.versions.iter().filter(|version| version.destroyed.is_none());
        present.map(|version| version.number)
    }

    /// Users who hold the newest version.
    pub fn holders(&self) -> impl Iterator<Item = &'a UserName> {
        self.key.versions.last().into_iter().flat_map(|version| version.wraps.keys())
    }
}
