//! Changing a store: everything that is changed in one [`Change`] becomes valid together.

mod keys;
mod users;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;

use medsec_crypto::{HpkeIdentity, Kek, SigningKey, Timestamp};

pub use self::users::{NewUser, Role};

use super::administrators::Step;
use super::error::{ChangeError, go_on};
use super::folder::{Erase, Folder};
use super::state::{Key, MAX_RECENT, State, User, Version};
use super::wrap::{self, Place};
use super::{LocalStore, text};
use crate::name::{KeyName, UserName};
use crate::public_key::PublicKey;
use crate::text_value::Base64;
use crate::utc::UtcTime;

/// The keys of a user who may change the store.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two required parts; leaving one out must not compile"
)]
pub struct Administrator<'a> {
    /// Unwraps the keys that are to be wrapped for others.
    pub identity: &'a HpkeIdentity,
    /// Signs the new state.
    pub signer: &'a SigningKey,
}

/// A change being prepared, under the writers' lock. Dropping it changes nothing.
pub struct Change<'a> {
    store: &'a mut LocalStore,
    administrator: Administrator<'a>,
    /// The administrator's name.
    by: UserName,
    pub(super) state: State,
    /// The time of what is recorded: never before the last change.
    now: UtcTime,
    /// The time as told: a clock that once ran ahead must not destroy a key early, nor have versions look
    /// young, for ever after.
    clock: UtcTime,
    /// Keys are destroyed in it.
    shreds: bool,
    /// Keys that were destroyed because their time had come.
    due: Vec<KeyName>,
    /// Held until the change is over.
    _lock: File,
}

/// Shows no path, which the lock's file would.
impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").field("store", &self.state.store).finish_non_exhaustive()
    }
}

impl State {
    /// The first state of a store.
    pub(super) fn found(
        founder: &UserName,
        identity: &HpkeIdentity,
        signer: &SigningKey,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let first = Step::found(signer)?;
        let administrators = vec![first];
        let store = super::administrators::verify(&administrators);
        let signed_by = PublicKey::from(signer.verifying_key());
        let user = User {
            recipient: identity.recipient().clone().into(),
            signer: Some(signed_by.clone()),
            added: now.into(),
            offboarded: None,
        };
        Ok(Self {
            store: store.ok_or(ChangeError::NotAdministrator)?,
            generation: 1,
            recent: Vec::new(),
            changed: now.into(),
            signed_by,
            administrators,
            users: BTreeMap::from([(founder.clone(), user)]),
            keys: BTreeMap::new(),
        })
    }
}

impl<'a> Change<'a> {
    pub(super) fn begin(
        store: &'a mut LocalStore,
        administrator: Administrator<'a>,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let lock = Folder::at(&store.place.folder).lock()?;
        *store = store.again()?;
        let state = store.state.clone();
        let by = administrator.name_in(&state).ok_or(ChangeError::NotAdministrator)?;
        let clock = UtcTime::from(now);
        // A clock that was set back must not make the store look older than it is.
        let now = clock.max(state.changed);
        let (shreds, due) = (false, Vec::new());
        let mut change =
            Self { store, administrator, by, state, now, clock, shreds, due, _lock: lock };
        change.destroy_due();
        Ok(change)
    }

    /// Keys that this change destroys because their time had come, though nobody asked this change to.
    #[must_use]
    pub fn shredded(&self) -> &[KeyName] {
        &self.due
    }

