//! Copies of a store: made, looked at, put back.

mod merge;

use std::path::Path;

use medsec_crypto::{OutputOptions, Timestamp, write_file};

use self::merge::Known;
use super::change::Administrator;
use super::error::{ChangeError, CopyError, StoreError, go_on};
use super::folder::{self, Folder};
use super::mark::{self, Mark};
use super::state::{Condition, State};
use super::{LocalStore, StorePlace, read, text};
use crate::name::{KeyName, StoreId, UserName};
use crate::public_key::PublicKey;

/// What may be lost when a copy is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Present {
    /// Nothing that is known: a copy is put back only where the state is missing or damaged, and only if the
    /// mark has seen no later change than the copy holds.
    Keep,
    /// Changes since the copy: grants and keys made in them are lost, and what was revoked, removed or
    /// destroyed in them is back.
    GiveUp,
    /// Changes of administrators since the copy, too, of which only the mark knows. Who was dismissed in them
    /// is an administrator again, holds all keys and may dismiss the others; who was appointed is none. Other
    /// readers' marks refuse the store from then on, until they are removed by hand.
    GiveUpAll,
}

/// What a copy of a store holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyContents {
    /// The store it is a copy of.
    pub store: StoreId,
    /// How many changes it knows, the store's founding included.
    pub generation: u64,
    /// Users who were not removed, and what their keys are wrapped to.
    pub users: Vec<(UserName, PublicKey)>,
    /// Keys that were not destroyed.
    pub keys: Vec<KeyName>,
}

/// A store that was put back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Restored {
    /// The store.
    pub store: LocalStore,
    /// How many changes are lost of those that what stood there, or the mark, knew. Changes that neither knew
    /// are not counted.
    pub lost: u64,
}

/// Verifies a copy of a state file and says of which store it is and what putting it back brings back.
///
/// # Errors
/// [`CopyError`] if it is not a state that an administrator signed.
pub fn contents_of_copy(path: &Path) -> Result<CopyContents, CopyError> {
    let state = copied(path)?;
    let users = state.users.iter().filter(|(_, user)| user.offboarded.is_none());
    let keys = state.keys.iter();
    let keys = keys.filter(|(_, key)| !matches!(key.condition, Condition::Destroyed { .. }));
    Ok(CopyContents {
        store: state.store,
        generation: state.generation,
        users: users.map(|(name, user)| (name.clone(), user.recipient.clone())).collect(),
        keys: keys.map(|(name, _)| name.clone()).collect(),
    })
}

impl LocalStore {
    /// Writes a copy of the state into a new file. It holds every key in wrapped form: it is as good as
    /// the store to every user of it. Identities are not in it.
    ///
    /// # Errors
    /// [`ChangeError`]; no file was made.
    pub fn back_up(&self, path: &Path) -> Result<(), ChangeError> {
        let (text, state) = read(&Folder::at(&self.place.folder))?;
        let seen = Mark::of(&self.state, self.digest).ok_or(StoreError::Format)?;
        seen.admits(&state, text::digest(&text))?;
        Ok(write_file(path, &text, OutputOptions::default())?)
    }

    /// Puts a copy back, as a new change signed by an administrator of the copy, so that it counts as newer
    /// than whatever is known. What stood there is kept beside it as `replaced-before-N-….state` until a key
    /// is destroyed. If what stood there shows later administrators, these are kept, and the copy must be
    /// put back by one of them. No version of a key gets a number that one may have had in a lost change.
    ///
    /// # Errors
    /// [`ChangeError::NotOlder`] if more would be lost than `present` allows,
    /// [`ChangeError::AdministratorsChanged`] if that is who administers the store, [`ChangeError::Copy`] if
    /// the copy is at fault. Unless the error [is done](ChangeError::is_done), the store is as it was, but a
    /// damaged state may have got its other name.
    pub fn restore(
        place: StorePlace,
        copy: &Path,
        present: Present,
        administrator: Administrator<'_>,
        now: Timestamp,
    ) -> Result<Restored, ChangeError> {
        let copy = copied(copy)?;
        let folder = Folder::at(&place.folder);
        folder.make()?;
        let _lock = folder.lock()?;
        let seen = place.mark.as_deref().map(mark::load).transpose()?.flatten();
        let there = trusted(&folder)?;
        let known = Known {
            there: there.as_ref().map(|(_, there)| there),
            seen: seen.as_ref(),
            expected: place.expected,
        };
        let lost = known.admit(&copy, present)?;
        let state = known.merge(copy, present, administrator, now)?;
        let new = text::render(&state, administrator.signer)?;
        let store = Self { place, digest: text::digest(&new), state };
        folder.erase_leftovers()?;
        let put = store.put(&folder, &new, there.as_ref().map(|(text, _)| text.as_slice()));
        go_on(put, || store.remember_restored(present).map_err(ChangeError::NotRemembered))?;
        Ok(Restored { store, lost })
    }

    fn put(&self, folder: &Folder, new: &[u8], there: Option<&[u8]>) -> Result<(), ChangeError> {
        let generation = self.state.generation;
        match there {
            // At no time is there no state.
            Some(there) => folder.supersede(there, new, generation),
            None => folder.put_anew(new, generation),
        }
    }

    fn remember_restored(&self, present: Present) -> Result<(), StoreError> {
        match &self.place.mark {
            Some(path) if present == Present::GiveUpAll => {
                mark::give_up(path, &self.state, self.digest)
            }
            _ => self.remember(),
        }
    }
}

fn copied(path: &Path) -> Result<State, CopyError> {
    Ok(text::parse(&folder::read_copy(path)?)?)
}

/// The state that is there; none if it is missing or damaged. One that could not be looked at is not taken
/// for damaged.
fn trusted(folder: &Folder) -> Result<Option<(Vec<u8>, State)>, StoreError> {
    match read(folder) {
        Ok(there) => Ok(Some(there)),
        Err(
            StoreError::Missing
            | StoreError::TooLong
            | StoreError::Format
            | StoreError::NotAuthentic,
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
