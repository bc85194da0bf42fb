//! The local key store: wrapping keys in a folder, for one machine without a key service.
//!
//! Every dataset has a key with versions; every user has an identity (X25519 or X-Wing) of their own. A
//! version of a key stands in the store once for each user who was granted it, wrapped to that user's
//! public key (HPKE). So what a user can open is decided by cryptography; file modes come on top. The
//! state is one text file, `state`, signed by an administrator and replaced in one step; its format is
//! described in `docs/formats/key-store.md`.
//!
//! ```text
//! folder/state   what the store knows: users, keys, wraps; signed
//! folder/LOCK    held by whoever changes the store
//! mark           outside the folder: the last state this user has seen
//! ```
//!
//! **Invariants.** No key stands in clear in the folder. A state is believed only if its chain of
//! administrators gives the store's id and one of the present administrators signed it. A state that is
//! damaged, foreign or older than the mark is refused and never overwritten. A change is there whole or
//! not at all.
//!
//! **What it does not do.** Administrators hold all keys. Who once held a version of a key may have kept
//! it, and an old copy of the folder opens what it always opened. A disabled key is refused by this crate,
//! not by cryptography. Erasing depends on the disk: see [`Change::destroy_key`].

mod administrators;
mod change;
mod error;
mod folder;
mod keys;
mod mark;
mod restore;
mod service;
mod state;
mod text;
mod view;
mod wrap;

use std::path::PathBuf;

use medsec_crypto::{HpkeIdentity, SigningKey, Timestamp};

pub use self::change::{Administrator, Change, NewUser, Role};
pub use self::error::{ChangeError, StoreError, UnlockStoreError};
pub use self::keys::UserKeys;
pub use self::restore::{Present, inspect_state};
pub use self::service::{Clock, StoreAdmin, SystemClock};
pub use self::text::MAX_STORE_LEN;
pub use self::view::{KeyView, UserView};

use self::folder::Folder;
use self::mark::Mark;
use self::state::State;
use crate::name::{Digest, KeyName, StoreId, UserName};
use crate::public_key::PublicKey;
use crate::utc::UtcTime;

/// Times a read is begun again because a writer replaced the file meanwhile.
const RETRIES: u32 = 16;

/// Where a store is and what is known of it already.
#[derive(Clone, Debug)]
pub struct StorePlace {
    /// The store's folder.
    pub folder: PathBuf,
    /// The file that remembers its last state, outside the folder, and best on another disk. Without it
    /// an older copy put in the store's place is not noticed.
    pub mark: Option<PathBuf>,
    /// The store it must be; any, if absent and there is no mark.
    pub expected: Option<StoreId>,
}

/// A verified state of a local key store.
#[derive(Clone, Debug)]
pub struct LocalStore {
    place: StorePlace,
    state: State,
    digest: Digest,
}

impl LocalStore {
    /// Makes a new store whose first user and administrator is `founder`.
    ///
    /// # Errors
    /// [`ChangeError`]; no store was made. An existing one is never replaced.
    pub fn create(
        place: StorePlace,
        founder: &UserName,
        identity: &HpkeIdentity,
        signer: &SigningKey,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let folder = Folder::at(&place.folder);
        folder.make()?;
        let _lock = folder.lock()?;
        let state = State::found(founder, identity, signer, now)?;
        let text = text::render(&state, signer)?;
        folder.found(&text)?;
        let store = Self { place, digest: text::digest(&text), state };
        store.remember()?;
        Ok(store)
    }

    /// Reads the store, verifies it and compares it with the mark, which then remembers it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed.
    pub fn open(place: StorePlace) -> Result<Self, StoreError> {
        let folder = Folder::at(&place.folder);
        let (text, state) = read(&folder)?;
        let store = Self { digest: text::digest(&text), state, place };
        if let Some(expected) = store.place.expected.filter(|id| *id != store.state.store) {
            return Err(StoreError::OtherStore { expected, found: store.state.store });
        }
        store.remember()?;
        Ok(store)
    }

    /// The store's id.
    #[must_use]
    pub const fn id(&self) -> StoreId {
        self.state.store
    }

    /// How many changes were made, its founding included.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.state.generation
    }

    /// When it was last changed, by that administrator's clock.
    #[must_use]
    pub const fn changed(&self) -> UtcTime {
        self.state.changed
    }

    /// Keys of those who may change the store.
    #[must_use]
    pub fn administrators(&self) -> &[PublicKey] {
        text::present_administrators(&self.state)
    }

    /// Where it is.
    #[must_use]
    pub const fn place(&self) -> &StorePlace {
        &self.place
    }

    /// All users, removed ones included, by name.
    pub fn users(&self) -> impl Iterator<Item = UserView<'_>> {
        self.state.users.iter().map(|(name, user)| UserView::new(&self.state, name, user))
    }

    /// All keys, destroyed ones included, by name.
    pub fn keys(&self) -> impl Iterator<Item = KeyView<'_>> {
        self.state.keys.iter().map(|(name, key)| KeyView::new(name, key))
    }

    /// One key.
    #[must_use]
    pub fn key(&self, name: &KeyName) -> Option<KeyView<'_>> {
        self.state.keys.get_key_value(name).map(|(name, key)| KeyView::new(name, key))
    }

    /// Makes the keys ready that the identity's user was granted. Each is unwrapped when it is first used.
    ///
    /// # Errors
    /// [`UnlockStoreError`] if the identity is no present user's.
    pub fn unlock(&self, identity: HpkeIdentity) -> Result<UserKeys, UnlockStoreError> {
        UserKeys::new(self.state.clone(), identity)
    }

    /// Begins a change: takes the writers' lock, waiting up to five seconds, and reads the store anew.
    /// Nothing is written before [`Change::commit`].
    ///
    /// # Errors
    /// [`ChangeError`] if another process holds the lock, the store cannot be trusted, or the keys are not
    /// an administrator's.
    pub fn change<'a>(
        &'a mut self,
        administrator: Administrator<'a>,
        now: Timestamp,
    ) -> Result<Change<'a>, ChangeError> {
        Change::begin(self, administrator, now)
    }

    fn remember(&self) -> Result<(), StoreError> {
        let Some(path) = &self.place.mark else {
            return Ok(());
        };
        let seen = mark::load(path)?;
        if let Some(seen) = &seen {
            seen.admits(&self.state, self.digest)?;
        }
        if seen.is_some_and(|seen| seen.generation() == self.state.generation) {
            return Ok(());
        }
        let mark = Mark::of(&self.state, self.digest).ok_or(StoreError::Format)?;
        mark::save(path, &mark)
    }
}

/// Reads and verifies. A writer may replace the file, and erase the one being read, at any moment.
fn read(folder: &Folder) -> Result<(Vec<u8>, State), StoreError> {
    let mut text = folder.read()?;
    for _ in 0..RETRIES {
        let error = match text::parse(&text) {
            Ok(state) => return Ok((text, state)),
            Err(error) => error,
        };
        let again = folder.read()?;
        if again == text {
            return Err(error);
        }
        text = again;
    }
    text::parse(&text).map(|state| (text, state))
}

#[cfg(test)]
mod tests;
