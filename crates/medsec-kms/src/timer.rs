//! Waiting, without choosing a runtime.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// A wait on its way.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Tells how much time has passed, and lets it pass. A program with a runtime gives that runtime's timer.
pub trait Timer: fmt::Debug + Send + Sync {
    /// Time since some moment that stays the same. It never goes back.
    fn now(&self) -> Duration;

    /// Ends after `time`.
    fn sleep(&self, time: Duration) -> Sleep<'_>;
}

/// A timer without a runtime: one thread for the whole process, started at the first wait.
///
/// On Linux its clock goes on while the machine is suspended, so that what is limited to an hour does not outlive a
/// night; a wait itself stands still meanwhile and may end late, never early.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no parts")]
pub struct ThreadTimer;

impl Timer for ThreadTimer {
    fn now(&self) -> Duration {
        elapsed()
    }

    fn sleep(&self, time: Duration) -> Sleep<'_> {
        Box::pin(Waiting { over: Arc::default(), time, until: None })
    }
}

#[cfg(target_os = "linux")]
fn elapsed() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let part = |number: i64| u64::try_from(number).unwrap_or_default();
    Duration::from_secs(part(now.tv_sec)).saturating_add(Duration::from_nanos(part(now.tv_nsec)))
}

#[cfg(not(target_os = "linux"))]
fn elapsed() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// Whether the time has come, and whom to tell.
#[derive(Debug, Default)]
struct Over {
    done: bool,
    waker: Option<Waker>,
}

type Shared = Arc<Mutex<Over>>;

/// The time runs from the first poll.
#[derive(Debug)]
struct Waiting {
    over: Shared,
    time: Duration,
    until: Option<Instant>,
}

impl Future for Waiting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.time.is_zero() {
            return Poll::Ready(());
        }
        {
            let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
            if over.done {
                return Poll::Ready(());
            }
            over.waker = Some(context.waker().clone());
        }
        if self.until.is_none() {
            // A wait that no clock reaches is one that never ends.
            let until = Instant::now().checked_add(self.time);
            self.until = until;
            if let Some(until) = until {
                Clockwork::of_process().add(until, &self.over);
            }
        }
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Nobody is told any more; the thread forgets the entry when its time comes.
        self.over.lock().unwrap_or_else(PoisonError::into_inner).waker = None;
    }
}

/// One entry of the thread's list, ordered by time and then by number.
struct Entry(Instant, u64, Shared);

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

/// What the thread works off.
#[derive(Default)]
struct Clockwork {
    entries: Mutex<(BinaryHeap<Reverse<Entry>>, u64)>,
    changed: Condvar,
}

impl Clockwork {
    fn of_process() -> &'static Self {
        static CLOCKWORK: OnceLock<&'static Clockwork> = OnceLock::new();
        CLOCKWORK.get_or_init(|| {
            let clockwork: &'static Self = Box::leak(Box::default());
            let run = thread::Builder::new().name("medsec-timer".to_owned());
            // Without a thread no wait would end: every one is then over at once, and whoever waited gives up sooner.
            if run.spawn(|| clockwork.run()).is_err() {
                clockwork.entries.lock().unwrap_or_else(PoisonError::into_inner).1 = u64::MAX;
            }
            clockwork
        })
    }

    fn add(&self, until: Instant, over: &Shared) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let number = entries.1;
        if number == u64::MAX {
            drop(entries);
            return finish(over);
        }
        entries.1 = number.saturating_add(1);
        entries.0.push(Reverse(Entry(until, number, Arc::clone(over))));
        self.changed.notify_one();
    }

    fn run(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            let next = entries.0.peek().map(|Reverse(entry)| entry.0);
            entries = match next {
                Some(until) if until <= now => {
                    if let Some(Reverse(entry)) = entries.0.pop() {
                        drop(entries);
                        finish(&entry.2);
                    }
                    self.entries.lock().unwrap_or_else(PoisonError::into_inner)
                }
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    let waited = self.changed.wait_timeout(entries, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(entries).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

fn finish(over: &Shared) {
    let mut over = over.lock().unwrap_or_else(PoisonError::into_inner);
    over.done = true;
    let waker = over.waker.take();
    drop(over);
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn wait_takes_the_time_it_was_given() {
        let begun = Instant::now();
        block_on(ThreadTimer.sleep(Duration::from_millis(40)));
        assert!(begun.elapsed() >= Duration::from_millis(40));
    }

    #[test]
    fn shorter_wait_that_began_later_ends_first() {
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            for millis in [400_u64, 20] {
                let sender = sender.clone();
                scope.spawn(move || {
                    block_on(ThreadTimer.sleep(Duration::from_millis(millis)));
                    sender.send(millis).unwrap();
                });
                thread::sleep(Duration::from_millis(30));
            }
        });
        assert_eq!(receiver.iter().take(2).collect::<Vec<_>>(), [20, 400]);
    }

    #[test]
    fn clock_does_not_go_back() {
        let times: Vec<_> = (0..1000).map(|_| ThreadTimer.now()).collect();
        assert!(times.is_sorted());
    }
}
