//! Finds out where a stream can go on, and puts aside what cannot stay.

use std::io;

use sha2::{Digest as _, Sha256};

use super::fault::Fault;
use super::hwm::{HighWater, Mark};
use super::replay::Replay;
use super::state;
use super::walk::{Ending, How, Position, Walk};
use crate::count::Count;
use crate::epoch::{KeySlots, Loss, LossDigest};
use crate::line::CommitLine;
use crate::text::Hex;
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
    mark: Mark,
}

impl Resumable {
    /// Reads as much as it must.
    pub(crate) fn find(volume: &dyn Volume, expected: Option<Hash>) -> io::Result<Self> {
        let mark = HighWater::read(volume)?;
        let walk = Walk::new(volume)?;
        if let Some((replay, at)) = state::load(volume, expected) {
            let ending = walk.check(replay, at, &How::QUIET)?;
            // What was remembered may be what is wrong.
            if ending.fault.is_none() && key_waits(volume, &ending.replay) {
                return Ok(Self { ending, mark });
            }
        }
        Ok(Self { ending: walk.check_all(expected, &How::QUIET)?, mark })
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

    /// The mark, made anew where there was none that could be read: only a repair comes so far.
    pub(crate) fn open_mark(&self, volume: &dyn Volume) -> io::Result<HighWater> {
        if !matches!(self.mark, Mark::Commit(_)) {
            let settled = self.ending.replay.settled().ok_or(io::ErrorKind::InvalidData)?;
            if self.mark == Mark::Unreadable {
                HighWater::remove(volume)?;
            }
            HighWater::create(volume, settled.commit)?;
            volume.sync_folder("")?;
        }
        HighWater::open(volume)?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Copies what stands behind the last good commit into a file of `quarantine/`.
    ///
    /// # Errors
    /// The stream is as it was.
    pub(crate) fn put_aside(&self, volume: &dyn Volume) -> io::Result<Loss> {
        let Ending { replay, at, rest, .. } = &self.ending;
        let (digest, acknowledged) = (quarantine(volume, replay.size(), *at)?, self.missing());
        let bytes = Count::new(*rest).map_err(io::Error::other)?;
        Ok(Loss { bytes, digest, acknowledged })
    }

    /// Takes away what stands behind the last good commit, segments without a line too, and makes durable what
    /// stands before it. A writer that was killed may have left its last batch to the system alone, and the key
    /// that this batch was signed with must not be overwritten before the batch is safe.
    ///
    /// # Errors
    /// What is good is as it was.
    pub(crate) fn cut(&self, volume: &dyn Volume) -> io::Result<()> {
        let Ending { replay, at, .. } = &self.ending;
        for segment in super::segments(volume)?.into_iter().rev() {
            // The last segments first, so that no gap comes to be.
            match start_in(segment.first, *at) {
                None => break,
                Some(0) => volume.remove(&segment.name())?,
                Some(len) => {
                    let file = volume.open(&segment.name(), Access::Write)?;
                    let file = file.ok_or(io::ErrorKind::NotFound)?;
                    file.set_len(len)?;
                    match self.mark {
                        Mark::Commit(mark) if mark.size.get() < replay.size() => {
                            write_again(&*file, behind(&*file, &mark)?, len)?;
                        }
                        _ => {}
                    }
                    file.sync()?;
                }
            }
        }
        volume.sync_folder(super::layout::SEGMENTS)
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

fn quarantine(volume: &dyn Volume, size: u64, at: Position) -> io::Result<LossDigest> {
    let digest = copy(volume, at, &mut |_, _| Ok(()))?;
    let short = digest.as_bytes().first_chunk::<8>().map(|bytes| Hex(bytes).to_string());
    let name = format!("quarantine/{size:020}-{}", short.unwrap_or_default());
    let file = match volume.create(&name) {
        // The same bytes were put aside before, or half of them, and cutting them off was interrupted.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            volume.open(&name, Access::Write)?.ok_or(io::ErrorKind::NotFound)?
        }
        file => file?,
    };
    copy(volume, at, &mut |offset, bytes| file.write_at(bytes, offset))?;
    file.sync()?;
    volume.sync_folder("quarantine")?;
    volume.sync_folder("")?;
    Ok(digest)
}

/// Whether the key that the last epoch named is there. If not, what was remembered may be of another history.
fn key_waits(volume: &dyn Volume, replay: &Replay) -> bool {
    let (Some(epoch), Ok(slots)) = (&replay.epoch, KeySlots::open(volume)) else { return false };
    slots.find(&epoch.next).is_ok()
}

/// Hands over everything behind a place, piece by piece, and gives the SHA-256 of it.
fn copy(
    volume: &dyn Volume,
    at: Position,
    take: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<LossDigest> {
    let (mut hash, mut to) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; COPY];
    for segment in super::segments(volume)? {
        let Some(mut from) = start_in(segment.first, at) else { continue };
        let file = volume.open(&segment.name(), Access::Read)?.ok_or(io::ErrorKind::NotFound)?;
        loop {
            let read = file.read_at(&mut buffer, from)?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            take(to, bytes)?;
            hash.update(bytes);
            let len = u64::try_from(read).map_err(io::Error::other)?;
            (from, to) = (from.saturating_add(len), to.saturating_add(len));
        }
    }
    Ok(LossDigest::from_bytes(hash.finalize().into()))
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
