//! Where records go, and how one thread sees to it that a poll never waits for a disk.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use futures_channel::oneshot;
use medsec_audit::{AppendError, Event, Hash, StreamWriter};

/// Makes records durable. A stream of the audit log is one; the agent's client is another.
///
/// Contract, held by the conformance suite: when it returns, all of the events are durable, in their order, or
/// none is and the error says so; it never returns success for less.
pub trait Journal: fmt::Debug + Send + Sync {
    /// Records events that belong together. Blocks until they are durable.
    ///
    /// # Errors
    /// [`JournalError`]: none of the events counts as recorded, and what they tell of must not happen.
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError>;

    /// The latest time that a record bears, where that is known: the wall clock cannot be earlier. Must not wait, for
    /// a disk neither: it is asked inside polls.
    fn newest(&self) -> Option<SystemTime>;
}

/// A record that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "other journals make them too")]
pub struct Recorded {
    /// Its number in its stream.
    pub seq: u64,
    /// Its leaf hash.
    pub leaf: Hash,
}

/// Why events were not recorded. What they tell of must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The log did not take them.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// Who keeps the log cannot be reached.
    #[error("who keeps the audit log cannot be reached")]
    Unreachable,
    /// Who keeps the log refused.
    #[error("who keeps the audit log refused the record")]
    Refused,
    /// Too many events wait to be recorded.
    #[error("too many events wait to be recorded")]
    Full,
    /// Nothing is recorded any more in this process.
    #[error("recording has stopped")]
    Stopped,
}

impl Journal for StreamWriter {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let appended = self.append_all(events)?;
        Ok(appended.into_iter().map(Recorded::from).collect())
    }

    fn newest(&self) -> Option<SystemTime> {
        let millis = Duration::from_millis(self.newest_time().unix_millis());
        SystemTime::UNIX_EPOCH.checked_add(millis)
    }
}

/// Events that wait, at most. Beyond it requests are refused, never dropped.
const QUEUE_LEN: usize = 1024;
/// Events that are recorded under one commit, at most.
const BATCH_LEN: usize = 256;

type Answer = Result<Vec<Recorded>, JournalError>;

struct Order {
    events: Vec<Event>,
    /// Whoever waits.
    answer: Option<oneshot::Sender<Answer>>,
}

impl Order {
    fn tell(self, answer: Answer) {
        if let Some(waiting) = self.answer {
            // Who no longer waits has given up the request, not the record.
            let _ = waiting.send(answer);
        }
    }
}

/// Hands events to a journal on a thread of its own. What waits at the same time becomes durable together.
///
/// The thread ends when the last handle is gone and all that waited is recorded; [`close`](Self::close) waits for that.
pub(crate) struct Recorder {
    journal: Arc<dyn Journal>,
    orders: Mutex<Option<Sender<Order>>>,
    /// Orders of requests that wait. The ends of what was announced come on top: there are no more of them than grants.
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Recorder {
    /// Starts the thread.
    pub(crate) fn start(journal: Arc<dyn Journal>) -> std::io::Result<Self> {
        let (orders, received) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (worker, taken) = (Arc::clone(&journal), Arc::clone(&waiting));
        let thread = std::thread::Builder::new().name("medsec-journal".to_owned());
        let thread = thread.spawn(move || work(&*worker, &received, &taken))?;
        let orders = Mutex::new(Some(orders));
        Ok(Self { journal, orders, waiting, thread: Mutex::new(Some(thread)) })
    }

    /// Records events that belong together, without blocking the poll.
    pub(crate) async fn record(&self, events: Vec<Event>) -> Answer {
        let (answer, answered) = oneshot::channel();
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE_LEN {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(JournalError::Full);
        }
        self.send(Order { events, answer: Some(answer) }).map_err(|_| JournalError::Stopped)?;
        answered.await.unwrap_or(Err(JournalError::Stopped))
    }

    /// Records the end of something that was announced, whenever it gets there: for whoever must not wait.
    pub(crate) fn record_later(&self, event: Event) {
        if let Err(order) = self.send(Order { events: vec![event], answer: None }) {
            // The thread is gone: better late than never.
            let _ = self.journal.append(&order.events);
        }
    }

    fn send(&self, order: Order) -> Result<(), Order> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        match &*orders {
            Some(orders) => orders.send(order).map_err(|unsent| unsent.0),
            None => Err(order),
        }
    }

    /// Records events that belong together. Blocks.
    pub(crate) fn record_now(&self, events: &[Event]) -> Answer {
        complete(events.len(), self.journal.append(events))
    }

    pub(crate) fn newest(&self) -> Option<SystemTime> {
        self.journal.newest()
    }

    /// Waits until everything is recorded that was handed over, and ends the thread. Blocks.
    pub(crate) fn close(&self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A panic there has answered `Stopped` to all who waited.
        thread.map(JoinHandle::join).map(drop).unwrap_or_default();
    }
}

/// A journal that answers for fewer events than it was given has not recorded them.
fn complete(asked: usize, answer: Answer) -> Answer {
    answer.and_then(|recorded| match recorded.len() == asked {
        true => Ok(recorded),
        false => Err(JournalError::Refused),
    })
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("journal", &self.journal).finish_non_exhaustive()
    }
}

fn work(journal: &dyn Journal, received: &Receiver<Order>, waiting: &AtomicUsize) {
    while let Ok(first) = received.recv() {
        let mut count = first.events.len();
        let mut orders = vec![first];
        while count < BATCH_LEN
            && let Ok(order) = received.try_recv()
        {
            count = count.saturating_add(order.events.len());
            orders.push(order);
        }
        let answered = orders.iter().filter(|order| order.answer.is_some()).count();
        waiting.fetch_sub(answered, Ordering::Relaxed);
        carry_out(journal, orders);
    }
}

/// Together if they can be; one by one if not, so that an event that makes no record fails nobody else's.
fn carry_out(journal: &dyn Journal, orders: Vec<Order>) {
    if orders.len() > 1 {
        let all: Vec<Event> =
            orders.iter().flat_map(|order| order.events.iter().cloned()).collect();
        if let Ok(recorded) = complete(all.len(), journal.append(&all)) {
            let mut recorded = recorded.into_iter();
            for order in orders {
                let own = recorded.by_ref().take(order.events.len()).collect();
                order.tell(Ok(own));
            }
            return;
        }
    }
    for order in orders {
        let recorded = complete(order.events.len(), journal.append(&order.events));
        order.tell(recorded);
    }
}
