//! What a thread waits for: that its events were written, or that it is its turn to write.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;

use super::{AppendError, Appended};

pub(super) type Outcome = Result<Vec<Appended>, AppendError>;

/// One thread that waits. Each is woken by itself and for a reason: woken all together, most would only find that
/// they have to go on waiting.
#[derive(Debug)]
pub(super) struct Ticket {
    outcome: OnceLock<Outcome>,
    leads: AtomicBool,
    thread: Thread,
}

/// Why a thread waits no longer.
pub(super) enum Turn {
    /// Its events are written, or not.
    Done(Outcome),
    /// It writes for all who wait.
    Lead,
}

impl Ticket {
    /// Of this thread.
    pub(super) fn new() -> Self {
        let thread = std::thread::current();
        Self { outcome: OnceLock::new(), leads: AtomicBool::new(false), thread }
    }

    /// Waits. For the thread that it is of only.
    pub(super) fn wait(&self) -> Turn {
        loop {
            if let Some(outcome) = self.outcome.get() {
                return Turn::Done(outcome.clone());
            }
            if self.leads.swap(false, Ordering::AcqRel) {
                return Turn::Lead;
            }
            std::thread::park();
        }
    }

    /// Says what has become of its events. What was said first counts.
    pub(super) fn settle(&self, outcome: Outcome) {
        let _ = self.outcome.set(outcome);
    }

    /// Has it write.
    pub(super) fn lead(&self) {
        self.leads.store(true, Ordering::Release);
    }

    /// Wakes it, if it is not this thread.
    pub(super) fn wake(&self) {
        if self.thread.id() != std::thread::current().id() {
            self.thread.unpark();
        }
    }
}
