//! What can go wrong while writing.

use std::io;

use super::SpaceStage;
use crate::epoch::SlotError;
use crate::event::EventError;
use crate::line::LineError;
use crate::note::SignerError;
use crate::stream::recover::Unwritable;
use crate::text::RandomError;

/// Why there is no writer. No record has changed, whatever it is. Where that is said, what stood behind the last good
/// commit may have been moved to quarantine, which the next writer records, and an epoch may have been opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenWriterError {
    /// The root note lists no such stream.
    #[error("the log has no such stream")]
    NoStream,
    /// Another writer has the stream, and did not end in time.
    #[error("another process writes this stream")]
    Busy,
    /// The stream cannot be gone on with as it is.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
    /// An anchor or checkpoint knows of a larger tree: an old copy of the log was restored, or its end was cut.
    #[error("a checkpoint of {known} records is known, {found} are there")]
    Anchored {
        /// Records of the checkpoint.
        known: u64,
        /// Records that are there.
        found: u64,
    },
    /// An anchor or checkpoint knows of another history.
    #[error("the stream does not continue a checkpoint of {known} records")]
    Fork {
        /// Records of the checkpoint.
        known: u64,
    },
    /// What is known from elsewhere is of another stream.
    #[error("what is known from elsewhere is of another stream")]
    OtherStream,
    /// The key that the last epoch named is gone: only the log key can let the stream go on. With
    /// [`SlotError::Io`], the file of keys may have been made anew for a rekey.
    #[error(transparent)]
    Key(#[from] SlotError),
    /// The log key did not sign. What stood behind the last good commit may be in quarantine.
    #[error("the log key did not sign")]
    Signer(#[from] SignerError),
    /// The log key offered is not the one that record 0 names.
    #[error("this is not the log key of the stream")]
    OtherLogKey,
    /// The operating system gave no randomness. What stood behind the last good commit may be in quarantine.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The first batch could not be written; see [`AppendError`]. What it would have said may be recorded or not, and
    /// what stood behind the last good commit may be in quarantine.
    #[error("the stream could not be gone on with")]
    Append(#[from] AppendError),
    /// The system gives no thread that would keep epochs going when nothing is recorded. An epoch was opened.
    #[error("the system gives no thread for the log")]
    NoThread(#[source] io::Error),
    /// Reading or writing failed. What stood behind the last good commit may be in quarantine.
    #[error("the stream could not be read or written")]
    Io(#[from] io::Error),
}

/// Why an event was not recorded. What it tells of must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The event makes no record.
    #[error(transparent)]
    Event(#[from] EventError),
    /// More events in one call than may stand under one commit.
    #[error("at most {max} events can be recorded together")]
    TooMany {
        /// How many may.
        max: usize,
    },
    /// Too many events wait to be written.
    #[error("too many events wait to be written")]
    Full,
    /// The disk is nearly full. What was denied and emergencies are still recorded while the stage is
    /// [`SpaceStage::Refuse`].
    #[error("there is too little room on the disk for the log")]
    NoSpace {
        /// How little.
        stage: SpaceStage,
    },
    /// Writing failed, now or before: what is durable is not known. The stream has to be opened anew.
    #[error("the log cannot be written ({0})")]
    Broken(io::ErrorKind),
    /// The segment that is written was taken away or replaced: what was written is not where readers look, and does
    /// not count. The stream has to be opened anew.
    #[error("the files of the log were taken away or replaced while it was written")]
    Displaced,
    /// This process was forked off the one that opened the stream, and has no part in it.
    #[error("a process that was forked off cannot write the log of the one before")]
    Forked,
    /// A number would exceed what the format can hold.
    #[error("the stream is at its limit")]
    Limit,
    /// The writer was closed.
    #[error("the log is closed")]
    Closed,
}

impl From<LineError> for AppendError {
    fn from(error: LineError) -> Self {
        Self::Event(error.into())
    }
}
