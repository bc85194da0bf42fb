//! Checkpoints of streams, and the proofs that are made from them.

use std::io;
use std::time::Duration;

use super::growth::Growth;
use super::{AuditLog, LogError};
use crate::checkpoint::{Checkpoint, CheckpointError, LogOrigin, OpenCheckpointError};
use crate::epoch::{StreamName, stream_origin};
use crate::note::{MAX_NOTE_LEN, Note, NoteSigner, SignNoteError};
use crate::stream::{CHECKPOINT, Fault, Tiles, TilesError};
use crate::tile::TileError;
use crate::tree::ProveError;
use crate::verify::{Among as _, Known};
use crate::volume::{Folder, Volume, read_whole, replace};

/// How long to wait for another process that makes a checkpoint: longer than one takes, but for the first of a large
/// log.
const PATIENCE: Duration = Duration::from_secs(30);

/// A checkpoint that the log key has signed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// With its signature.
    pub note: Note,
}

/// Why there is no checkpoint, or no proof. The log is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Another process makes a checkpoint of the stream, and did not end in time.
    #[error("another process makes a checkpoint of this stream")]
    Busy,
    /// The last checkpoint is not signed by the log key, or of another stream.
    #[error("the last checkpoint is not one of this stream")]
    Existing(#[source] Option<OpenCheckpointError>),
    /// The last checkpoint is of more records than there are: the end of the stream was cut.
    #[error("the last checkpoint is of {published} records, {found} are there")]
    Behind {
        /// Records of the checkpoint.
        published: u64,
        /// Records that are there.
        found: u64,
    },
    /// The stream does not continue what is known of it elsewhere: nothing was signed.
    #[error("the stream does not continue a checkpoint of {known} records")]
    Fork {
        /// Records of the checkpoint that is known.
        known: u64,
    },
    /// What is known from elsewhere is of another stream: nothing was signed.
    #[error("what is known from elsewhere is of another stream")]
    OtherStream,
    /// There is no checkpoint yet, or none that has the record.
    #[error("no checkpoint has the record yet")]
    NotYet,
    /// What is behind the last checkpoint is not what its writer wrote.
    #[error("the stream is not what its writer wrote: {0}")]
    Fault(Fault),
    /// The key is not the log's.
    #[error("this is not the log key")]
    OtherLogKey,
    /// The log key did not sign.
    #[error(transparent)]
    Sign(#[from] SignNoteError),
    /// The checkpoint would not be one.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tiles are missing or damaged, or not of the tree that was committed.
    #[error(transparent)]
    Tiles(#[from] TilesError),
    /// There is no proof for this.
    #[error(transparent)]
    Prove(#[from] ProveError<TileError<io::Error>>),
}

impl From<io::Error> for PublishError {
    fn from(error: io::Error) -> Self {
        Self::Log(error.into())
    }
}

impl AuditLog {
    /// The origin of a stream: what its checkpoints begin with.
    #[must_use]
    pub fn origin(&self, stream: &StreamName) -> LogOrigin {
        stream_origin(self.root.log(), stream)
    }

    /// The newest checkpoint of a stream, verified with the pin; nothing before the first.
    ///
    /// # Errors
    /// [`PublishError::Existing`] if what lies there is none.
    pub fn checkpoint(&self, stream: &StreamName) -> Result<Option<Published>, PublishError> {
        self.read_checkpoint(&Folder::new(&self.stream_folder(stream)), stream)
    }

    pub(crate) fn read_checkpoint(
        &self,
        volume: &dyn Volume,
        stream: &StreamName,
    ) -> Result<Option<Published>, PublishError> {
        let max = u64::try_from(MAX_NOTE_LEN).unwrap_or(u64::MAX);
        let Some(bytes) = read_whole(volume, CHECKPOINT, max)? else { return Ok(None) };
        self.open_checkpoint(stream, &bytes).map(Some)
    }

    /// Verifies a checkpoint of a stream, wherever it was kept, with the pin.
    ///
    /// # Errors
    /// [`PublishError::Existing`] if it is not signed by the log key, or of another stream.
    pub fn open_checkpoint(
        &self,
        stream: &StreamName,
        bytes: &[u8],
    ) -> Result<Published, PublishError> {
        let opened = Checkpoint::open(bytes, self.pin.key(), &[]);
        let (checkpoint, _) = opened.map_err(|error| PublishError::Existing(Some(error)))?;
        if *checkpoint.origin() != self.origin(stream) {
            return Err(PublishError::Existing(None));
        }
        let note =
            Note::parse(bytes).map_err(|error| PublishError::Existing(Some(error.into())))?;
        Ok(Published { checkpoint, note })
    }

    /// Signs a checkpoint of everything that was acknowledged, makes the tiles of its tree durable, and puts it in
    /// the place of the last one, which it continues. A writer may go on meanwhile.
    ///
    /// # Errors
    /// [`PublishError`]; nothing was signed, or the last checkpoint is still in its place.
    pub fn publish(
        &self,
        stream: &StreamName,
        signer: &dyn NoteSigner,
    ) -> Result<Published, PublishError> {
        self.publish_after(stream, signer, &[])
    }

    /// As [`Self::publish`], and signs nothing that does not continue what is known of the stream elsewhere: what
    /// the log key has signed once cannot be taken back.
    ///
    /// # Errors
    /// As of [`Self::publish`], [`PublishError::Behind`] and [`PublishError::Fork`] also for what is known.
    pub fn publish_after(
        &self,
        stream: &StreamName,
        signer: &dyn NoteSigner,
        known: &[Known],
    ) -> Result<Published, PublishError> {
        self.genesis(stream)?;
        if signer.verifier_key() != self.pin.key() {
            return Err(PublishError::OtherLogKey);
        }
        if !known.all_of(&self.origin(stream)) {
            return Err(PublishError::OtherStream);
        }
        let folder = Folder::new(&self.stream_folder(stream));
        let alone = folder.wait_for_lock(CHECKPOINT, PATIENCE)?;
        let _alone = alone.ok_or(PublishError::Busy)?;
        self.publish_alone(&folder, stream, signer, known)
    }

    /// The same, for whoever has the lock.
    pub(crate) fn publish_alone(
        &self,
        volume: &dyn Volume,
        stream: &StreamName,
        signer: &dyn NoteSigner,
        known: &[Known],
    ) -> Result<Published, PublishError> {
        let last = self.read_checkpoint(volume, stream)?;
        let commit = Tiles(volume).acknowledged()?;
        let before = last.as_ref().map(|last| &last.checkpoint);
        let (found, published) = (commit.size.get(), before.map_or(0, Checkpoint::size));
        if published > found {
            return Err(PublishError::Behind { published, found });
        }
        self.extend(volume, Growth { stream, last: before, commit: &commit }, known)?;
        if let Some(last) = last.filter(|_| published == found) {
            // Whoever signed it may have been killed before its name was durable.
            volume.sync_folder("")?;
            return Ok(last);
        }
        let checkpoint = Checkpoint::new(self.origin(stream), found, commit.root)?;
        let note = Note::sign(checkpoint.to_text()?, signer)?;
        replace(volume, CHECKPOINT, note.render().as_bytes())?;
        Ok(Published { checkpoint, note })
    }

    /// What the checkpoints kept beside the stream know of it.
    ///
    /// # Errors
    /// As of [`Self::checkpoint`].
    pub fn known(&self, stream: &StreamName) -> Result<Option<Known>, PublishError> {
        Ok(self.checkpoint(stream)?.map(|last| Known::from(&last.checkpoint)))
    }
}
