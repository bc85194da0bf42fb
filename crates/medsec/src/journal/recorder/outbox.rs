//! What waits to be recorded, and answers that nobody takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures_channel::oneshot;
use medsec_audit::Event;

use super::Answer;
use crate::journal::{Journal, JournalError};

/// Orders that wait, at most. Beyond it requests are refused, never dropped.
const QUEUE_LEN: usize = 1024;

/// Events on their way to the thread.
pub(super) struct Order {
    pub(super) events: Vec<Event>,
    /// What is recorded behind them if nobody takes the answer.
    ends: Vec<Event>,
    /// Whoever waits.
    answer: Option<oneshot::Sender<Told>>,
    /// Whether it has one of the places of the queue.
    counted: bool,
}

/// An answer on its way. Dropped before somebody has taken it, it sees to the ends of what it tells to be on record.
pub(super) struct Told {
    answer: Option<Answer>,
    ends: Vec<Event>,
    outbox: Arc<Outbox>,
}

impl Told {
    pub(super) fn take(mut self) -> Answer {
        self.answer.take().unwrap_or(Err(JournalError::Stopped))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let ends = std::mem::take(&mut self.ends);
        if matches!(self.answer, Some(Ok(_))) && !ends.is_empty() {
            self.outbox.leave(ends);
        }
    }
}

impl Order {
    /// Answers whoever waits. If nobody does, the answer comes back and is dropped here.
    pub(super) fn tell(self, answer: Answer, outbox: &Arc<Outbox>) {
        if let Some(waiting) = self.answer {
            let told = Told { answer: Some(answer), ends: self.ends, outbox: Arc::clone(outbox) };
            drop(waiting.send(told));
        }
    }
}

/// The way to the thread, and to the journal behind it.
pub(super) struct Outbox {
    journal: Arc<dyn Journal>,
    /// Whether the journal panicked: what it would do then nobody knows, so it is asked nothing more.
    panicked: AtomicBool,
    orders: Mutex<Option<Sender<Order>>>,
    /// Orders of requests that wait. The ends of what was announced come on top: there are no more of them than intents.
    waiting: AtomicUsize,
}

impl Outbox {
    pub(super) fn new(journal: Arc<dyn Journal>, orders: Sender<Order>) -> Self {
        let panicked = AtomicBool::new(false);
        Self { journal, panicked, orders: Mutex::new(Some(orders)), waiting: AtomicUsize::new(0) }
    }

    /// Records events, in the caller's thread. A journal that answers for fewer than it was given has not recorded them;
    /// one that panics has not either, and everything after that is refused.
    pub(super) fn append(&self, events: &[Event]) -> Answer {
        if self.panicked.load(Ordering::Acquire) {
            return Err(JournalError::Stopped);
        }
        // Nothing of it is used after a panic.
        let append = AssertUnwindSafe(|| self.journal.append(events));
        let recorded = catch_unwind(append).unwrap_or_else(|_| {
            self.panicked.store(true, Ordering::Release);
            Err(JournalError::Stopped)
        })?;
        match recorded.len() == events.len() {
            true => Ok(recorded),
            false => Err(JournalError::Refused),
        }
    }

    /// The latest time that any record bears.
    pub(super) fn newest(&self) -> Option<SystemTime> {
        match self.panicked.load(Ordering::Acquire) {
            true => None,
            false => self.journal.newest(),
        }
    }

    pub(super) fn journal(&self) -> &dyn Journal {
        &*self.journal
    }

    /// Hands over a request's events, if there is room.
    pub(super) fn ask(
        &self,
        events: Vec<Event>,
        ends: Vec<Event>,
    ) -> Result<oneshot::Receiver<Told>, JournalError> {
        let (answer, answered) = oneshot::channel();
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE_LEN {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(JournalError::Full);
        }
        let order = Order { events, ends, answer: Some(answer), counted: true };
        self.send(order).map_err(|_| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            JournalError::Stopped
        })?;
        Ok(answered)
    }

    /// Hands over an end, for which there is always room. Nothing is to be waited for if the thread is gone.
    pub(super) fn ask_for_end(&self, event: Event) -> Option<oneshot::Receiver<Told>> {
        let (answer, answered) = oneshot::channel();
        let events = vec![event];
        let order = Order { events, ends: Vec::new(), answer: Some(answer), counted: false };
        match self.send(order) {
            Ok(()) => Some(answered),
            Err(order) => {
                self.late(&order.events);
                None
            }
        }
    }

    /// Hands over ends that nobody waits for.
    pub(super) fn leave(&self, events: Vec<Event>) {
        let order = Order { events, ends: Vec::new(), answer: None, counted: false };
        if let Err(order) = self.send(order) {
            self.late(&order.events);
        }
    }

    /// The thread is gone, for recording was closed: what is still granted ends in the caller's own thread. What cannot
    /// be recorded then shows as an intent without an end.
    fn late(&self, events: &[Event]) {
        let _ = self.append(events);
    }

    fn send(&self, order: Order) -> Result<(), Order> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        match &*orders {
            Some(orders) => orders.send(order).map_err(|unsent| unsent.0),
            None => Err(order),
        }
    }

    /// The thread has taken these.
    pub(super) fn taken(&self, orders: &[Order]) {
        let counted = orders.iter().filter(|order| order.counted).count();
        self.waiting.fetch_sub(counted, Ordering::Relaxed);
    }

    /// Takes nothing more.
    pub(super) fn shut(&self) {
        drop(self.orders.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
