//! The end of a stream, and how it grows: link, sign, write, sync, mark.

mod handover;
mod lines;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) use self::handover::Opening;
use self::handover::check_log_key;
use self::lines::Batch;
use super::head::{Head, Tip};
use super::{AppendError, Appended, OpenWriterError, Purpose, Resumed, WriterOptions};
use crate::clock::Clock;
use crate::count::Count;
use crate::epoch::{EpochKey, EpochPublicKey, EpochReason, Genesis, KeySlots, SlotError};
use crate::event::{Place, Prepared};
use crate::stream::hwm::HighWater;
use crate::stream::layout::{SEGMENTS, Segment};
use crate::stream::recover::Resumable;
use crate::stream::replay::{Identity, Replay};
use crate::stream::ties::Ties;
use crate::stream::walk::Position;
use crate::time::LogTime;
use crate::volume::{Lock, Volume};

/// Room taken ahead of what is written, so that a full disk shows before a batch is begun.
const AHEAD: u64 = 1 << 20;

/// Everything that one batch needs of the one before. Whoever has it is the only writer.
#[derive(Debug)]
pub(super) struct Chain {
    volume: Arc<dyn Volume>,
    replay: Replay,
    ties: Ties,
    identity: Arc<Identity>,
    // None before the first epoch of this writer.
    key: Option<EpochKey>,
    slots: KeySlots,
    mark: HighWater,
    tip: Tip,
    at: Position,
    // Up to where room was taken.
    taken: u64,
    segment_since: LogTime,
    epoch_since: Duration,
    clock: Arc<dyn Clock>,
    place: Place,
    segment_bytes: u64,
    segment_age: Duration,
    broken: Option<AppendError>,
    // Records that are durable, for who must not wait for the chain.
    durable: Arc<AtomicU64>,
    // The latest time of a record that was found or written, in milliseconds, for the same.
    newest: Arc<AtomicU64>,
    // Whether the mark stays as it was: the loss that it shows is not recorded yet.
    holds_mark: bool,
    // Given up last.
    lock: Option<Box<dyn Lock>>,
}

impl Chain {
    /// Goes on behind the last good commit, with the epoch after the last one.
    pub(super) fn resume(
        volume: Arc<dyn Volume>,
        (lock, head): (Box<dyn Lock>, Option<Head>),
        found: Resumable,
        options: &WriterOptions,
        purpose: Purpose<'_>,
    ) -> Result<(Self, Resumed), OpenWriterError> {
        let replay = found.ending.replay.clone();
        let headless = crate::stream::Unwritable::Headless { fault: None };
        let identity = replay.identity.clone().ok_or(headless)?;
        let epoch = replay.epoch.clone().ok_or(headless)?;
        let slots = open_slots(&*volume, purpose, &identity.genesis, &epoch.next)?;
        let missing = found.missing();
        let mut loss = None;
        if !found.is_clean(head.as_ref().map(|head| head.segment)) {
            found.keep(&*volume)?;
            loss = found.put_aside(&*volume)?;
            found.cut(&*volume)?;
        }
        let put_aside = loss.as_ref().map_or(0, |loss| loss.bytes.get());
        let at = found.ending.at;
        let tip = tip_at(&*volume, head, at, options)?;
        let since = Segment { first: at.segment }.first_time(&*volume)?;
        let mark = found.open_mark(&*volume)?;
        let mut chain = Self {
            segment_since: since.unwrap_or_else(|| options.clock.wall().into()),
            volume,
            identity,
            key: None,
            slots,
            mark,
            tip,
            at,
            taken: at.offset,
            epoch_since: Duration::ZERO,
            clock: Arc::clone(&options.clock),
            place: options.place.clone(),
            segment_bytes: options.segment_bytes,
            segment_age: options.segment_age,
            broken: None,
            durable: Arc::new(AtomicU64::new(replay.size())),
            newest: Arc::new(AtomicU64::new(replay.newest.unix_millis())),
            holds_mark: loss.is_some(),
            lock: Some(lock),
            ties: found.ties,
            replay,
        };
        let size = chain.size();
        if let Purpose::Rekey(signer) = purpose {
            let _ = chain.hand_over(Opening::Rekey(signer), std::iter::empty())?;
        }
        let reason = match (loss, purpose) {
            (Some(loss), _) => Some(EpochReason::Recover(loss)),
            (None, Purpose::Rekey(_)) => None,
            (None, _) => Some(EpochReason::Start),
        };
        chain.holds_mark = false;
        if let Some(reason) = reason {
            let _ = chain.hand_over(Opening::Plain(reason), std::iter::empty())?;
        }
        if !matches!(purpose, Purpose::Write) {
            // After a power cut the older mark must not be back, which the stream was repaired without.
            chain.mark.sync()?;
        }
        // Where others are there than were acknowledged, it is at least one.
        let lost = missing.map_or(0, |missing| missing.get().saturating_sub(size).max(1));
        Ok((chain, Resumed { size, put_aside, lost }))
    }

    pub(super) fn genesis(&self) -> &Genesis {
        &self.identity.genesis
    }

    pub(super) const fn size(&self) -> u64 {
        self.replay.size()
    }

