//! What a user remembers of a store outside of it, so that an older copy put in its place is noticed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use medsec_crypto::{Existing, OutputOptions, write_file};
use serde::{Deserialize, Serialize};

use super::administrators;
use super::error::StoreError;
use super::state::State;
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
        let mark: Self = serde_json::from_slice(text).ok()?;
        (mark.format == FORMAT).then_some(mark)
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
        if state.generation < self.generation {
            let (seen, found) = (self.generation, state.generation);
            return Err(StoreError::RolledBack { seen, found });
        }
        let same = state.generation > self.generation || file == self.state;
        let steps = state.administrators.get(..self.steps).unwrap_or_default();
        let continued = administrators::head(steps) == Some(self.administrators);
        if same && continued { Ok(()) } else { Err(StoreError::Forked) }
    }

    /// The count of changes it remembers.
    pub(super) const fn generation(&self) -> u64 {
        self.generation
    }
}

/// Reads the mark at `path`; none if there is no file.
pub(super) fn load(path: &Path) -> Result<Option<Mark>, StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::Mark(Some(error))),
    };
    let mut text = Vec::new();
    let read = file.take(MAX_LEN).read_to_end(&mut text);
    read.map_err(|error| StoreError::Mark(Some(error)))?;
    Mark::parse(&text).map(Some).ok_or(StoreError::Mark(None))
}

/// Replaces the mark at `path` in one step.
pub(super) fn save(path: &Path, mark: &Mark) -> Result<(), StoreError> {
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    write_file(path, &mark.render(), options)
        .map_err(|error| StoreError::Mark(Some(io::Error::other(error))))
}
