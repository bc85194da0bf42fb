//! The one writer of a stream: batches of records, each signed and durable before anyone is told.

mod chain;
mod error;
mod head;
mod heartbeat;
mod queue;
mod space;
#[cfg(test)]
mod tests;
mod ticket;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::chain::Chain;
pub use self::error::{AppendError, OpenWriterError};
use self::head::Head;
use self::heartbeat::Heartbeat;
use self::queue::Queue;
pub use self::space::{SpaceLimits, SpaceStage};
use super::recover::Resumable;
use crate::clock::{Clock, SystemClock};
use crate::epoch::{EpochReason, Genesis, Retirement};
use crate::event::{Event, Place};
use crate::note::NoteSigner;
use crate::time::LogTime;
use crate::tree::Hash;
use crate::verify::{Known, check_known};
use crate::volume::{Folder, Volume, wait_for_lock};

/// How a writer works.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WriterOptions {
    /// Where the writer is: what the log says of itself bears this place.
    pub place: Place,
    /// How long an epoch lasts at most, also when nothing is recorded.
    pub epoch: Duration,
    /// How long to wait for another writer to end.
    pub patience: Duration,
    /// Most events that may wait to be written.
    pub queue: usize,
    /// What happens when the disk fills up.
    pub space: SpaceLimits,
    /// Bytes after which a new segment begins.
    pub segment_bytes: u64,
    /// Time after which a new segment begins.
    pub segment_age: Duration,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl WriterOptions {
    /// Ten minutes an epoch, five seconds of patience, 4,096 waiting events, segments of 64 MiB or a day.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self {
            place,
            epoch: Duration::from_secs(600),
            patience: Duration::from_secs(5),
            queue: 4096,
            space: SpaceLimits::default(),
            segment_bytes: 64 << 20,
            segment_age: Duration::from_secs(86_400),
            clock: Arc::new(SystemClock::default()),
        }
    }
}

/// A record that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only this shows that the event was recorded"]
pub struct Appended {
    seq: u64,
    leaf: Hash,
}

impl Appended {
    /// Number of the record in its stream.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// Its leaf hash, which the next record and every later root commit to.
    #[must_use]
    pub const fn leaf(&self) -> &Hash {
        &self.leaf
    }
}

/// What a writer found when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// Records that were there.
    pub size: u64,
    /// Bytes behind the last commit that were moved to quarantine: an interrupted batch, never acknowledged.
    pub put_aside: u64,
    /// Records that had been acknowledged and are missing; only after a repair.
    pub lost: u64,
}

/// Writes a stream. Several threads may share one; there is one for a stream at a time.
///
/// A process that is forked off gets nothing of it: there every call that writes is refused, and the stream stays with
/// the process that opened it. What [`size`](Self::size), [`genesis`](Self::genesis) and [`space`](Self::space) tell
/// there is as of the fork, and waits for no lock that a thread of the other process had. A copy is told by the number
/// of its process, and by nothing else: one that gets the same number, because it is in another namespace of such
/// numbers or the first process has ended, is not. Whoever forks should open writers afterwards.
///
/// Dropped without [`close`](Self::close), it leaves the stream as a crash would: whole, and without a record
/// that says that it ended.
#[derive(Debug)]
pub struct StreamWriter {
    queue: Arc<Queue>,
    heartbeat: Heartbeat,
    resumed: Resumed,
    // Which process opened it.
    process: u32,
}

/// Why a writer is wanted.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// To write; only if all is well.
    Write,
    /// To write, and to give up acknowledged records that are missing.
    Repair,
    /// To write with a new epoch key, which the log key vouches for.
    Rekey(&'a dyn NoteSigner),
}

impl StreamWriter {
    pub(crate) fn open(
        folder: &Path,
        expected: Hash,
        options: &WriterOptions,
        purpose: Purpose<'_>,
        known: &[Known],
    ) -> Result<Self, OpenWriterError> {
        let volume = Arc::new(Folder::new(folder));
        let mut writer = Self::open_volume(volume, expected, options, purpose, known)?;
        writer.heartbeat.start(&writer.queue).map_err(OpenWriterError::NoThread)?;
        Ok(writer)
    }

