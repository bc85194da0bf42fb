//! What a user remembers of a store outside of it, so that an older copy put in its place is noticed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

use medsec_crypto::{Existing, OutputError, OutputOptions, write_file};
use serde::{Deserialize, Serialize};

use super::administrators::{self, Step};
use super::error::StoreError;
use super::folder::{is_replaced, make_folders, open_file, wait_for_lock};
use super::state::State;
use crate::name::{Digest, StoreId};
use crate::steps::step;

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

/// How a chain of administrators relates to one that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chain {
    /// It is that one, or goes on from it.
    Continued,
    /// It has fewer steps.
    Shorter,
    /// It has another step where that one ended.
    Other,
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
        let continued = self.compare_chain(&state.administrators) == Chain::Continued;
        if follows && continued { Ok(()) } else { Err(StoreError::Forked) }
    }

    /// How administrators relate to those that were seen.
    pub(super) fn compare_chain(&self, steps: &[Step]) -> Chain {
        match steps.get(..self.steps).map(administrators::head) {
            None => Chain::Shorter,
            Some(head) if head == Some(self.administrators) => Chain::Continued,
            Some(_) => Chain::Other,
        }
    }

    /// The store it remembers.
    pub(super) const fn store(&self) -> StoreId {
        self.store
    }

    /// The count of changes it remembers.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }
}

/// Reads the mark at `path`; none if there is no file.
pub(super) fn load(path: &Path) -> Result<Option<Mark>, StoreError> {
    match open(path) {
        Ok(file) => read(&file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error)),
    }
}

/// Has the mark at `path` remember `state`, unless another process had it remember a later one. It never
/// goes back: who replaces it holds a lock on the file that is replaced.
pub(super) fn advance(path: &Path, state: &State, digest: Digest) -> Result<(), StoreError> {
    save(path, state, digest, |seen| seen.admits(state, digest))
}

/// The same where the administrators that were seen are given up: a restore was told to.
pub(super) fn give_up(path: &Path, state: &State, digest: Digest) -> Result<(), StoreError> {
    save(path, state, digest, |seen| match seen.compare_chain(&state.administrators) {
        Chain::Shorter if seen.store == state.store => Ok(()),
        _ => seen.admits(state, digest),
    })
}

fn save(
    path: &Path,
    state: &State,
    digest: Digest,
    admits: impl Fn(&Mark) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let new = Mark::of(state, digest).ok_or(StoreError::Format)?;
    loop {
        let file = match open(path) {
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
            return replace(path, &read(&file)?, &new, admits);
        }
    }
}

fn replace(
    path: &Path,
    seen: &Mark,
    new: &Mark,
    admits: impl Fn(&Mark) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if seen.store == new.store && seen.generation > new.generation {
        return Ok(());
    }
    admits(seen)?;
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
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folders(folder).map_err(OutputError::Io)?;
    }
    step();
    let saved = write_file(path, &new.render(), OutputOptions::default());
    step();
    saved
}

fn open(path: &Path) -> io::Result<File> {
    open_file(OpenOptions::new().read(true), path)
}

fn read(file: &File) -> Result<Mark, StoreError> {
    if !file.metadata().map_err(unusable)?.is_file() {
        return Err(StoreError::Mark(None));
    }
    let mut text = Vec::new();
    file.take(MAX_LEN.saturating_add(1)).read_to_end(&mut text).map_err(unusable)?;
    Mark::parse(&text).ok_or(StoreError::Mark(None))
}

const fn unusable(error: io::Error) -> StoreError {
    StoreError::Mark(Some(error))
}
