//! Finds out where a stream can go on, and puts aside what cannot stay.

mod quarantine;

use std::io;

use super::fault::Fault;
use super::hwm::{HighWater, Mark};
use super::layout::{SEGMENTS, Segment};
use super::replay::Replay;
use super::state;
use super::ties::Ties;
use super::walk::{Ending, How, Position, Walk};
use crate::count::Count;
use crate::epoch::{KeySlots, Loss};
use crate::line::CommitLine;
use crate::tree::Hash;
use crate::volume::{Access, Volume, VolumeFile};

/// Bytes copied at once.
const COPY: usize = 1 << 20;

/// Why a stream cannot be written. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwritable {
    /// There is no good commit, not even that of record 0.
    #[error("the stream is missing, empty or does not begin as the root note says")]
    Headless {
        /// What is wrong with the beginning, if there is one.
        fault: Option<Fault>,
    },
    /// The file `hwm` is not there: what had been acknowledged is not known.
    #[error("the mark of what was acknowledged is missing")]
    NoMark,
    /// The file `hwm` cannot be read as one.
    #[error("the mark of what was acknowledged is damaged")]
    DamagedMark,
    /// More had been acknowledged than there is: records are missing.
    #[error("{acknowledged} records were acknowledged, {found} are there")]
    Behind {
        /// Records that were acknowledged.
        acknowledged: u64,
        /// Records that are there and good.
        found: u64,
        /// What is wrong behind them, if that is more than that they are missing.
        fault: Option<Fault>,
    },
    /// As many records are there as had been acknowledged, but not the same.
    #[error("other records are there than were acknowledged")]
    Other,
}

/// Where a stream can go on.
#[derive(Debug)]
pub(crate) struct Resumable {
    pub(crate) ending: Ending,
    /// What it was found to continue the last time.
    pub(crate) ties: Ties,
    mark: Mark,
    // Whether the cache of the last writer told where it ends.
    remembered: bool,
    // Names of files in quarantine that no record names.
    unnamed: Vec<String>,
}

impl Resumable {
    /// Reads as much as it must.
    pub(crate) fn find(volume: &dyn Volume, expected: Option<Hash>) -> io::Result<Self> {
        let mark = HighWater::read(volume)?;
        let walk = Walk::new(volume)?;
        let (mut ties, mut known) = (Ties::default(), None);
        if let Some((replay, at, tied)) = state::load(volume, expected) {
            let ending = walk.check(replay, at, &How::QUIET)?;
            // What was remembered may be what is wrong.
            known = Some(ending).filter(|e| e.fault.is_none() && key_waits(volume, &e.replay));
            // They are worth what the place is worth that they were remembered with.
            ties = known.as_ref().map(|_| tied).unwrap_or_default();
        }
        let remembered = known.is_some();
        let ending = known.map_or_else(|| walk.check_all(expected, &How::QUIET), Ok)?;
        let unnamed = quarantine::unnamed(volume, ending.replay.size())?;
        Ok(Self { ending, ties, mark, remembered, unnamed })
    }

    /// Whether a writer may go on by itself.
    pub(crate) fn check(&self) -> Result<(), Unwritable> {
        let Ending { replay, fault, .. } = &self.ending;
        let settled = replay.settled().ok_or(Unwritable::Headless { fault: *fault })?;
        let found = settled.commit.size.get();
        match &self.mark {
            Mark::Missing => Err(Unwritable::NoMark),
            Mark::Unreadable => Err(Unwritable::DamagedMark),
            Mark::Commit(commit) if commit.size.get() > found => {
                let acknowledged = commit.size.get();
                Err(Unwritable::Behind { acknowledged, found, fault: *fault })
            }
            Mark::Commit(commit) if commit.size.get() == found && commit != settled.commit => {
                Err(Unwritable::Other)
            }
            Mark::Commit(_) => Ok(()),
        }
    }

    /// The size that was acknowledged, if that is known and not what there is.
    pub(crate) fn missing(&self) -> Option<Count> {
        match self.mark {
            Mark::Commit(commit) if commit.size.get() > self.ending.replay.size() => {
                Some(commit.size)
            }
            // As many, but others.
            Mark::Commit(commit) if self.check() == Err(Unwritable::Other) => Some(commit.size),
            _ => None,
        }
    }

    /// Whether it is known what was acknowledged.
    pub(crate) const fn has_mark(&self) -> bool {
        matches!(self.mark, Mark::Commit(_))
    }

