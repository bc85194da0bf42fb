//! What a user remembers of a store outside of it, so that an older copy put in its place is noticed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use medsec_crypto::{Existing, OutputError, OutputOptions, write_file};
use serde::{Deserialize, Serialize};

use super::administrators;
use super::error::StoreError;
use super::folder::{is_replaced, wait_for_lock};
use super::state::State;
use super::steps::step;
use crate::name::{Digest, StoreId};

const FORMAT: &str = "medsec key store mark v1";
const MAX_LEN: u64 = 4096;

/// The last state of a store that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mark {
    format: String,
    store: StoreId,
    generation: u64,
    /// SHA-256 of the state file.
    state: Digest,
    /// How many steps its chain of administrators had, and the digest of the last.
    steps: usize,
    administrators: Digest,
}

impl Mark {
    pub(super) fn of(state: &State, file: Digest) -> Option<Self> {
        Some(Self {
            format: FORMAT.to_owned(),
            store: state.store,
            generation: state.generation,
            state: file,
            steps: state.administrators.len(),
            administrators: administrators::head(&state.administrators)?,
        })
    }

    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let fits = text.len() as u64 <= MAX_LEN;
        let mark: Self = fits.then(|| serde_json::from_slice(text).ok()).flatten()?;
        (mark.format == FORMAT && mark.render() == text).then_some(mark)
    }

    pub(super) fn render(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Whether `state`, read from a file of that digest, is what was seen or comes after it.
    pub(super) fn admits(&self, state: &State, file: Digest) -> Result<(), StoreError> {
        if state.store != self.store {
            return Err(StoreError::OtherStore { expected: self.store, found: state.store });
        }
        let Some(later) = state.generation.checked_sub(self.generation) else {
            let (seen, found) = (self.generation, state.generation);
            return Err(StoreError::RolledBack { seen, found });
        };
        let follows = match later.checked_sub(1) {
            None => file == self.state,
            Some(index) => state.recent(index).is_none_or(|then| then == self.state),
        };
        let steps = state.administrators.get(..self.steps).unwrap_or_default();
        let continued = administrators::head(steps) == Some(self.administrators);
        if follows && continued { Ok(()) } else { Err(StoreError::Forked) }
    }

    /// The count of changes it remembers.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }
}

/// Reads the mark at `path`; none if there is no file.
pub(super) fn load(path: &Path) -> Result<Option<Mark>, StoreError> {
    match File::open(path) {
        Ok(file) => read(&file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

/// Has the mark at `path` remember `state`, unless another process had it remember a later one. It never
/// goes back: who replaces it holds a lock on the file that is replaced.
pub(super) fn advance(path: &Path, state: &State, digest: Digest) -> Result<(), StoreError> {
    let new = Mark::of(state, digest).ok_or(StoreError::Format)?;
    loop {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match begin(path, &new) {
                Err(OutputError::Exists) => continue,
                begun => return begun.map_err(|error| unusable(io::Error::other(error))),
            },
            Err(error) => return Err(unusable(error)),
        };
        if !wait_for_lock(&file).map_err(unusable)? {
            return Err(unusable(io::ErrorKind::WouldBlock.into()));
        }
        if !is_replaced(&file).map_err(unusable)? {
            return replace(path, &read(&file)?, &new, state);
        }
    }
}

fn replace(path: &Path, seen: &Mark, new: &Mark, state: &State) -> Result<(), StoreError> {
    if seen.store == new.store && seen.generation > new.generation {
        return Ok(());
    }
    seen.admits(state, new.state)?;
    if seen.generation == new.generation {
        return Ok(());
    }
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    step();
    let saved = write_file(path, &new.render(), options);
    step();
    saved.map_err(|error| unusable(io::Error::other(error)))
}

fn begin(path: &Path, new: &Mark) -> Result<(), OutputError> {
    step();
    let saved = write_file(path, &new.render(), OutputOptions::default());
    step();
    saved
}

fn read(file: &File) -> Result<Mark, StoreError> {
    let mut text = Vec::new();
    file.take(MAX_LEN.saturating_add(1)).read_to_end(&mut text).map_err(unusable)?;
    Mark::parse(&text).ok_or(StoreError::Mark(None))
}

const fn unusable(error: io::Error) -> StoreError {
    StoreError::Mark(Some(error))
}
