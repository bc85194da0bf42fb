//! Events of several threads, written together: whoever comes first writes for all who wait.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::chain::{Chain, Opening};
use super::{AppendError, Appended, OpenWriterError, SpaceLimits, SpaceStage, WriterOptions};
use crate::clock::Clock;
use crate::epoch::{EpochReason, Genesis, Retirement};
use crate::event::{Event, Prepared};
use crate::note::NoteSigner;
use crate::volume::Volume;

/// Most bytes of a batch, unless one thread's events alone are more.
const BATCH: usize = 1 << 20;
/// Most events of one call: so that a batch stays within a few MiB.
const TOGETHER: usize = 4096;

type Outcome = Result<Vec<Appended>, AppendError>;

#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    chain: Mutex<Chain>,
    volume: Arc<dyn Volume>,
    limit: usize,
    space: SpaceLimits,
    clock: Arc<dyn Clock>,
    epoch: Duration,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    events: usize,
    leading: bool,
    closed: bool,
}

/// What one thread wants recorded.
#[derive(Debug)]
struct Item {
    events: Vec<Prepared>,
    outcome: Arc<OnceLock<Outcome>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // If a clock panics while a batch is written, the leader breaks the chain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    pub(super) fn new(chain: Chain, options: &WriterOptions) -> Self {
        Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            volume: chain.volume(),
            chain: Mutex::new(chain),
            limit: options.queue,
            space: options.space,
            clock: Arc::clone(&options.clock),
            epoch: options.epoch,
        }
    }

    pub(super) fn genesis(&self) -> Genesis {
        locked(&self.chain).genesis().clone()
    }

    pub(super) fn size(&self) -> u64 {
        locked(&self.chain).size()
    }

    pub(super) fn space(&self) -> io::Result<SpaceStage> {
        Ok(self.space.stage(self.volume.free_space()?))
    }

    pub(super) fn append(&self, events: &[Event]) -> Outcome {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        if events.len() > TOGETHER {
            return Err(AppendError::TooMany { max: TOGETHER });
        }
        let prepared = events.iter().map(Event::prepare).collect::<Result<Vec<_>, _>>()?;
        self.check_space(events.iter().all(Event::is_urgent))?;
        let outcome = Arc::new(OnceLock::new());
        let mut waiting = locked(&self.waiting);
        if waiting.closed {
            return Err(AppendError::Closed);
        }
        let events = waiting.events.saturating_add(prepared.len());
        if events > self.limit && waiting.events > 0 {
            return Err(AppendError::Full);
        }
        waiting.events = events;
        waiting.items.push_back(Item { events: prepared, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(outcome) = outcome.get() {
                return outcome.clone();
            }
            waiting = if waiting.leading {
                self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.lead(waiting)
            };
        }
    }

    fn check_space(&self, urgent: bool) -> Result<(), AppendError> {
        // A system that does not say how much is left will say so when something is written.
        let stage = self.space().unwrap_or(SpaceStage::Enough);
        match stage {
            SpaceStage::Enough | SpaceStage::Warn => Ok(()),
            SpaceStage::Refuse if urgent => Ok(()),
            SpaceStage::Refuse | SpaceStage::Stop => Err(AppendError::NoSpace { stage }),
        }
    }

    /// Writes a batch of what waits.
    fn lead<'a>(&'a self, mut waiting: MutexGuard<'a, Waiting>) -> MutexGuard<'a, Waiting> {
        let batch = waiting.take_batch();
        waiting.leading = true;
        drop(waiting);
        let leader = Leader { queue: self, batch };
        self.write(&leader.batch);
        drop(leader);
        locked(&self.waiting)
    }

    fn write(&self, batch: &[Item]) {
        let mut chain = locked(&self.chain);
        let events = batch.iter().flat_map(|item| &item.events);
        let result = if self.left_of(&chain).is_zero() || chain.needs_epoch() {
            chain.hand_over(Opening::Plain(EpochReason::Rotate), events).map_err(told)
        } else {
            chain.write(events)
        };
        drop(chain);
        let mut appended = result.map(Vec::into_iter);
        for item in batch {
            let own = match &mut appended {
                Ok(appended) => Ok(appended.take(item.events.len()).collect()),
                Err(error) => Err(*error),
            };
            // Nobody else sets it.
            let _ = item.outcome.set(own);
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.until_due().is_zero()
    }

    /// Time until the epoch should end.
    pub(super) fn until_due(&self) -> Duration {
        self.left_of(&locked(&self.chain))
    }

    fn left_of(&self, chain: &Chain) -> Duration {
        let end = chain.epoch_since().saturating_add(self.epoch);
        end.saturating_sub(self.clock.monotonic())
    }

    pub(super) fn hand_over(&self, reason: EpochReason) -> Result<(), AppendError> {
        let opening = Opening::Plain(reason);
        locked(&self.chain).hand_over(opening, std::iter::empty()).map(drop).map_err(told)
    }

    pub(super) fn retire(
        &self,
        retirement: Retirement,
        signer: &dyn NoteSigner,
    ) -> Result<(), OpenWriterError> {
        let opening = Opening::Retire(retirement, signer);
        locked(&self.chain).hand_over(opening, std::iter::empty()).map(drop)
    }

    /// Takes nothing more, waits for what is being written, and closes.
    pub(super) fn close(&self) -> Result<(), AppendError> {
        locked(&self.waiting).closed = true;
        let mut chain = locked(&self.chain);
        let opening = Opening::Plain(EpochReason::Close);
        let _ = chain.hand_over(opening, std::iter::empty()).map_err(told)?;
        chain.give_up()
    }
}

/// What a hand-over that no log key has a part in can fail with.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn told(error: OpenWriterError) -> AppendError {
    match error {
        OpenWriterError::Append(error) => error,
        _ => AppendError::Broken(io::ErrorKind::Other),
    }
}

/// Writes for others, who must not wait for ever if it panics, a clock of the caller's for instance.
struct Leader<'q> {
    queue: &'q Queue,
    batch: Vec<Item>,
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody knows how far it came.
            locked(&self.queue.chain).give_way();
        }
        for item in &self.batch {
            // Has no effect on what has its outcome.
            let _ = item.outcome.set(Err(AppendError::Broken(io::ErrorKind::Other)));
        }
        locked(&self.queue.waiting).leading = false;
        self.queue.changed.notify_all();
    }
}

impl Waiting {
    fn take_batch(&mut self) -> Vec<Item> {
        let (mut batch, mut bytes) = (Vec::new(), 0_usize);
        while let Some(item) = self.items.front() {
            let len =
                item.events.iter().fold(0_usize, |sum, event| sum.saturating_add(event.len()));
            if !batch.is_empty() && bytes.saturating_add(len) > BATCH {
                break;
            }
            bytes = bytes.saturating_add(len);
            self.events = self.events.saturating_sub(item.events.len());
            batch.extend(self.items.pop_front());
        }
        batch
    }
}
