//! One thread that sees to it that a poll never waits for a disk, and that nothing is announced without an end.

mod outbox;

use std::fmt;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::SystemTime;

use medsec_audit::Event;

use self::outbox::{Order, Outbox, Told};
use super::{Journal, JournalError, Recorded};

/// Events that are recorded under one commit, at most.
const BATCH_LEN: usize = 256;

pub(super) type Answer = Result<Vec<Recorded>, JournalError>;

/// Hands events to a journal on a thread of its own. What waits at the same time becomes durable together.
///
/// The thread ends when the last handle is gone and all that waited is recorded; [`close`](Self::close) waits for that.
pub(crate) struct Recorder {
    outbox: Arc<Outbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// Starts the thread.
    pub(crate) fn start(journal: Arc<dyn Journal>) -> std::io::Result<Self> {
        let (orders, received) = mpsc::channel();
        let outbox = Arc::new(Outbox::new(journal, orders));
        let worker = Arc::clone(&outbox);
        let thread = std::thread::Builder::new().name("medsec-journal".to_owned());
        let thread = thread.spawn(move || work(&worker, &received))?;
        Ok(Self { outbox, thread: Mutex::new(Some(thread)) })
    }

    /// Records events that belong together, without blocking the poll.
    pub(crate) async fn record(&self, events: Vec<Event>) -> Answer {
        self.announce(events, Vec::new()).await
    }

    /// Records intents, without blocking the poll. If nobody takes the answer, because the request was given up before
    /// it came or before it was looked at, `ends` are recorded behind them.
    pub(crate) async fn announce(&self, events: Vec<Event>, ends: Vec<Event>) -> Answer {
        let answered = self.outbox.ask(events, ends)?;
        answered.await.map_or(Err(JournalError::Stopped), Told::take)
    }

    /// Records the end of something that was announced. There is room for it, and it is recorded also if the answer is
    /// not waited for. What cannot be recorded shows as an intent without an end.
    pub(crate) async fn record_end(&self, event: Event) {
        if let Some(answered) = self.outbox.ask_for_end(event) {
            let _ = answered.await.map(Told::take);
        }
    }

    /// Records the end of something that was announced, whenever it gets there: for whoever must not wait.
    pub(crate) fn record_later(&self, event: Event) {
        self.outbox.leave(vec![event]);
    }

    /// Records events that belong together. Blocks.
    pub(crate) fn record_now(&self, events: &[Event]) -> Answer {
        self.outbox.append(events)
    }

    pub(crate) fn newest(&self) -> Option<SystemTime> {
        self.outbox.newest()
    }

    /// Waits until everything is recorded that was handed over, and ends the thread. Blocks.
    pub(crate) fn close(&self) {
        self.outbox.shut();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map(JoinHandle::join).map(drop).unwrap_or_default();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.outbox.shut();
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("journal", self.outbox.journal()).finish_non_exhaustive()
    }
}

fn work(outbox: &Arc<Outbox>, received: &Receiver<Order>) {
    while let Ok(first) = received.recv() {
        let mut count = first.events.len();
        let mut orders = vec![first];
        while count < BATCH_LEN
            && let Ok(order) = received.try_recv()
        {
            count = count.saturating_add(order.events.len());
            orders.push(order);
        }
        outbox.taken(&orders);
        carry_out(outbox, orders);
    }
}

/// Together if they can be; one by one if not, so that an event that makes no record fails nobody else's.
fn carry_out(outbox: &Arc<Outbox>, orders: Vec<Order>) {
    if orders.len() > 1 {
        let all: Vec<Event> =
            orders.iter().flat_map(|order| order.events.iter().cloned()).collect();
        if let Ok(recorded) = outbox.append(&all) {
            let mut recorded = recorded.into_iter();
            for order in orders {
                let own = recorded.by_ref().take(order.events.len()).collect();
                order.tell(Ok(own), outbox);
            }
            return;
        }
    }
    for order in orders {
        let recorded = outbox.append(&order.events);
        order.tell(recorded, outbox);
    }
}
