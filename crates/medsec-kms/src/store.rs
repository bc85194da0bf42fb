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
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod keys;
mod mark;
mod restore;
mod service;
mod state;
mod text;
mod view;
mod wrap;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use medsec_crypto::{HpkeIdentity, KeyRef, OutputError, SigningKey, Timestamp};

pub use self::change::{Administrator, Change, NewUser, Role};
pub use self::error::{ChangeError, CopyError, StoreError, UnlockStoreError};
pub(crate) use self::folder::{Readers, erase, erase_named, is_leftover, name_count, publish};
pub use self::keys::UserKeys;
pub use self::restore::{CopyContents, Present, Restored, contents_of_copy};
pub(crate) use self::service::ready;
pub use self::service::{Clock, StoreAdmin, SystemClock};
pub use self::text::MAX_STORE_LEN;
pub use self::view::{KeyView, UserView};

use self::folder::Folder;
use self::mark::Mark;
use self::state::State;
use crate::name::{Digest, KeyName, StoreId, UserName};
use crate::public_key::PublicKey;
use crate::service::Standing;
use crate::utc::UtcTime;

/// Times a read is begun again because a writer replaced the file meanwhile.
const RETRIES: u32 = 16;

/// Where a store is and what is known of it already.
#[derive(Clone)]
pub struct StorePlace {
    /// The store's folder.
    pub folder: PathBuf,
    /// The file that remembers its last state, outside the folder, and best on another disk. Without it
    /// an older copy put in the store's place is not noticed.
    pub mark: Option<PathBuf>,
    /// The store it must be; any, if absent and there is no mark.
    pub expected: Option<StoreId>,
}

/// Shows no path: it may tell of a person or a project.
impl fmt::Debug for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorePlace").field("expected", &self.expected).finish_non_exhaustive()
    }
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
        if folder.has_state() {
            return Err(ChangeError::Output(OutputError::Exists));
        }
        let state = State::found(founder, identity, signer, now)?;
        let text = text::render(&state, signer)?;
        let store = Self { place, digest: text::digest(&text), state };
        // A mark or an expectation of another store would make the new one unusable.
        store.compare(store.seen()?.as_ref())?;
        error::go_on(folder.found(&text), || store.remember().map_err(ChangeError::NotRemembered))?;
        Ok(store)
    }

    /// Reads the store, verifies it and compares it with the mark, which then remembers it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed.
    pub fn open(place: StorePlace) -> Result<Self, StoreError> {
        let (store, seen) = Self::look(place)?;
        if seen.is_none_or(|seen| seen.generation() < store.state.generation) {
            store.remember()?;
        }
        Ok(store)
    }

    /// Reads and verifies as [`Self::open`] does and compares with the mark, but has it remember nothing:
    /// nothing at all is written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn inspect(place: StorePlace) -> Result<Self, StoreError> {
        Ok(Self::look(place)?.0)
    }

    fn look(place: StorePlace) -> Result<(Self, Option<Mark>), StoreError> {
        // The mark first: a writer sets it after the state, so that it is never ahead of what is read here.
        let seen = place.mark.as_deref().map(mark::load).transpose()?.flatten();
        let (text, state) = read(&Folder::at(&place.folder))?;
        let store = Self { digest: text::digest(&text), state, place };
        store.compare(seen.as_ref())?;
        Ok((store, seen))
    }

    /// The store as it is now, which must continue this one.
    fn again(&self) -> Result<Self, StoreError> {
        let now = Self::open(self.place.clone())?;
        let seen = Mark::of(&self.state, self.digest).ok_or(StoreError::Format)?;
        seen.admits(&now.state, now.digest)?;
        Ok(now)
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

    /// The users who were not removed, by name.
    pub fn present_users(&self) -> impl Iterator<Item = UserView<'_>> {
        self.users().filter(|user| user.offboarded().is_none())
    }

    /// All keys, destroyed ones included, by name.
    pub fn keys(&self) -> impl Iterator<Item = KeyView<'_>> {
        self.state.keys.iter().map(|(name, key)| KeyView::new(self.state.store, name, key))
    }

    /// One key.
    #[must_use]
    pub fn key(&self, name: &KeyName) -> Option<KeyView<'_>> {
        self.state
            .keys
            .get_key_value(name)
            .map(|(name, key)| KeyView::new(self.state.store, name, key))
    }

    /// Which key and version of this store a package's recipient is; nothing if it is none. Whether that version is there
    /// and still opens packages, [`KeyView::versions`] tells.
    #[must_use]
    pub fn standing(&self, key_ref: &KeyRef) -> Option<Standing> {
        keys::standing(&self.state, key_ref)
    }

    /// Keys whose time to be destroyed has come by that clock: the next change destroys them, whatever else
    /// it does.
    #[must_use]
    pub fn due_for_destruction(&self, now: Timestamp) -> Vec<KeyName> {
        let due = self.state.keys.iter().filter(|(_, key)| key.is_due(now.into()));
        due.map(|(name, _)| name.clone()).collect()
    }

    /// Makes the keys ready that the identity's user was granted. Each is unwrapped when it is first used.
    ///
    /// # Errors
    /// [`UnlockStoreError`] if the identity is no present user's.
    pub fn unlock(
        &self,
        identity: impl Into<Arc<HpkeIdentity>>,
    ) -> Result<UserKeys, UnlockStoreError> {
        UserKeys::new(self.state.clone(), identity.into())
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

    fn seen(&self) -> Result<Option<Mark>, StoreError> {
        Ok(self.place.mark.as_deref().map(mark::load).transpose()?.flatten())
    }

    /// Whether it is the store that is expected, and no older than what was seen.
    fn compare(&self, seen: Option<&Mark>) -> Result<(), StoreError> {
        if let Some(expected) = self.place.expected.filter(|id| *id != self.state.store) {
            return Err(StoreError::OtherStore { expected, found: self.state.store });
        }
        seen.map_or(Ok(()), |seen| seen.admits(&self.state, self.digest))
    }

    fn remember(&self) -> Result<(), StoreError> {
        let mark = self.place.mark.as_deref();
        mark.map_or(Ok(()), |path| mark::advance(path, &self.state, self.digest))
    }
}

/// Reads and verifies. A writer may replace the file, and erase the one being read, at any moment: what does
/// not verify counts only if the file kept its name meanwhile and reads the same twice.
fn read(folder: &Folder) -> Result<(Vec<u8>, State), StoreError> {
    let mut before = None;
    for _ in 0..RETRIES {
        let (text, file) = folder.read()?;
        let error = match text::parse(&text) {
            Ok(state) => return Ok((text, state)),
            Err(error) => error,
        };
        if folder::is_replaced(&file).map_err(StoreError::Io)? {
            continue;
        }
        if before.as_ref() == Some(&text) {
            return Err(error);
        }
        before = Some(text);
    }
    let (text, _) = folder.read()?;
    text::parse(&text).map(|state| (text, state))
}

#[cfg(test)]
mod tests;
