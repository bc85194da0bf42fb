//! The file `hwm`: how far the stream has been acknowledged.
//!
//! The last commit line, its LF, and blanks up to 512 bytes, written in one piece behind every durable batch and not
//! synced: it may be behind after a power cut, and is never ahead of what is durable.

use std::io;

use crate::line::{CommitLine, Line};
use crate::volume::{Access, Volume, VolumeFile};

const NAME: &str = "hwm";
/// A sector: what a disk writes whole or not at all.
const LEN: usize = 512;

/// The file, open for writing.
#[derive(Debug)]
pub(crate) struct HighWater {
    file: Box<dyn VolumeFile>,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Missing,
    Unreadable,
    Commit(CommitLine),
}

impl Mark {
    /// The commit, if it can be read.
    pub(crate) const fn commit(&self) -> Option<&CommitLine> {
        match self {
            Self::Commit(commit) => Some(commit),
            Self::Missing | Self::Unreadable => None,
        }
    }
}

impl HighWater {
    /// Makes the file; durable once the folder is synced.
    pub(crate) fn create(volume: &dyn Volume, commit: &CommitLine) -> io::Result<()> {
        let file = volume.create(NAME)?;
        let mark = Self { file };
        mark.set(commit)?;
        mark.file.sync()
    }

    pub(crate) fn open(volume: &dyn Volume) -> io::Result<Option<Self>> {
        Ok(volume.open(NAME, Access::Write)?.map(|file| Self { file }))
    }

    pub(crate) fn remove(volume: &dyn Volume) -> io::Result<()> {
        volume.remove(NAME)
    }

    pub(crate) fn set(&self, commit: &CommitLine) -> io::Result<()> {
        self.file.write_at(&encode(commit), 0)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    pub(crate) fn read(volume: &dyn Volume) -> io::Result<Mark> {
        let Some(file) = volume.open(NAME, Access::Read)? else { return Ok(Mark::Missing) };
        let mut bytes = [0; LEN + 1];
        let read = file.read_at(&mut bytes, 0)?;
        let content = bytes.get(..read).unwrap_or_default();
        Ok(decode(content).map_or(Mark::Unreadable, Mark::Commit))
    }
}

fn encode(commit: &CommitLine) -> [u8; LEN] {
    let mut bytes = [b' '; LEN];
    // A commit has at most 230 bytes.
    let line = commit.render().into_iter().chain([b'\n']);
    bytes.iter_mut().zip(line).for_each(|(place, byte)| *place = byte);
    bytes
}

/// The commit of a mark; nothing of anything that [`encode`] has not written.
pub(crate) fn decode(bytes: &[u8]) -> Option<CommitLine> {
    let end = memchr::memchr(b'\n', bytes)?;
    match Line::parse(bytes.get(..end)?) {
        Ok(Line::Commit(commit)) => (encode(&commit) == bytes).then_some(commit),
        _ => None,
    }
}
