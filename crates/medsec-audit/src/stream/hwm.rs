//! The file `hwm`: how far the stream has been acknowledged.
//!
//! The last commit line, its LF, and blanks up to 512 bytes, written in one piece behind every durable batch and not
//! synced: it may be behind after a power cut, and is never ahead of what is durable.

use std::io;
use std::time::Duration;

use crate::line::{CommitLine, Line};
use crate::volume::{Access, Volume, VolumeFile};

const NAME: &str = "hwm";
/// A sector: what a disk writes whole or not at all.
const LEN: usize = 512;
/// How often a mark is read twice until both are the same.
const READS: usize = 5;
const PAUSE: Duration = Duration::from_millis(1);

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
        mark.set(&line_of(commit))?;
        mark.file.sync()
    }

    /// Makes the file and writes nothing into it: until the first commit is set, it is a mark that cannot be read, and
    /// the stream is not written. Its name is durable once the folder is synced.
    pub(crate) fn create_empty(volume: &dyn Volume) -> io::Result<()> {
        volume.create(NAME).map(drop)
    }

    pub(crate) fn open(volume: &dyn Volume) -> io::Result<Option<Self>> {
        Ok(volume.open(NAME, Access::Write)?.map(|file| Self { file }))
    }

    pub(crate) fn remove(volume: &dyn Volume) -> io::Result<()> {
        volume.remove(NAME)
    }

    /// Takes the line of a commit, with its LF.
    pub(crate) fn set(&self, line: &[u8]) -> io::Result<()> {
        self.file.write_at(&padded(line), 0)
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    pub(crate) fn read(volume: &dyn Volume) -> io::Result<Mark> {
        let Some(file) = volume.open(NAME, Access::Read)? else { return Ok(Mark::Missing) };
        let last = steady(|| read_once(&*file), || std::thread::sleep(PAUSE))?;
        Ok(last.map_or(Mark::Unreadable, Mark::Commit))
    }
}

/// Reads until a mark is the same twice in a row. What is none, or another one, is being written or damaged: after a
/// pause it is whole, or still is. One that is never the same twice counts as damaged.
fn steady(
    mut read: impl FnMut() -> io::Result<Option<CommitLine>>,
    pause: impl Fn(),
) -> io::Result<Option<CommitLine>> {
    for turn in 0..READS {
        if turn > 0 {
            pause();
        }
        let (first, again) = (read()?, read()?);
        if first.is_some() && first == again {
            return Ok(first);
        }
    }
    Ok(None)
}

/// File systems need not read whole what is written in one piece meanwhile: a mark counts that is read twice.
fn read_once(file: &dyn VolumeFile) -> io::Result<Option<CommitLine>> {
    let mut bytes = [0; LEN + 1];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(decode(bytes.get(..read).unwrap_or_default()))
}

fn line_of(commit: &CommitLine) -> Vec<u8> {
    let mut line = commit.render();
    line.push(b'\n');
    line
}

fn padded(line: &[u8]) -> [u8; LEN] {
    let mut bytes = [b' '; LEN];
    // A commit has at most 230 bytes.
    bytes.iter_mut().zip(line).for_each(|(place, byte)| *place = *byte);
    bytes
}

/// The commit of a mark; nothing of anything that a writer has not written.
pub(crate) fn decode(bytes: &[u8]) -> Option<CommitLine> {
    let end = memchr::memchr(b'\n', bytes)?;
    match Line::parse(bytes.get(..end)?) {
        Ok(Line::Commit(commit)) => (padded(&line_of(&commit)) == bytes).then_some(commit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::Count;
    use crate::tree::EMPTY_ROOT;

    fn commit(size: u32) -> CommitLine {
        let [epoch, counter, size] = [1, 2, size].map(Count::from_u32);
        CommitLine { epoch, counter, size, root: EMPTY_ROOT, signature: [7; 64] }
    }

    /// What is made of these readings, of which the last stays.
    fn read(readings: &[Option<CommitLine>]) -> Option<CommitLine> {
        let mut next = readings.iter().chain(std::iter::repeat(readings.last().unwrap()));
        steady(|| Ok(*next.next().unwrap()), || {}).unwrap()
    }

    #[test]
    fn a_damaged_mark_stays_unreadable() {
        assert_eq!(read(&[None]), None);
    }

    #[test]
    fn a_mark_that_is_never_the_same_twice_does_not_count() {
        let readings: Vec<_> = (1..=30).map(|size| Some(commit(size))).collect();
        assert_eq!(read(&readings), None);
    }

    #[test]
    fn between_two_pairs_of_readings_there_is_a_pause() {
        let (reads, pauses) = (std::cell::Cell::new(0_usize), std::cell::Cell::new(0_usize));
        let read = || {
            reads.update(|reads| reads + 1);
            Ok(Some(commit(u32::try_from(reads.get()).unwrap())))
        };
        assert_eq!(steady(read, || pauses.update(|pauses| pauses + 1)).unwrap(), None);
        assert_eq!((reads.get(), pauses.get()), (2 * READS, READS - 1));
    }

    #[test]
    fn a_mark_that_is_read_half_written_is_read_again() {
        let (old, mixed, new) = (commit(199), commit(299), commit(200));
        assert_eq!(read(&[None, Some(new)]), Some(new));
        assert_eq!(read(&[None, None, None, Some(new)]), Some(new));
        // Well-formed, and never written.
        assert_eq!(read(&[Some(mixed), Some(new)]), Some(new));
        assert_eq!(read(&[Some(old), Some(mixed), Some(new)]), Some(new));
    }
}
