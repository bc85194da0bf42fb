//! A log: a folder of streams, the root note that lists them, and the pin that outsiders hold.

mod create;
mod growth;
mod pin;
mod prove;
mod publish;
mod read;
mod retire;
mod root;

use std::io;
use std::path::{Path, PathBuf};

pub use self::create::{CreateLogError, NewLog};
pub use self::pin::{AwsKeyError, Pin};
pub use self::prove::StreamProver;
pub use self::publish::{PublishError, Published};
pub use self::read::{Batches, StreamReader};
pub use self::retire::{RetireError, RetiredRecords};
pub use self::root::{RootError, RootNote};
use crate::epoch::StreamName;
use crate::note::{MAX_NOTE_LEN, NoteSigner};
use crate::stream::{OpenWriterError, Purpose, StreamWriter, WriterOptions};
use crate::tree::Hash;
use crate::verify::{Among as _, Known, StreamVerifier};
use crate::volume::{Folder, read_whole};

/// The root note's file in the folder of the log.
const ROOT: &str = "root";
/// The folder of the streams.
const STREAMS: &str = "streams";

/// A log whose root note was verified with its pin.
#[derive(Clone, Debug)]
pub struct AuditLog {
    folder: PathBuf,
    root: RootNote,
    pin: Pin,
}

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// There is no root note.
    #[error("there is no log here: its root note is missing")]
    NoLog,
    /// The root note does not verify with the pin.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The root note is older than the pin: an old copy was restored, or a stream was taken out.
    #[error("the root note has revision {found}, the pin knows of {known}")]
    OldRoot {
        /// Of the root note.
        found: u64,
        /// Of the pin.
        known: u64,
    },
    /// The root note lists no such stream.
    #[error("the log has no such stream")]
    NoStream,
    /// Reading failed.
    #[error("the log could not be read")]
    Io(#[from] io::Error),
}

impl AuditLog {
    /// Reads the root note of a folder and verifies it with the pin.
    ///
    /// # Errors
    /// [`LogError`]; nothing in the folder is to be believed then.
    pub fn open(folder: &Path, pin: &Pin) -> Result<Self, LogError> {
        let max = u64::try_from(MAX_NOTE_LEN).unwrap_or(u64::MAX);
        let bytes = read_whole(&Folder::new(folder), ROOT, max)?.ok_or(LogError::NoLog)?;
        let root = RootNote::open(&bytes, pin)?;
        if root.revision() < pin.revision() {
            let (found, known) = (root.revision(), pin.revision());
            return Err(LogError::OldRoot { found, known });
        }
        Ok(Self { folder: folder.to_owned(), root, pin: pin.clone() })
    }

    /// The log of one stream, which lies elsewhere than in a folder.
    #[cfg(test)]
    pub(crate) fn of_stream(
        genesis: &crate::epoch::Genesis,
        leaf: Hash,
        key: &dyn NoteSigner,
    ) -> Self {
        let (revision, streams) =
            (crate::count::Count::from_u32(1), vec![(genesis.stream.clone(), leaf)]);
        let root = RootNote::new(genesis.log.clone(), genesis.id, revision, streams).unwrap();
        let pin = Pin::new(key.verifier_key().clone(), genesis.id, revision);
        Self { folder: PathBuf::new(), root, pin }
    }

    /// What the root note says.
    #[must_use]
    pub const fn root(&self) -> &RootNote {
        &self.root
    }

    /// What it was verified with; after [`Self::add_stream`], the pin that knows of the new stream.
    #[must_use]
    pub const fn pin(&self) -> &Pin {
        &self.pin
    }

    /// The folder of a stream, whether it is there or not.
    #[must_use]
    pub fn stream_folder(&self, stream: &StreamName) -> PathBuf {
        self.folder.join(STREAMS).join(stream.as_str())
    }

    fn genesis(&self, stream: &StreamName) -> Result<Hash, LogError> {
        self.root.genesis(stream).copied().ok_or(LogError::NoStream)
    }

    /// Checks a stream.
    ///
    /// # Errors
    /// [`LogError::NoStream`].
    pub fn verifier(&self, stream: &StreamName) -> Result<StreamVerifier, LogError> {
        let (folder, genesis) = (self.stream_folder(stream), self.genesis(stream)?);
        Ok(StreamVerifier::new(&folder, self.origin(stream), genesis))
    }

    /// Becomes the writer of a stream. What a crash has left behind the last commit is moved to quarantine and
    /// recorded; a stream that lacks records that were acknowledged is not touched.
    ///
    /// # Errors
    /// [`OpenWriterError`]. With `known`, also if the stream does not continue one of these checkpoints.
    pub fn writer(
        &self,
        stream: &StreamName,
        options: &WriterOptions,
        known: &[Known],
    ) -> Result<StreamWriter, OpenWriterError> {
        self.open_writer(stream, options, known, Purpose::Write)
    }

    /// As [`Self::writer`], and gives up acknowledged records that are missing: what is left of the stream goes on
    /// with a record that says how many are lost. For a stream that refuses otherwise, and only after its files
    /// were kept elsewhere.
    ///
    /// # Errors
    /// As of [`Self::writer`], but for what is repaired.
    pub fn repair(
        &self,
        stream: &StreamName,
        options: &WriterOptions,
        known: &[Known],
    ) -> Result<StreamWriter, OpenWriterError> {
        self.open_writer(stream, options, known, Purpose::Repair)
    }

    /// As [`Self::repair`], for a stream whose epoch keys are gone. The log key vouches for a new one, which every
    /// later verification tells of.
    ///
    /// # Errors
    /// As of [`Self::repair`], and [`OpenWriterError::OtherLogKey`].
    pub fn rekey(
        &self,
        stream: &StreamName,
        options: &WriterOptions,
        known: &[Known],
        signer: &dyn NoteSigner,
    ) -> Result<StreamWriter, OpenWriterError> {
        self.open_writer(stream, options, known, Purpose::Rekey(signer))
    }

    fn open_writer(
        &self,
        stream: &StreamName,
        options: &WriterOptions,
        known: &[Known],
        purpose: Purpose<'_>,
    ) -> Result<StreamWriter, OpenWriterError> {
        let genesis = self.genesis(stream).map_err(|_| OpenWriterError::NoStream)?;
        if !known.all_of(&self.origin(stream)) {
            return Err(OpenWriterError::OtherStream);
        }
        let folder = self.stream_folder(stream);
        StreamWriter::open(&folder, genesis, options, purpose, known)
    }
}
