//! The first files of a stream.

use std::io;

use super::hwm::HighWater;
use super::layout::{SEGMENTS, Segment};
use crate::count::Count;
use crate::epoch::{CommitScope, Epoch, EpochKey, EpochReason, Genesis, KeySlots};
use crate::line::{LineError, RecordPosition};
use crate::text::RandomError;
use crate::time::LogTime;
use crate::tree::{Frontier, Hash, leaf_hash};
use crate::volume::{Volume, write_new};

/// Why there is no new stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewStreamError {
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error(transparent)]
    Line(#[from] LineError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What record 0 of a new stream is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewStream {
    pub(crate) leaf: Hash,
}

/// Writes record 0, its commit, the mark and the key of the next epoch into an empty volume. The key of epoch 0 is
/// gone when this returns: a writer begins with epoch 1.
pub(crate) fn create(
    volume: &dyn Volume,
    genesis: &Genesis,
    now: LogTime,
) -> Result<NewStream, NewStreamError> {
    let (key, next) = (EpochKey::generate()?, EpochKey::generate()?);
    let zero = Count::default();
    let reason = EpochReason::Genesis(Box::new(genesis.clone()));
    let epoch = Epoch { number: zero, key: key.public(), next: next.public(), reason };
    let prev = Hash::from_bytes([0; 32]);
    let line = epoch.to_line(&RecordPosition { seq: zero, prev, ts: now })?;
    let leaf = leaf_hash(&line);
    let mut tree = Frontier::new();
    // One leaf fits.
    let _ = tree.push(leaf);
    let scope = CommitScope::new(&genesis.origin(), &genesis.id);
    let one = Count::from_u32(1);
    let commit = scope.sign(&key, [zero, zero, one], tree.root());
    let lines = [line, commit.render(), Vec::new()].join(&b'\n');
    write_new(volume, &Segment { first: 0 }.name(), &lines)?;
    volume.sync_folder(SEGMENTS)?;
    KeySlots::create(volume, one, &next)?;
    HighWater::create(volume, &commit)?;
    volume.sync_folder("")?;
    Ok(NewStream { leaf })
}