    /// Without the thread that keeps epochs going.
    pub(crate) fn open_volume(
        volume: Arc<dyn Volume>,
        expected: Hash,
        options: &WriterOptions,
        purpose: Purpose<'_>,
        known: &[Known],
    ) -> Result<Self, OpenWriterError> {
        let lock = wait_for_lock(&*volume, &*options.clock, options.patience)?;
        let lock = lock.ok_or(OpenWriterError::Busy)?;
        let head = Head::lock(&*volume, &*options.clock, options.patience)?;
        let mut found = Resumable::find(&*volume, Some(expected))?;
        match (found.check(), purpose) {
            (Err(why @ super::Unwritable::Headless { .. }), _) | (Err(why), Purpose::Write) => {
                return Err(why.into());
            }
            _ => {}
        }
        let replay = &found.ending.replay;
        if !found.ties.show(&*volume, &replay.tree, known) {
            check_known(&*volume, replay, known)?;
        }
        let (chain, resumed) = Chain::resume(volume, (lock, head), found, options, purpose)?;
        let queue = Arc::new(Queue::new(chain, options));
        let process = std::process::id();
        Ok(Self { queue, heartbeat: Heartbeat::default(), resumed, process })
    }

    /// Records an event. When this returns, the record is durable and signed.
    ///
    /// Blocks for about as long as the disk takes to make a batch durable; threads that append at the same time
    /// share a batch.
    ///
    /// # Errors
    /// [`AppendError`]: the event counts as not recorded, and what it tells of must not happen. After
    /// [`AppendError::Broken`] nothing more can be recorded until the stream is opened anew.
    pub fn append(&self, event: &Event) -> Result<Appended, AppendError> {
        let appended = self.append_all(std::slice::from_ref(event))?;
        appended.first().copied().ok_or(AppendError::Closed)
    }

    /// Records events that belong together, under one commit: all of them or none.
    ///
    /// # Errors
    /// As of [`append`](Self::append).
    pub fn append_all(&self, events: &[Event]) -> Result<Vec<Appended>, AppendError> {
        self.check_process()?;
        self.queue.append(events)
    }

    /// A copy of this process has the same locks and the same key, and would write in the same place.
    fn check_process(&self) -> Result<(), AppendError> {
        (self.process == std::process::id()).then_some(()).ok_or(AppendError::Forked)
    }

    /// What was found when the writer began.
    #[must_use]
    pub const fn resumed(&self) -> Resumed {
        self.resumed
    }

    /// What record 0 says.
    #[must_use]
    pub fn genesis(&self) -> Genesis {
        self.queue.genesis()
    }

    /// Number of durable records.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.queue.size()
    }

    /// The latest time that any record of the stream bears, those that were retired but not named by a record excepted.
    /// A clock that shows an earlier time was set back, or was ahead before: then a rekey, for which the log key vouches,
    /// lets it begin anew. Found when the writer is opened: from the cache of the last one, which is compared with the
    /// stream, and what is behind it, else by reading everything. Does not wait for the disk.
    #[must_use]
    pub fn newest_time(&self) -> LogTime {
        self.queue.newest_time()
    }

    /// Whether there is room for more.
    ///
    /// # Errors
    /// The system does not say how much room there is.
    pub fn space(&self) -> std::io::Result<SpaceStage> {
        self.queue.space()
    }

    /// Hands over to the next epoch now. This happens by itself in time.
    ///
    /// # Errors
    /// As of [`append`](Self::append).
    pub fn rotate(&self) -> Result<(), AppendError> {
        self.check_process()?;
        self.queue.hand_over(EpochReason::Rotate)
    }

    /// Records that the log key permits records to go.
    pub(crate) fn retire(
        &self,
        retirement: Retirement,
        signer: &dyn NoteSigner,
    ) -> Result<(), OpenWriterError> {
        self.check_process()?;
        self.queue.retire(retirement, signer)
    }

    /// Ends the stream's epoch with a record that says so: what was written is then beyond the reach of any key
    /// that is left.
    ///
    /// # Errors
    /// As of [`append`](Self::append). Everything acknowledged before is durable nevertheless.
    pub fn close(mut self) -> Result<(), AppendError> {
        self.check_process()?;
        self.heartbeat.stop();
        self.queue.close()
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        // A process that was forked off has no such thread, and would wait for it for ever.
        if self.check_process().is_ok() {
            self.heartbeat.stop();
        }
    }
}
