//! New logs, and new streams in them.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::{AuditLog, Pin, PublishError, ROOT, RootNote, STREAMS};
use crate::clock::Clock;
use crate::count::Count;
use crate::epoch::{EpochPublicKey, Genesis, LogId, LogName, Retention, StreamName};
use crate::note::{NoteSigner, SignNoteError};
use crate::stream::{self, NewStreamError};
use crate::text::RandomError;
use crate::tree::Hash;
use crate::volume::{Folder, Volume as _, replace, write_new};

/// How long to wait for another process that adds a stream.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a new log is to be.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct NewLog {
    /// Its streams, at least one.
    pub streams: Vec<StreamName>,
    /// How long records are kept at least.
    pub retention: Retention,
}

/// Why there is no new log, or no new stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateLogError {
    /// There is a log already, or other files where one would be.
    #[error("there is a log or something else already")]
    Exists,
    /// No stream, one twice, or too many.
    #[error("a log has between one and a thousand streams of different names")]
    Streams,
    /// The name of the log key is none for a log.
    #[error("the name of the log key is not one that a log can have")]
    Name,
    /// Another process adds a stream, and did not end in time.
    #[error("another process adds a stream to the log")]
    Busy,
    /// The list of streams was changed since the log was opened: open it anew.
    #[error("the list of streams was changed meanwhile; nothing was added")]
    Changed,
    /// The root note cannot be read any more.
    #[error(transparent)]
    Log(#[from] super::LogError),
    /// The key offered is not the log's.
    #[error("this is not the log key")]
    OtherLogKey,
    /// The log key did not sign.
    #[error("the log key did not sign")]
    Sign(#[from] SignNoteError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The log is there, and its first checkpoint is not: it can be published later.
    #[error("the first checkpoint could not be published")]
    Publish(#[from] Box<PublishError>),
    /// Writing failed. What was made so far is no log: it can be removed.
    #[error("the log could not be written")]
    Io(#[from] io::Error),
}

impl From<NewStreamError> for CreateLogError {
    fn from(error: NewStreamError) -> Self {
        match error {
            NewStreamError::Random(error) => Self::Random(error),
            NewStreamError::Line(_) => Self::Name,
            NewStreamError::Io(error) => Self::Io(error),
        }
    }
}

impl AuditLog {
    /// Makes a log in a folder that is not there or empty. Its pin is to be published. The log bears the name of the
    /// key, which should not be kept on this machine.
    ///
    /// # Errors
    /// [`CreateLogError`]; there is no log then, unless it is [`CreateLogError::Publish`].
    pub fn create(
        folder: &Path,
        new: &NewLog,
        signer: &dyn NoteSigner,
        clock: &dyn Clock,
    ) -> Result<Self, CreateLogError> {
        let home = Folder::new(folder);
        home.make("")?;
        if folder.read_dir()?.next().is_some() {
            return Err(CreateLogError::Exists);
        }
        let log: LogName = name_of(signer)?;
        let id = LogId::generate()?;
        let mut streams = Vec::new();
        // Before anything is written: whether the list can be.
        let listed = new.streams.iter().map(|name| (name.clone(), crate::tree::EMPTY_ROOT));
        RootNote::new(log.clone(), id, Count::from_u32(1), listed.collect())
            .ok_or(CreateLogError::Streams)?;
        for stream in &new.streams {
            let genesis = genesis_of(&log, id, stream, new.retention, signer)?;
            streams.push((stream.clone(), begin(&home, &genesis, clock)?));
        }
        let root = RootNote::new(log, id, Count::from_u32(1), streams);
        let root = root.ok_or(CreateLogError::Streams)?;
        write_new(&home, ROOT, &root.sign(signer)?)?;
        home.sync_folder("")?;
        if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
            // The folder may be new. It may also be one that this user cannot open, and then is not.
            let _ = Folder::new(above).sync_folder("");
        }
        let pin = Pin::new(signer.verifier_key().clone(), id, Count::from_u32(1));
        let created = Self { folder: folder.to_owned(), root, pin };
        for stream in &new.streams {
            let _ = created.publish(stream, signer).map_err(Box::new)?;
        }
        Ok(created)
    }

    /// Adds a stream. The pin is then another one: who holds the older one does not miss the stream.
    ///
    /// # Errors
    /// [`CreateLogError`]; the log is as it was, unless it is [`CreateLogError::Publish`]. A folder that an interrupted attempt has left is in the way of
    /// another one and can be removed: the root note does not list it.
    pub fn add_stream(
        &mut self,
        stream: &StreamName,
        retention: Retention,
        signer: &dyn NoteSigner,
        clock: &dyn Clock,
    ) -> Result<(), CreateLogError> {
        if signer.verifier_key() != self.pin.key() {
            return Err(CreateLogError::OtherLogKey);
        }
        if self.root.genesis(stream).is_some() {
            return Err(CreateLogError::Exists);
        }
        let home = Folder::new(&self.folder);
        let alone = home.wait_for_lock(ROOT, PATIENCE)?;
        let _alone = alone.ok_or(CreateLogError::Busy)?;
        // Another may have added one since this log was opened.
        if Self::open(&self.folder, &self.pin)?.root != self.root {
            return Err(CreateLogError::Changed);
        }
        let (log, id) = (self.root.log().clone(), *self.root.id());
        let genesis = genesis_of(&log, id, stream, retention, signer)?;
        let leaf = begin(&home, &genesis, clock)?;
        let root = self.root.with(stream.clone(), leaf).ok_or(CreateLogError::Streams)?;
        replace(&home, ROOT, &root.sign(signer)?)?;
        self.pin = Pin::new(self.pin.key().clone(), id, root.revision_count());
        self.root = root;
        let _ = self.publish(stream, signer).map_err(Box::new)?;
        Ok(())
    }
}

fn name_of(signer: &dyn NoteSigner) -> Result<LogName, CreateLogError> {
    LogName::new(signer.verifier_key().name().as_str()).map_err(|_| CreateLogError::Name)
}

fn genesis_of(
    log: &LogName,
    id: LogId,
    stream: &StreamName,
    retention: Retention,
    signer: &dyn NoteSigner,
) -> Result<Genesis, CreateLogError> {
    let log_key = EpochPublicKey::from_bytes(signer.verifier_key().as_bytes());
    let log_key = log_key.map_err(|_| CreateLogError::Name)?;
    Ok(Genesis { log: log.clone(), stream: stream.clone(), id, log_key, retention })
}

/// Makes the folder of a stream in one step.
fn begin(home: &Folder, genesis: &Genesis, clock: &dyn Clock) -> Result<Hash, CreateLogError> {
    let name = format!("{STREAMS}/{}", genesis.stream);
    let path = home.path().join(&name);
    if path.exists() {
        return Err(CreateLogError::Exists);
    }
    let beside = format!("{STREAMS}/.{}.new", genesis.stream);
    // What an interrupted attempt has left: no stream, and no key that anything was signed with.
    match std::fs::remove_dir_all(home.path().join(&beside)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => home.make(&beside)?,
    }
    let made =
        stream::create(&Folder::new(&home.path().join(&beside)), genesis, clock.wall().into())?;
    home.rename(&beside, &name)?;
    home.sync_folder(STREAMS)?;
    Ok(made.leaf)
}
