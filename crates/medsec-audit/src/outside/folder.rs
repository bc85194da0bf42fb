//! An anchor in a folder: another disk, a share of another machine, a medium that is taken away.
//!
//! One file for each checkpoint, `<origin>/<size, 20 digits>`, the origin with `%` and two digits for every byte
//! that is no letter, digit, `_`, `-`, or `.` behind the first byte. A file that is there is never replaced. What that is
//! worth depends on who can write the folder: whoever can write both the log and it can change both.
//!
//! The folder of an origin is made once, by [`FolderAnchor::prepare`]. Where it is missing later, nothing is mounted at
//! that place, or what was kept is gone: the anchor is then out of reach, and never an empty one.

use std::fmt::Write as _;
use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use super::{Anchor, Anchored, OutsideError, OutsideFuture, Recalled};
use crate::checkpoint::{Checkpoint, CheckpointError, LogOrigin};
use crate::clock::SystemClock;
use crate::event::PeerName;
use crate::note::{MAX_NOTE_LEN, Note};
use crate::volume::{Folder, Lock, read_whole, replace, wait_for_lock};

/// Digits of the size in the name of a file.
const DIGITS: usize = 20;
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
        let (volume, name) = (self.stream(about.origin())?, name_of(about.size()));
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
        let Some(size) = largest(volume.path())? else { return Ok(None) };
        read_whole(&volume, &name_of(size), max_note()).map_err(unreachable)
    }

    fn stream(&self, origin: &LogOrigin) -> Result<Folder, OutsideError> {
        let name = folder_name(origin);
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

/// The origin as one name: letters, digits, `_` and `-` as they are, and `.` too unless it is the first byte, because a
/// name of dots alone leads elsewhere; every other byte as `%` and two hexadecimal digits.
fn folder_name(origin: &LogOrigin) -> String {
    let mut name = String::new();
    for (at, byte) in origin.as_str().bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if plain || (byte == b'.' && at > 0) {
            name.push(char::from(byte));
        } else {
            // A String takes whatever is written to it.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

fn name_of(size: u64) -> String {
    format!("{size:0DIGITS$}")
}

fn size_of(name: &str) -> Option<u64> {
    let shaped = name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_digit());
    shaped.then(|| name.parse().ok()).flatten()
}

/// The largest size that a file is named after.
fn largest(folder: &Path) -> Result<Option<u64>, OutsideError> {
    let entries = folder.read_dir().map_err(absent)?;
    let mut largest = None;
    for (seen, entry) in entries.enumerate() {
        if seen >= MAX_FILES {
            return Err(OutsideError::Answer(FolderAnchorError::Files.into()));
        }
        let name = entry.map_err(unreachable)?.file_name();
        largest = largest.max(name.to_str().and_then(size_of));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_origin_makes_a_name_that_leads_elsewhere() {
        for (origin, expected) in [
            (".", "%2E"),
            ("..", "%2E."),
            ("../x", "%2E.%2Fx"),
            ("clinic.example/log/main", "clinic.example%2Flog%2Fmain"),
            ("a%2Fb", "a%252Fb"),
            ("ä b:c", "%C3%A4%20b%3Ac"),
        ] {
            assert_eq!(folder_name(&LogOrigin::new(origin).unwrap()), expected, "{origin}");
        }
    }

    #[test]
    fn only_names_of_twenty_digits_count() {
        for bad in ["", "1", "0000000000000000000x", "000000000000000000001", "LOCK"] {
            assert_eq!(size_of(bad), None, "{bad}");
        }
        assert_eq!(size_of(&name_of(7)), Some(7));
        assert_eq!(size_of("99999999999999999999"), None);
    }
}
