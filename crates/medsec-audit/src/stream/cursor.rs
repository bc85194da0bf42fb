//! Reads what is committed and acknowledged, as it grows.

use std::io;

use super::hwm::{HighWater, Mark};
use super::layout::{Segment, segments};
use super::walk::Position;
use crate::line::Line;
use crate::time::LogTime;
use crate::volume::{Access, Volume};

/// Bytes read at once, if that is enough for a batch.
const READ: u64 = 1 << 20;
/// Most bytes of a batch: a writer's are far smaller.
pub(crate) const MAX_BATCH: u64 = 64 << 20;

/// What a commit line starts with, behind the LF of the line before it.
const COMMIT: &[u8] = b"\n{\"commit\":";

/// Why it is not known how far a stream may be read. Behind what was acknowledged a writer may be at work, and what it
/// writes there may never come to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// There is none. Of a copy that is right: whoever reads it says how far.
    #[error("the mark of what was acknowledged is missing")]
    Missing,
    /// It cannot be read as one.
    #[error("the mark of what was acknowledged is damaged")]
    Damaged,
}

impl MarkError {
    /// Whether this is why reading failed.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<MarkError> for io::Error {
    fn from(error: MarkError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// A place between two batches of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    at: Position,
    /// Records behind which nothing is read, whatever the mark says.
    limit: Option<u64>,
}

impl Cursor {
    /// In front of the segment that has the record with this number, or is the last.
    pub(crate) fn near(volume: &dyn Volume, seq: u64) -> io::Result<Self> {
        let segments = segments(volume)?;
        let before = segments.iter().take_while(|segment| segment.first <= seq).last();
        let first = before.or(segments.first()).map_or(0, |segment| segment.first);
        Ok(Self::at(first))
    }

    /// In front of the first segment that may have a record of a time or later: of the first whose own first record,
    /// or that of the segment behind it, is after the time or cannot be read. All segments are looked at up to there,
    /// one line of each, because clocks are set back: no order of times can be relied on.
    pub(crate) fn since(volume: &dyn Volume, time: LogTime) -> io::Result<Self> {
        let segments = segments(volume)?;
        let mut before = segments.first().copied();
        for segment in segments {
            // Empty, or not readable as a line: whoever reads on will see that.
            let past = segment.first_time(volume)?.is_some_and(|first| first <= time);
            if !past {
                break;
            }
            before = Some(segment);
        }
        Ok(Self::at(before.map_or(0, |segment| segment.first)))
    }

    const fn at(segment: u64) -> Self {
        Self { at: Position { segment, offset: 0 }, limit: None }
    }

    /// Reads no more than so many records, and without a mark as many.
    pub(crate) const fn up_to(self, size: u64) -> Self {
        Self { limit: Some(size), ..self }
    }

    /// The lines of the next batches, each with its LF, the last a commit that was acknowledged; nothing as long as
    /// there is no more. Hashes and signatures are not checked.
    ///
    /// # Errors
    /// Reading failed, or what is there is no batch, or there is neither a mark nor a limit ([`MarkError`]); the cursor
    /// is where it was.
    pub(crate) fn next(&mut self, volume: &dyn Volume) -> io::Result<Option<Vec<u8>>> {
        // First the mark: what is acknowledged later may not be in the file yet.
        let limit = self.limit(HighWater::read(volume)?)?;
        loop {
            match self.read(volume, limit)? {
                Some(bytes) => return Ok(Some(bytes)),
                None if !self.leave(volume, limit)? => return Ok(None),
                None => {}
            }
        }
    }

    /// How many records may be read. Without a mark a writer may be at work anywhere, so that the caller must know.
    fn limit(&self, mark: Mark) -> Result<u64, MarkError> {
        match mark {
            Mark::Commit(commit) => Ok(self.limit.unwrap_or(u64::MAX).min(commit.size.get())),
            Mark::Missing => self.limit.ok_or(MarkError::Missing),
            Mark::Unreadable => Err(MarkError::Damaged),
        }
    }

    /// Goes to the next segment, if there is one whose beginning is acknowledged: then this one is read to its end.
    /// A batch that was acknowledged after the mark was read may still be behind.
    fn leave(&mut self, volume: &dyn Volume, limit: u64) -> io::Result<bool> {
        let later = segments(volume)?.into_iter().find(|segment| segment.first > self.at.segment);
        let within = |next: &Segment| next.first <= limit;
        let Some(next) = later.filter(within) else { return Ok(false) };
        self.at = Position { segment: next.first, offset: 0 };
        Ok(true)
    }

    fn read(&mut self, volume: &dyn Volume, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let name = Segment { first: self.at.segment }.name();
        let Some(file) = volume.open(&name, Access::Read)? else { return Ok(None) };
        let left = file.len()?.saturating_sub(self.at.offset);
        let mut wanted = READ.min(left);
        loop {
            let mut bytes = vec![0; usize::try_from(wanted).map_err(io::Error::other)?];
            let read = file.read_at(&mut bytes, self.at.offset)?;
            bytes.truncate(read);
            if let Some(end) = committed(&bytes, limit) {
                bytes.truncate(end);
                let len = u64::try_from(end).map_err(io::Error::other)?;
                self.at.offset = self.at.offset.saturating_add(len);
                return Ok(Some(bytes));
            }
            if wanted == left {
                return Ok(None);
            }
            if wanted >= MAX_BATCH {
                return Err(io::ErrorKind::InvalidData.into());
            }
            // A batch larger than was read.
            wanted = wanted.saturating_mul(8).min(left);
        }
    }
}

/// Where the last commit line ends whose size is within the limit.
fn committed(bytes: &[u8], limit: u64) -> Option<usize> {
    let mut end = bytes.len();
    loop {
        let found = memchr::memmem::rfind(bytes.get(..end)?, COMMIT)?;
        let start = found.saturating_add(1);
        let line = bytes.get(start..)?;
        if let Some(len) = memchr::memchr(b'\n', line)
            && let Ok(Line::Commit(commit)) = Line::parse(line.get(..len)?)
            && commit.size.get() <= limit
        {
            return Some(start.saturating_add(len).saturating_add(1));
        }
        end = found;
    }
}
