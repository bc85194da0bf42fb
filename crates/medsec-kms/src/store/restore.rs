//! Copies of a store: made, looked at, put back.

use std::path::Path;

use medsec_crypto::{OutputOptions, Timestamp, write_file};

use super::change::Administrator;
use super::error::{ChangeError, StoreError};
use super::folder::{self, Folder};
use super::mark::{self, Mark};
use super::state::State;
use super::{LocalStore, StorePlace, read, text};
use crate::name::StoreId;

/// What to do with a state that is there and can be trusted when a copy is put in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Present {
    /// Keep it: a copy is put back only where the state is missing or damaged.
    Keep,
    /// Give it up: grants and keys made since the copy are lost, and what was revoked or destroyed since is
    /// back.
    GiveUp,
}

/// Verifies a copy of a state file and says which store it is of and how many changes it knows.
///
/// # Errors
/// [`StoreError`] if it is not a state that an administrator signed.
pub fn inspect_state(path: &Path) -> Result<(StoreId, u64), StoreError> {
    let state = text::parse(&folder::read_copy(path)?)?;
    Ok((state.store, state.generation))
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
    /// than whatever anyone has seen. What stood there is kept beside it as `replaced-before-N-….state` until
    /// a key is destroyed. If what stood there, or the mark, shows later administrators, the copy must still
    /// be signed by one of those.
    ///
    /// # Errors
    /// [`ChangeError`]; unless it comes of the very last step, nothing was changed.
    pub fn restore(
        place: StorePlace,
        copy: &Path,
        present: Present,
        administrator: Administrator<'_>,
        now: Timestamp,
    ) -> Result<Self, ChangeError> {
        let copied = folder::read_copy(copy)?;
        let mut state = text::parse(&copied)?;
        let folder = Folder::at(&place.folder);
        folder.make()?;
        let _lock = folder.lock()?;
        let seen = place.mark.as_deref().map(mark::load).transpose()?.flatten();
        let there = trusted(&folder)?;
        state.changed = state.changed.max(now.into());
        if let Some((_, there)) = &there {
            admit(&state, there, present)?;
            keep_administrators(&mut state, there)?;
            state.changed = state.changed.max(there.changed);
        }
        administrator.name_in(&state).ok_or(ChangeError::NotAdministrator)?;
        let known = [
            state.generation,
            there.as_ref().map_or(0, |(_, there)| there.generation),
            seen.as_ref().map_or(0, Mark::generation),
        ];
        state.generation = known.into_iter().max().unwrap_or(0).saturating_add(1);
        // It follows from no state that anyone has seen.
        state.recent.clear();
        state.signed_by = administrator.signer.verifying_key().into();
        if !state.is_sound() {
            return Err(ChangeError::Full { what: "changes" });
        }
        let new = text::render(&state, administrator.signer)?;
        let store = Self { place, digest: text::digest(&new), state };
        store.compare(seen.as_ref())?;
        folder.erase_leftovers()?;
        store.put(&folder, &new, there.as_ref().map(|(text, _)| text.as_slice()))?;
        store.remember().map_err(ChangeError::NotRemembered)?;
        Ok(store)
    }

    fn put(&self, folder: &Folder, new: &[u8], there: Option<&[u8]>) -> Result<(), ChangeError> {
        let generation = self.state.generation;
        if let Some(there) = there {
            // At no time is there no state.
            return folder.supersede(there, new, generation);
        }
        folder.set_aside(generation)?;
        folder.found(new)
    }
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

fn admit(copy: &State, there: &State, present: Present) -> Result<(), ChangeError> {
    if copy.store != there.store {
        let (expected, found) = (there.store, copy.store);
        return Err(StoreError::OtherStore { expected, found }.into());
    }
    if present == Present::Keep {
        let (present, copy) = (there.generation, copy.generation);
        return Err(ChangeError::NotOlder { present, copy });
    }
    Ok(())
}

/// Who was dismissed since the copy was made stays dismissed.
fn keep_administrators(copy: &mut State, there: &State) -> Result<(), StoreError> {
    if there.administrators.starts_with(&copy.administrators) {
        copy.administrators.clone_from(&there.administrators);
        return Ok(());
    }
    let continued = copy.administrators.starts_with(&there.administrators);
    if continued { Ok(()) } else { Err(StoreError::Forked) }
}
