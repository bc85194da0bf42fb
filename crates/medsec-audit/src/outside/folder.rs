//! An anchor in a folder: another disk, a share of another machine, a medium that is taken away.
//!
//! One file for each checkpoint, `<origin>/<size, 20 digits>`, the origin as [`LogOrigin::to_file_name`] has it. A file
//! that is there is never replaced. What that is worth depends on who can write the folder: whoever can write both the
//! log and it can change both.
//!
//! The folder of an origin is made once, by [`FolderAnchor::prepare`]. Where it is missing later, nothing is mounted at
//! that place, or what was kept is gone: the anchor is then out of reach, and never an empty one.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use super::{Anchor, Anchored, CheckpointName, OutsideError, OutsideFuture, Recalled};
use crate::checkpoint::{Checkpoint, CheckpointError, LogOrigin};
use crate::clock::SystemClock;
use crate::event::PeerName;
use crate::note::{MAX_NOTE_LEN, Note};
use crate::volume::{Folder, Lock, read_whole, replace, wait_for_lock};

/// Longest name of a file in the file systems in use.
const MAX_NAME: usize = 255;
/// Most files of an origin that are looked at: one every three minutes for six years.
const MAX_FILES: usize = 1 << 20;
/// The folder of an origin is its owner's alone.
const FOLDER_MODE: u32 = 0o700;
/// How long another process may take to put a checkpoint there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps checkpoints in a folder, in which each origin was prepared: a medium that is not mounted is not written past.
#[derive(Clone, Debug)]
pub struct FolderAnchor {
    name: PeerName,
    folder: Folder,
}

/// Why the folder cannot be used as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FolderAnchorError {
    /// The origin makes no name of a folder.
    #[error("the origin is too long for the name of a folder")]
    Origin,
    /// The folder of the origin is not there: it was never prepared, is not mounted, or was removed.
    #[error("the folder of the origin is not there")]
    Missing,
    /// Another process is writing there.
    #[error("another process writes there")]
    Busy,
    /// More files than a log makes.
    #[error("too many checkpoints")]
    Files,
}

impl FolderAnchor {
    /// The anchor in a folder, which is not looked at yet.
    #[must_use]
    pub fn new(name: PeerName, folder: &Path) -> Self {
        Self { name, folder: Folder::new(folder) }
    }

    /// Makes the folder of an origin, durably, for a log or stream that is new; nothing to do if it is there. Call it
    /// then and at no other time: afterwards a missing folder means that the anchor is out of reach.
    ///
    /// # Errors
    /// [`OutsideError::Unreachable`] if the anchor's own folder is not there or cannot be written;
    /// [`OutsideError::Refused`] if the origin makes no name of a folder.
    pub fn prepare(&self, origin: &LogOrigin) -> Result<(), OutsideError> {
        let stream = self.stream(origin)?;
        match DirBuilder::new().mode(FOLDER_MODE).create(stream.path()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(unreachable(error));
            }
            // One that was made before may not have been durable when that process ended.
            _ => {}
        }
        // Of a file in its place, this fails.
        stream.path().read_dir().map_err(unreachable)?;
        let synced = File::open(self.folder.path()).and_then(|folder| folder.sync_all());
        synced.map_err(unreachable)
    }

    /// Keeps a signed checkpoint, durably. One that is there is left alone.
    ///
    /// # Errors
    /// [`OutsideError::Fork`] if there is another of the same size, which stays;
    /// [`OutsideError::Unreachable`] if the folder of the origin is not there or cannot be written.
    pub fn keep(&self, checkpoint: &Note) -> Result<(), OutsideError> {
        let about = Checkpoint::insecure_of_unverified(checkpoint)
            .map_err(|error: CheckpointError| OutsideError::Refused(error.into()))?;
        let (volume, name) =
            (self.stream(about.origin())?, CheckpointName::new(about.size()).to_string());
        // Not made here: what is not mounted, or was emptied, must not look as if it kept something.
        volume.path().read_dir().map_err(absent)?;
        let _alone = lock(&volume)?;
        match read_whole(&volume, &name, max_note()).map_err(unreachable)? {
            None => replace(&volume, &name, checkpoint.render().as_bytes()).map_err(unreachable),
            // Signatures of witnesses may differ; what was signed may not.
            Some(kept) => {
                let same = Note::parse(&kept).is_ok_and(|kept| kept.text() == checkpoint.text());
                same.then_some(()).ok_or(OutsideError::Fork)
            }
        }
    }

    /// The largest checkpoint of an origin, not verified; nothing if none was kept since it was prepared.
    ///
    /// # Errors
    /// [`OutsideError::Unreachable`] if the folder of the origin is not there or cannot be read.
    pub fn newest(&self, origin: &LogOrigin) -> Result<Option<Vec<u8>>, OutsideError> {
        let volume = self.stream(origin)?;
        let Some(name) = largest(volume.path())? else { return Ok(None) };
        read_whole(&volume, &name.to_string(), max_note()).map_err(unreachable)
    }

    fn stream(&self, origin: &LogOrigin) -> Result<Folder, OutsideError> {
        let name = origin.to_file_name();
        let fits = name.len() <= MAX_NAME;
        let name = fits.then_some(name);
        let name = name.ok_or_else(|| OutsideError::Refused(FolderAnchorError::Origin.into()))?;
        Ok(Folder::new(&self.folder.path().join(name)))
    }
}

impl Anchor for FolderAnchor {
    fn name(&self) -> &PeerName {
        &self.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(async move { self.keep(checkpoint).map(|()| Anchored::Kept) })
    }

    fn recall<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(
            async move { Ok(self.newest(origin)?.map_or(Recalled::Nothing, Recalled::Checkpoint)) },
        )
    }
}

/// The file that is named after the largest size.
fn largest(folder: &Path) -> Result<Option<CheckpointName>, OutsideError> {
    let entries = folder.read_dir().map_err(absent)?;
    let mut largest = None;
    for (seen, entry) in entries.enumerate() {
        if seen >= MAX_FILES {
            return Err(OutsideError::Answer(FolderAnchorError::Files.into()));
        }
        let name = entry.map_err(unreachable)?.file_name();
        largest = largest.max(name.to_str().and_then(CheckpointName::parse));
    }
    Ok(largest)
}

fn lock(volume: &Folder) -> Result<Box<dyn Lock>, OutsideError> {
    let lock = wait_for_lock(volume, &SystemClock::default(), PATIENCE).map_err(unreachable)?;
    lock.ok_or_else(|| OutsideError::Unreachable(FolderAnchorError::Busy.into()))
}

/// Why the folder of an origin cannot be read, told apart from one that is not there.
fn absent(error: io::Error) -> OutsideError {
    match error.kind() {
        io::ErrorKind::NotFound => OutsideError::Unreachable(FolderAnchorError::Missing.into()),
        _ => unreachable(error),
    }
}

fn unreachable(error: io::Error) -> OutsideError {
    OutsideError::Unreachable(error.into())
}

fn max_note() -> u64 {
    u64::try_from(MAX_NOTE_LEN).unwrap_or(u64::MAX)
}
