//! Events of several threads, written together: whoever comes first writes for all who wait.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::chain::{Chain, Opening};
use super::space::Gauge;
use super::ticket::{Outcome, Ticket, Turn};
use super::{AppendError, OpenWriterError, SpaceLimits, SpaceStage, WriterOptions};
use crate::clock::Clock;
use crate::epoch::{EpochReason, Genesis, Retirement};
use crate::event::{Event, Prepared};
use crate::note::NoteSigner;
use crate::time::LogTime;
use crate::volume::Volume;

/// Most bytes of a batch, unless one thread's events alone are more.
const BATCH: usize = 1 << 20;
/// Most events of one call: so that a batch stays within a few MiB.
const TOGETHER: usize = 4096;

/// How often a leader lets others run without anybody having come.
const PATIENCE: u32 = 3;

#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    chain: Mutex<Chain>,
    // Beside the chain: to ask for them waits for nobody.
    genesis: Genesis,
    durable: Arc<AtomicU64>,
    newest: Arc<AtomicU64>,
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
    // Whether somebody writes, or has been told to.
    leading: bool,
    closed: bool,
    gauge: Gauge,
    last: Last,
}

/// The last batch: how many threads had something written or waited meanwhile, and how long it took.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    count: usize,
    time: Duration,
}

/// What one thread wants recorded.
#[derive(Debug)]
struct Item {
    events: Vec<Prepared>,
    // About as many as their lines have.
    bytes: usize,
    ticket: Arc<Ticket>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // If a clock panics while a batch is written, the leader breaks the chain.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    pub(super) fn new(chain: Chain, options: &WriterOptions) -> Self {
        Self {
            waiting: Mutex::default(),
            volume: chain.volume(),
            genesis: chain.genesis().clone(),
            durable: chain.durable(),
            newest: chain.newest(),
            chain: Mutex::new(chain),
            limit: options.queue,
            space: options.space,
            clock: Arc::clone(&options.clock),
            epoch: options.epoch,
        }
    }

    pub(super) fn genesis(&self) -> Genesis {
        self.genesis.clone()
    }

    pub(super) fn size(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(super) fn newest_time(&self) -> LogTime {
        LogTime::from_unix_millis(self.newest.load(Ordering::Acquire)).unwrap_or(LogTime::EARLIEST)
    }

    /// Does something while the chain is locked, as it is while a thread writes.
    #[cfg(test)]
    pub(super) fn while_writing(&self, work: impl FnOnce()) {
        let _chain = locked(&self.chain);
        work();
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
        let urgent = events.iter().all(Event::is_urgent);
        let ticket = self.enter(prepared, urgent)?;
        loop {
            match ticket.wait() {
                Turn::Done(outcome) => return outcome,
                Turn::Lead => self.lead(),
            }
        }
    }

    /// Has events wait to be written, if they may.
    fn enter(&self, events: Vec<Prepared>, urgent: bool) -> Result<Arc<Ticket>, AppendError> {
        let item = Item::new(events);
        let now = self.clock.monotonic();
        let mut waiting = locked(&self.waiting);
        if waiting.closed {
            return Err(AppendError::Closed);
        }
        let bytes = u64::try_from(item.bytes).map_err(|_| AppendError::Limit)?;
        let look = || self.volume.free_space();
        let stage = waiting.gauge.stage(self.space, (now, bytes), look);
        permitted(stage, urgent)?;
        let count = waiting.events.saturating_add(item.events.len());
        if count > self.limit && waiting.events > 0 {
            return Err(AppendError::Full);
        }
        waiting.events = count;
        let ticket = Arc::clone(&item.ticket);
        waiting.items.push_back(item);
        if !std::mem::replace(&mut waiting.leading, true) {
            ticket.lead();
        }
        Ok(ticket)
    }

    /// Writes a batch of what waits.
    fn lead(&self) {
        let before = locked(&self.waiting).last;
        self.gather(before);
        let batch = locked(&self.waiting).take_batch();
        let count = batch.len();
        let leader = Leader { queue: self, batch };
        let start = Instant::now();
        self.write(&leader.batch);
        let mut waiting = locked(&self.waiting);
        waiting.last =
            Last { count: count.saturating_add(waiting.items.len()), time: start.elapsed() };
    }

    /// Lets those come whose events were in the batch before: they have been told a moment ago, and may be about to
    /// append again. They come while this thread lets others run, for at most half the time that a batch takes; as
    /// soon as nobody comes any more, or where there was only one, this ends.
    fn gather(&self, before: Last) {
        let (start, half) = (Instant::now(), before.time.checked_div(2).unwrap_or_default());
        let (mut count, mut idle) = (1, 0);
        while count < before.count && idle < PATIENCE && start.elapsed() < half {
            std::thread::yield_now();
            let found = locked(&self.waiting).items.len();
            idle = if found > count { 0 } else { idle.saturating_add(1) };
            count = found;
        }
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
            item.ticket.settle(own);
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
        // Who writes next, first: while the disk works, the others wake.
        let next = locked(&self.queue.waiting).pass_on();
        if let Some(next) = next {
            next.lead();
            next.wake();
        }
        for item in &self.batch {
            // Has no effect on what has its outcome.
            item.ticket.settle(Err(AppendError::Broken(io::ErrorKind::Other)));
            item.ticket.wake();
        }
    }
}

impl Waiting {
    /// Whoever came first leads; nothing if nobody waits.
    fn pass_on(&mut self) -> Option<Arc<Ticket>> {
        let next = self.items.front().map(|item| Arc::clone(&item.ticket));
        self.leading = next.is_some();
        next
    }

    fn take_batch(&mut self) -> Vec<Item> {
        let (mut batch, mut bytes) = (Vec::with_capacity(self.items.len()), 0_usize);
        while let Some(item) = self.items.front() {
            if !batch.is_empty() && bytes.saturating_add(item.bytes) > BATCH {
                break;
            }
            bytes = bytes.saturating_add(item.bytes);
            self.events = self.events.saturating_sub(item.events.len());
            batch.extend(self.items.pop_front());
        }
        batch
    }
}

impl Item {
    fn new(events: Vec<Prepared>) -> Self {
        let bytes = events.iter().fold(0_usize, |sum, event| sum.saturating_add(event.len()));
        Self { events, bytes, ticket: Arc::new(Ticket::new()) }
    }
}

/// Whether something may be recorded while so much room is left.
const fn permitted(stage: SpaceStage, urgent: bool) -> Result<(), AppendError> {
    match stage {
        SpaceStage::Enough | SpaceStage::Warn => Ok(()),
        SpaceStage::Refuse if urgent => Ok(()),
        SpaceStage::Refuse | SpaceStage::Stop => Err(AppendError::NoSpace { stage }),
    }
}
