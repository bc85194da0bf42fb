//! How a long operation is carried out: threads, backend, progress, interruption.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::suite::Backend;

/// Told of progress; may stop the operation. Called from whichever thread finished a batch.
pub trait Observer: Sync {
    /// `bytes` of plaintext have been processed so far. [`ControlFlow::Break`] interrupts the
    /// operation, which then leaves no output.
    fn progress(&self, bytes: u64) -> ControlFlow<()>;
}

/// Knobs of one operation.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Execution<'a> {
    /// Threads that encrypt, the caller's included. One by default: no thread is started.
    pub threads: NonZeroUsize,
    /// Which implementation computes. The fastest of this build by default.
    pub backend: Backend,
    /// Whom to tell of progress. Nobody by default.
    pub observer: Option<&'a dyn Observer>,
}

impl Default for Execution<'_> {
    fn default() -> Self {
        Self { threads: NonZeroUsize::MIN, backend: Backend::default(), observer: None }
    }
}

impl Execution<'_> {
    /// As many threads as the machine runs at once.
    #[must_use]
    pub fn parallel() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self { threads, ..Self::default() }
    }

    /// Whether the observer wants to go on.
    pub(crate) fn goes_on(&self, bytes: u64) -> bool {
        self.observer.is_none_or(|observer| observer.progress(bytes).is_continue())
    }
}

impl fmt::Debug for Execution<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("threads", &self.threads)
            .field("backend", &self.backend)
            .field("observer", &self.observer.is_some())
            .finish()
    }
}