    /// The mark. Where there was none that could be read, which only a repair gets past, it is one that cannot be read
    /// until the epoch `recover` is durable and sets it: were it whole before, and the repair killed, the next writer
    /// would go on as if nothing had been given up.
    pub(crate) fn open_mark(&self, volume: &dyn Volume) -> io::Result<HighWater> {
        if !self.has_mark() {
            if self.mark == Mark::Unreadable {
                // It may be longer than a mark.
                HighWater::remove(volume)?;
            }
            HighWater::create_empty(volume)?;
            volume.sync_folder("")?;
        }
        HighWater::open(volume)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether a writer has left everything as one that closes does: what is there was made durable before the mark
    /// was set, nothing stands behind it, and nothing waits to be named. The mark says so; that no later process was
    /// interrupted while it took something away, the cache, which such a one has forgotten first. After a power cut
    /// both may be back, and then all that is there is durable anyway.
    pub(crate) fn is_clean(&self, last: Option<Segment>) -> bool {
        let settled = self.ending.replay.settled().map(|settled| *settled.commit);
        let at_end = last.is_some_and(|last| last.first == self.ending.at.segment);
        let marked = self.mark.commit().is_some() && self.mark.commit() == settled.as_ref();
        self.remembered && marked && at_end && self.ending.rest == 0 && self.unnamed.is_empty()
    }

    /// Makes durable what stands before the last good commit. A writer that was killed may have left its last batch
    /// to the system alone, and the key that this batch was signed with must not be overwritten before the batch is
    /// safe. Nor must anything be put aside before: its name tells of how many records it stood behind.
    ///
    /// # Errors
    /// The stream is as it was.
    pub(crate) fn keep(&self, volume: &dyn Volume) -> io::Result<()> {
        let Ending { replay, at, .. } = &self.ending;
        // Were this process to be killed in the middle, the next one must not take it for done.
        state::forget(volume)?;
        let file = volume.open(&Segment { first: at.segment }.name(), Access::Write)?;
        if let Some(file) = file.filter(|_| at.offset > 0) {
            match self.mark {
                Mark::Commit(mark) if mark.size.get() < replay.size() => {
                    write_again(&*file, behind(&*file, &mark)?, at.offset)?;
                }
                Mark::Commit(_) => {}
                // From where on a sync may have failed is not known.
                Mark::Missing | Mark::Unreadable => write_again(&*file, 0, at.offset)?,
            }
            file.sync()?;
        }
        // A segment that such a writer has begun, or taken away.
        volume.sync_folder(SEGMENTS)
    }

    /// Copies what stands behind the last good commit into a file of `quarantine/`, and what an interrupted
    /// recovery has put there before, which no record names.
    ///
    /// # Errors
    /// The stream is as it was.
    pub(crate) fn put_aside(&self, volume: &dyn Volume) -> io::Result<Option<Loss>> {
        let Ending { replay, at, rest, .. } = &self.ending;
        let acknowledged = self.missing();
        if *rest == 0 && acknowledged.is_none() && self.has_mark() && self.unnamed.is_empty() {
            return Ok(None);
        }
        let loss = quarantine::put(volume, replay.size(), *at, &self.unnamed)?;
        Ok(Some(Loss { acknowledged, ..loss }))
    }

    /// Takes away what stands behind the last good commit, segments without a line too.
    ///
    /// # Errors
    /// What is good is as it was.
    pub(crate) fn cut(&self, volume: &dyn Volume) -> io::Result<()> {
        let mut removed = false;
        for segment in super::segments(volume)?.into_iter().rev() {
            // The last segments first, so that no gap comes to be.
            match start_in(segment.first, self.ending.at) {
                None => break,
                Some(0) => {
                    volume.remove(&segment.name())?;
                    removed = true;
                }
                Some(len) => {
                    let file = volume.open(&segment.name(), Access::Write)?;
                    let file = file.ok_or(io::ErrorKind::NotFound)?;
                    if file.len()? != len {
                        file.set_len(len)?;
                        file.sync()?;
                    }
                }
            }
        }
        if removed { volume.sync_folder(SEGMENTS) } else { Ok(()) }
    }
}

/// Behind the line of a commit; the beginning of the segment if the line is not in it.
fn behind(file: &dyn VolumeFile, commit: &CommitLine) -> io::Result<u64> {
    let line = commit.render();
    let (mut buffer, mut from) = (vec![0; COPY], 0_u64);
    loop {
        let read = file.read_at(&mut buffer, from)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if let Some(at) = memchr::memmem::find(bytes, &line) {
            let end = at.saturating_add(line.len()).saturating_add(1);
            return Ok(from.saturating_add(u64::try_from(end).map_err(io::Error::other)?));
        }
        if read < COPY {
            return Ok(0);
        }
        // The line may be in both.
        let step = COPY.saturating_sub(line.len());
        from = from.saturating_add(u64::try_from(step).map_err(io::Error::other)?);
    }
}

/// Writes bytes in their place once more. Where a sync has failed, the system takes them for written, though they
/// may not be, and no later sync would write them.
fn write_again(file: &dyn VolumeFile, mut from: u64, to: u64) -> io::Result<()> {
    let mut buffer = vec![0; COPY];
    while from < to {
        let left = usize::try_from(to.saturating_sub(from)).unwrap_or(COPY);
        let room = buffer.get_mut(..left.min(COPY)).unwrap_or_default();
        let read = file.read_at(room, from)?;
        let bytes = room.get(..read).filter(|bytes| !bytes.is_empty());
        file.write_at(bytes.ok_or(io::ErrorKind::UnexpectedEof)?, from)?;
        from = from.saturating_add(u64::try_from(read).map_err(io::Error::other)?);
    }
    Ok(())
}

/// Whether the key that the last epoch named is there. If not, what was remembered may be of another history.
fn key_waits(volume: &dyn Volume, replay: &Replay) -> bool {
    let (Some(epoch), Ok(slots)) = (&replay.epoch, KeySlots::open(volume)) else { return false };
    slots.find(&epoch.next).is_ok()
}

/// From which byte on a segment is behind a place.
const fn start_in(segment: u64, at: Position) -> Option<u64> {
    if segment < at.segment {
        None
    } else if segment == at.segment {
        Some(at.offset)
    } else {
        Some(0)
    }
}
