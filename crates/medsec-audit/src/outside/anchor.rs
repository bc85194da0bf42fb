//! Places that remember checkpoints: witnesses, time-stamp authorities, write-once storage, another disk.

use super::OutsideFuture;
use crate::checkpoint::LogOrigin;
use crate::event::PeerName;
use crate::note::Note;

/// Remembers checkpoints of a log where whoever can change the log cannot change them.
///
/// What an anchor has accepted, a later log must continue: a shorter one was cut, another one is a fork.
pub trait Anchor: Send + Sync {
    /// What the settings call it.
    fn name(&self) -> &PeerName;

    /// Hands over a signed checkpoint. When this returns, the place keeps it, or has signed that it saw it.
    /// Handing over the same checkpoint again is no error.
    ///
    /// # Errors
    /// [`OutsideError`](super::OutsideError); of [`Fork`](super::OutsideError::Fork) the log must learn.
    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored>;

    /// The largest checkpoint of this origin that the place can give back. Whoever asks verifies it.
    ///
    /// # Errors
    /// [`OutsideError`](super::OutsideError).
    fn recall<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Recalled>;
}

/// What came back for a checkpoint that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Anchored {
    /// The place keeps it.
    Kept,
    /// The checkpoint with the place's own signature added, to be kept beside the log.
    Cosigned(Note),
    /// An RFC 3161 time-stamp token (DER, a `ContentInfo`) over the bytes of the note, to be kept beside the log.
    TimeStamped(Vec<u8>),
}

/// What a place can give back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recalled {
    /// It signs, and keeps nothing that could be asked for.
    NotKept,
    /// It knows of no checkpoint of this origin.
    Nothing,
    /// Bytes of a signed note, not verified; at most [`MAX_NOTE_LEN`](crate::MAX_NOTE_LEN).
    Checkpoint(Vec<u8>),
}
