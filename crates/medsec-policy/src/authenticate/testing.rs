//! A clock that tests set by hand.

#![expect(clippy::arithmetic_side_effects, reason = "built for tests and the fuzzer only")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::clock::{Clock, ClockError, Moment};

/// When tests begin, in seconds since 1970.
pub(crate) const T0: u64 = 1_800_000_000;

#[derive(Debug)]
pub(crate) struct HandClock {
    wall: AtomicU64,
    boot: AtomicU64,
    broken: AtomicBool,
}

impl HandClock {
    pub(crate) fn at(seconds: u64) -> Arc<Self> {
        let wall = AtomicU64::new(seconds);
        Arc::new(Self { wall, boot: AtomicU64::new(1000), broken: AtomicBool::new(false) })
    }
}

#[cfg(test)]
impl HandClock {
    /// Time passes, on both clocks.
    pub(crate) fn pass(&self, seconds: u64) {
        self.wall.fetch_add(seconds, Ordering::SeqCst);
        self.boot.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, seconds: u64) {
        self.wall.store(seconds, Ordering::SeqCst);
    }

    pub(crate) fn break_boot(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.wall.load(Ordering::SeqCst))
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(ClockError);
        }
        Ok(Moment::after_boot(Duration::from_secs(self.boot.load(Ordering::SeqCst))))
    }
}
