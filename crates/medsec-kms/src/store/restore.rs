//! Copies of a store: made, looked at, put back.

use std::path::Path;

use medsec_crypto::{OutputOptions, Timestamp, write_file};

use super::change::Administrator;
use super::error::{ChangeError, StoreError};
use super::folder::{self, Folder};
use super::state::State;
use super::{LocalStore, StorePlace, mark, read, text};
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
        if state.store != self.state.store {
            let (expected, found) = (self.state.store, state.store);
            return Err(StoreError::OtherStore { expected, found }.into());
        }
        Ok(write_file(path, &text, OutputOptions::default())?)
    }

    /// Puts a copy back, as a new change signed by an administrator of the copy, so that it counts as newer
    /// than whatever anyone has seen. What stood there is kept beside it as `replaced-before-N.state`. If what
    /// stood there, or the mark, shows later administrators, the copy must still be signed by one of
    /// those.
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
        let there = read(&folder).ok();
        if let Some((_, there)) = &there {
            admit(&state, there, present)?;
            keep_administrators(&mut state, there);
        }
        administrator.name_in(&state).ok_or(ChangeError::NotAdministrator)?;
        let seen = place.mark.as_deref().map(mark::load).transpose()?.flatten();
        let known = [
            state.generation,
            there.as_ref().map_or(0, |(_, there)| there.generation),
            seen.as_ref().map_or(0, mark::Mark::generation),
        ];
        state.generation = known.into_iter().max().unwrap_or(0).saturating_add(1);
        state.previous = text::digest(&copied);
        state.changed = now.into();
        state.signed_by = administrator.signer.verifying_key().into();
        let new = text::render(&state, administrator.signer)?;
        let digest = text::digest(&new);
        if let Some(expected) = place.expected.filter(|id| *id != state.store) {
            return Err(StoreError::OtherStore { expected, found: state.store }.into());
        }
        if let Some(seen) = &seen {
            seen.admits(&state, digest)?;
        }
        folder.set_aside(&format!("replaced-before-{}.state", state.generation))?;
        folder.found(&new)?;
        let store = Self { place, state, digest };
        store.remember()?;
        Ok(store)
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
fn keep_administrators(copy: &mut State, there: &State) {
    if there.administrators.starts_with(&copy.administrators) {
        copy.administrators.clone_from(&there.administrators);
    }
}
