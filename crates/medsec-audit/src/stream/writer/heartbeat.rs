//! Keeps epochs going when nothing is recorded: a stream whose newest record is old was stopped, or cut.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::AppendError;
use super::queue::Queue;
use crate::epoch::EpochReason;

/// How long to wait when the disk is full.
const PAUSE: Duration = Duration::from_secs(10);

/// The thread, if there is one.
#[derive(Debug, Default)]
pub(super) struct Heartbeat {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Heartbeat {
    /// Starts it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(&mut self, queue: &Arc<Queue>) -> io::Result<()> {
        let (stop, queue) = (Arc::clone(&self.stop), Arc::clone(queue));
        let beat = move || {
            let mut wait = queue.until_due();
            loop {
                let stopped = stop.0.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = stop.1.wait_timeout_while(stopped, wait, |stop| !*stop);
                let (stopped, _) = waited.unwrap_or_else(PoisonError::into_inner);
                if *stopped {
                    return;
                }
                drop(stopped);
                wait = match beat(&queue) {
                    Ok(()) => queue.until_due(),
                    // There may be room again.
                    Err(AppendError::NoSpace { .. }) => PAUSE,
                    // What fails here fails for every append after it, and is told there.
                    Err(_) => return,
                };
            }
        };
        self.thread = Some(std::thread::Builder::new().name("audit-epochs".into()).spawn(beat)?);
        Ok(())
    }

    pub(super) fn stop(&mut self) {
        *self.stop.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

/// Hands over, if it is time.
fn beat(queue: &Queue) -> Result<(), AppendError> {
    if queue.is_due() { queue.hand_over(EpochReason::Rotate) } else { Ok(()) }
}
