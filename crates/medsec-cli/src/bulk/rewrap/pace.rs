//! So many packages a second, over all threads.

use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::bulk::crew::lock;
use crate::session::Interrupt;

/// How long a signal may go unnoticed.
const GLANCE: Duration = Duration::from_millis(50);

/// When the next package may go. Time in which none went is not made up for.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    next: Mutex<Instant>,
}

impl Pace {
    /// `rate` is at least 1.
    pub(super) fn new(rate: u32) -> Self {
        Self { rate, next: Mutex::new(Instant::now()) }
    }

    /// Waits until `count` packages may go; `false` if that was interrupted.
    pub(super) fn wait(&self, count: usize, interrupt: &Interrupt) -> bool {
        let mine = self.reserve(count, Instant::now());
        loop {
            if interrupt.is_set() {
                return false;
            }
            let left = mine.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            sleep(left.min(GLANCE));
        }
    }

    /// When they may go; the next ones that much later.
    fn reserve(&self, count: usize, now: Instant) -> Instant {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let whole = Duration::from_secs(1).saturating_mul(count);
        let time = whole.checked_div(self.rate).unwrap_or(whole);
        let mut next = lock(&self.next);
        let mine = (*next).max(now);
        *next = mine.checked_add(time).unwrap_or(mine);
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_go_as_fast_as_the_rate_says_and_lost_time_is_not_made_up_for() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let pace = Pace { rate: 10, next: Mutex::new(begun) };
        assert_eq!(pace.reserve(20, begun), begun);
        assert_eq!(pace.reserve(20, begun), at(2));
        assert_eq!(pace.reserve(10, at(9)), at(9));
        assert_eq!(pace.reserve(10, at(9)), at(10));
    }

    #[test]
    fn interruption_ends_the_waiting() {
        let interrupt = Interrupt::default();
        let pace = Pace::new(1);
        assert!(pace.wait(1_000_000, &interrupt));
        interrupt.set();
        assert!(!pace.wait(1, &interrupt));
    }
}