    /// Whether there is anything to commit.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.state != self.store.state
    }

    /// Commits what was done so far, which at the beginning of a change is the destruction of keys whose time
    /// has come, and tells which these are.
    ///
    /// # Errors
    /// As [`Self::commit`]. Ask [`Self::shredded`] before, if an error that [is
    /// done](ChangeError::is_done) is to name them.
    pub fn carry_out(mut self) -> Result<Vec<KeyName>, ChangeError> {
        let due = std::mem::take(&mut self.due);
        self.commit().map(|()| due)
    }

    /// A key as it will be.
    #[must_use]
    pub fn key(&self, name: &KeyName) -> Option<super::KeyView<'_>> {
        self.state
            .keys
            .get_key_value(name)
            .map(|(name, key)| super::KeyView::new(self.state.store, name, key))
    }

    /// Signs the new state and puts it in the place of the old one, which is then overwritten. When this
    /// returns, the change is durable. If nothing was changed, nothing is written.
    ///
    /// # Errors
    /// [`ChangeError`]; unless it [is done](ChangeError::is_done), the store is as it was.
    pub fn commit(mut self) -> Result<(), ChangeError> {
        if !self.is_changed() {
            return Ok(());
        }
        self.state.generation = self.state.generation.saturating_add(1);
        self.state.recent.insert(0, self.store.digest);
        self.state.recent.truncate(MAX_RECENT);
        self.state.changed = self.now;
        self.state.signed_by = self.administrator.signer.verifying_key().into();
        if !self.state.is_sound() {
            return Err(ChangeError::Full { what: "users, keys or changes" });
        }
        let new = text::render(&self.state, self.administrator.signer)?;
        let erase = if self.shreds { Erase::SetAsideToo } else { Erase::Replaced };
        let folder = Folder::at(&self.store.place.folder);
        let replaced = folder.replace(&new, self.store.digest, erase);
        let (store, state) = (self.store, self.state);
        go_on(replaced, || {
            store.digest = text::digest(&new);
            store.state = state;
            store.remember().map_err(ChangeError::NotRemembered)
        })
    }

    /// Does all of `steps` or nothing: a change that is half done must not be committed by a caller who goes
    /// on after its error.
    fn whole<T>(
        &mut self,
        steps: impl FnOnce(&mut Self) -> Result<T, ChangeError>,
    ) -> Result<T, ChangeError> {
        let before = (self.state.clone(), self.shreds);
        steps(self).inspect_err(|_| (self.state, self.shreds) = before)
    }

    fn key_mut(&mut self, name: &KeyName) -> Result<&mut Key, ChangeError> {
        self.state.keys.get_mut(name).ok_or(ChangeError::NoSuchKey)
    }

    fn key_ref(&self, name: &KeyName) -> Result<&Key, ChangeError> {
        self.state.keys.get(name).ok_or(ChangeError::NoSuchKey)
    }

    /// A present user.
    fn user(&self, name: &UserName) -> Result<&User, ChangeError> {
        let user = self.state.users.get(name).filter(|user| user.offboarded.is_none());
        user.ok_or(ChangeError::NoSuchUser)
    }

    fn place(&self, key: &Key, version: u32) -> Place {
        Place { store: self.state.store, key: key.id, version }
    }

    /// Draws a new version and wraps it for `holders`.
    fn new_version<'u>(
        &self,
        place: &Place,
        holders: impl Iterator<Item = &'u UserName>,
    ) -> Result<Version, ChangeError> {
        let kek = Kek::generate()?;
        let wraps = holders.map(|name| Ok((name.clone(), self.wrap_for(&kek, place, name)?)));
        let wraps = wraps.collect::<Result<_, ChangeError>>()?;
        Ok(Version { number: place.version, created: self.clock, destroyed: None, wraps })
    }

    fn wrap_for(&self, kek: &Kek, place: &Place, name: &UserName) -> Result<Base64, ChangeError> {
        let recipient = self.user(name)?.recipient.as_recipient();
        wrap::wrap(kek, place, name, recipient.ok_or(ChangeError::PublicKey)?)
    }

    /// The administrator's own copy of a version.
    fn unwrap(&self, version: &Version, place: &Place) -> Result<Kek, ChangeError> {
        let wrapped = version.wraps.get(&self.by).ok_or(ChangeError::NotGranted)?;
        wrap::unwrap(wrapped, place, &self.by, self.administrator.identity)
            .map_err(ChangeError::Wrap)
    }

    /// What is due to be destroyed is destroyed with the next change, whatever that is.
    fn destroy_due(&mut self) {
        for (name, key) in &mut self.state.keys {
            if key.is_due(self.clock) {
                keys::shred(key, self.now);
                self.shreds = true;
                self.due.push(name.clone());
            }
        }
    }
}

impl Administrator<'_> {
    /// Name of the present administrator whose keys these are.
    pub(super) fn name_in(&self, state: &State) -> Option<UserName> {
        let recipient = PublicKey::from(self.identity.recipient().clone());
        let signer = Some(PublicKey::from(self.signer.verifying_key()));
        let own = |user: &User| user.recipient == recipient && user.signer == signer;
        let mut active = state.active();
        let found = active.find(|(_, user)| own(user) && state.is_administrator(user));
        found.map(|(name, _)| name.clone())
    }
}
