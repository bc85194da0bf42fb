//! A journal before another one: counts, looks, and fails where it is told to.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use medsec::{Journal, JournalError, Recorded};
use medsec_audit::Event;

/// Hands calls on to another journal and counts them. A test's function is called with the number of each call, from
/// 1, and its events, before anything is recorded; where it answers an error, nothing is.
pub struct WatchedJournal {
    inner: Arc<dyn Journal>,
    calls: AtomicUsize,
    #[expect(clippy::type_complexity, reason = "named once")]
    before: Box<dyn Fn(usize, &[Event]) -> Result<(), JournalError> + Send + Sync>,
}

impl WatchedJournal {
    /// Calls `before` ahead of every append.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Journal>,
        before: impl Fn(usize, &[Event]) -> Result<(), JournalError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, calls: AtomicUsize::new(0), before: Box::new(before) }
    }

    /// Fails at the call with this number, from 1, and at no other.
    #[must_use]
    pub fn failing_at(inner: Arc<dyn Journal>, number: usize) -> Self {
        Self::new(inner, move |call, _| match call == number {
            true => Err(JournalError::Unreachable),
            false => Ok(()),
        })
    }

    /// Fails from the call with this number on.
    #[must_use]
    pub fn failing_from(inner: Arc<dyn Journal>, number: usize) -> Self {
        Self::new(inner, move |call, _| match call >= number {
            true => Err(JournalError::Unreachable),
            false => Ok(()),
        })
    }

    /// How often it was called: each call is one commit.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Journal for WatchedJournal {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        (self.before)(call, events)?;
        self.inner.append(events)
    }

    fn newest(&self) -> Option<SystemTime> {
        self.inner.newest()
    }
}

impl fmt::Debug for WatchedJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedJournal").field("inner", &self.inner).finish_non_exhaustive()
    }
}