    /// The number of durable records, as it grows.
    pub(super) fn durable(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.durable)
    }

    /// The latest time of a record, as it grows.
    pub(super) fn newest(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.newest)
    }

    pub(super) fn volume(&self) -> Arc<dyn Volume> {
        Arc::clone(&self.volume)
    }

    pub(super) const fn epoch_since(&self) -> Duration {
        self.epoch_since
    }

    /// Whether the next batch must open an epoch: the segment ends, or has just begun.
    pub(super) fn needs_epoch(&self) -> bool {
        self.at.offset == 0 || self.segment_is_full()
    }

    fn segment_is_full(&self) -> bool {
        let age = LogTime::from(self.clock.wall()).unix_millis();
        let age = age.saturating_sub(self.segment_since.unix_millis());
        self.at.offset >= self.segment_bytes || u128::from(age) >= self.segment_age.as_millis()
    }

    /// Writes events as one batch.
    pub(super) fn write<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Prepared>,
    ) -> Result<Vec<Appended>, AppendError> {
        self.check_whole()?;
        let key = self.key.as_ref().ok_or(AppendError::Closed)?;
        let batch = self.batch(key, None, events)?;
        self.put(batch)
    }

    /// Makes a batch durable. Nothing of the chain changes before; if it fails, nobody knows what is on the disk,
    /// and nothing more is written.
    fn put(&mut self, batch: Batch) -> Result<Vec<Appended>, AppendError> {
        let len = u64::try_from(batch.bytes.len()).map_err(|_| AppendError::Limit)?;
        let end = self.at.offset.saturating_add(len);
        self.take_room(end)?;
        let written = self.tip.file.write_at(&batch.bytes, self.at.offset);
        let durable = written.and_then(|()| self.tip.file.sync());
        // Where else it was written, nobody would find it.
        let in_place = durable.and_then(|()| self.tip.is_in_place(&*self.volume));
        if !in_place.map_err(|error| self.fails(&error))? {
            self.broken = Some(AppendError::Displaced);
            return Err(AppendError::Displaced);
        }
        if !self.holds_mark {
            self.mark.set(batch.commit_line()).map_err(|error| self.fails(&error))?;
        }
        self.at.offset = end;
        let appended = self.advance(batch);
        self.durable.store(self.size(), Ordering::Release);
        Ok(appended)
    }

    /// Takes room for a batch and some more. A full disk shows here, when nothing has been written yet.
    fn take_room(&mut self, end: u64) -> Result<(), AppendError> {
        if end <= self.taken {
            return Ok(());
        }
        let wanted = end.saturating_add(AHEAD);
        match self.tip.file.allocate(self.taken, wanted.saturating_sub(self.taken)) {
            Ok(()) => {
                self.taken = wanted;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                Err(AppendError::NoSpace { stage: super::SpaceStage::Stop })
            }
            Err(error) => Err(self.fails(&error)),
        }
    }

    /// Ends the segment and begins the next one, whose first record is the next one.
    fn begin_segment(&mut self) -> io::Result<()> {
        // Gives back the room that was taken ahead.
        self.tip.file.set_len(self.at.offset)?;
        let segment = Segment { first: self.size() };
        self.tip = Tip::create(&*self.volume, segment, &*self.clock)?;
        self.volume.sync_folder(SEGMENTS)?;
        self.at = Position { segment: segment.first, offset: 0 };
        self.taken = 0;
        self.segment_since = self.clock.wall().into();
        Ok(())
    }

    fn check_whole(&self) -> Result<(), AppendError> {
        match self.broken {
            Some(error) => Err(error),
            None if self.lock.is_none() => Err(AppendError::Closed),
            None => Ok(()),
        }
    }

    /// Writes nothing more: how far the last batch came is not known.
    pub(super) fn give_way(&mut self) {
        self.broken = Some(AppendError::Broken(io::ErrorKind::Other));
    }

    fn fails(&mut self, error: &io::Error) -> AppendError {
        let error = AppendError::Broken(error.kind());
        self.broken = Some(error);
        error
    }

    /// Leaves the stream to the next writer.
    pub(super) fn give_up(&mut self) -> Result<(), AppendError> {
        // Room taken ahead, and the mark: nothing is lost without them.
        let _ = self.tip.file.set_len(self.at.offset).and_then(|()| self.mark.sync());
        self.tip.file.give_up();
        self.lock = None;
        Ok(())
    }
}

fn counted(number: u64) -> Result<Count, AppendError> {
    Count::new(number).map_err(|_| AppendError::Limit)
}

/// Where keys of epochs lie: with the one that the last epoch named, or made anew where the log key can give another.
fn open_slots(
    volume: &dyn Volume,
    purpose: Purpose<'_>,
    genesis: &Genesis,
    next: &EpochPublicKey,
) -> Result<KeySlots, OpenWriterError> {
    let Purpose::Rekey(signer) = purpose else {
        let slots = KeySlots::open(volume)?;
        drop(slots.find(next)?);
        return Ok(slots);
    };
    check_log_key(signer, genesis)?;
    match KeySlots::open(volume) {
        Err(SlotError::Missing) => {
            let slots = KeySlots::create_empty(volume)?;
            volume.sync_folder("")?;
            Ok(slots)
        }
        slots => Ok(slots?),
    }
}

/// The segment to go on with: the last one, or where that was cut off whole the one before, or a new one.
fn tip_at(
    volume: &dyn Volume,
    head: Option<Head>,
    at: Position,
    options: &WriterOptions,
) -> Result<Tip, OpenWriterError> {
    let clock = &*options.clock;
    let segment = Segment { first: at.segment };
    match head.filter(|head| head.segment == segment && at.offset > 0) {
        Some(Head { file, .. }) => Ok(Tip::new(segment, file)?),
        None => match Head::lock(volume, clock, options.patience)? {
            Some(Head { segment: last, file }) if last == segment => Ok(Tip::new(segment, file)?),
            _ => {
                let tip = Tip::create(volume, segment, clock)?;
                volume.sync_folder(SEGMENTS)?;
                Ok(tip)
            }
        },
    }
}
