//! The one writer of a stream: batches of records, each signed and durable before anyone is told.

mod chain;
mod error;
mod heartbeat;
mod queue;
mod space;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use self::chain::Chain;
pub use self::error::{AppendError, OpenWriterError};
use self::heartbeat::Heartbeat;
use self::queue::Queue;
pub use self::space::{SpaceLimits, SpaceStage};
use super::recover::Resumable;
use super::replay::Replay;
use crate::clock::{Clock, SystemClock};
use crate::epoch::{EpochReason, Genesis, Retirement};
use crate::event::{Event, Place};
use crate::note::NoteSigner;
use crate::tree::Hash;
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
/// Dropped without [`close`](Self::close), it leaves the stream as a crash would: whole, and without a record
/// that says that it ended.
#[derive(Debug)]
pub struct StreamWriter {
    queue: Arc<Queue>,
    heartbeat: Heartbeat,
    resumed: Resumed,
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
        check: &dyn Fn(&dyn Volume, &Replay) -> Result<(), OpenWriterError>,
    ) -> Result<Self, OpenWriterError> {
        let volume = Arc::new(Folder::new(folder));
        let mut writer = Self::open_volume(volume, expected, options, purpose, check)?;
        writer.heartbeat.start(&writer.queue);
        Ok(writer)
    }

    /// Without the thread that keeps epochs going.
    pub(crate) fn open_volume(
        volume: Arc<dyn Volume>,
        expected: Hash,
        options: &WriterOptions,
        purpose: Purpose<'_>,
        check: &dyn Fn(&dyn Volume, &Replay) -> Result<(), OpenWriterError>,
    ) -> Result<Self, OpenWriterError> {
        let lock = wait_for_lock(&*volume, &*options.clock, options.patience)?;
        let lock = lock.ok_or(OpenWriterError::Busy)?;
        let found = Resumable::find(&*volume, Some(expected))?;
        match (found.check(), purpose) {
            (Err(why @ super::Unwritable::Headless { .. }), _) | (Err(why), Purpose::Write) => {
                return Err(why.into());
            }
            _ => {}
        }
        check(&*volume, &found.ending.replay)?;
        let (chain, resumed) = Chain::resume(volume, lock, &found, options, purpose)?;
        let queue = Arc::new(Queue::new(chain, options));
        Ok(Self { queue, heartbeat: Heartbeat::default(), resumed })
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
        self.queue.append(events)
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
        self.queue.hand_over(EpochReason::Rotate)
    }

    /// Records that the log key permits records to go.
    pub(crate) fn retire(
        &self,
        retirement: Retirement,
        signer: &dyn NoteSigner,
    ) -> Result<(), OpenWriterError> {
        self.queue.retire(retirement, signer)
    }

    /// Ends the stream's epoch with a record that says so: what was written is then beyond the reach of any key
    /// that is left.
    ///
    /// # Errors
    /// As of [`append`](Self::append). Everything acknowledged before is durable nevertheless.
    pub fn close(mut self) -> Result<(), AppendError> {
        self.heartbeat.stop();
        self.queue.close()
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.heartbeat.stop();
    }
}
