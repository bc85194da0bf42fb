//! A clock for tests.

#![expect(clippy::arithmetic_side_effects, reason = "times of tests are far from their limits")]

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use super::{Clock, ClockError, Moment};

/// Shows what a test sets.
#[derive(Debug)]
pub(crate) struct ManualClock(Mutex<Shown>);

#[derive(Clone, Copy, Debug)]
struct Shown {
    wall: SystemTime,
    boot: Option<Duration>,
    /// What a clock that stands still during suspend would show. Nothing reads it.
    running: Duration,
}

impl ManualClock {
    /// 2026-11-18T11:06:40Z, an hour after the start of the machine.
    pub(crate) const START: u64 = 1_795_000_000;

    pub(crate) fn new() -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(Self::START);
        let hour = Duration::from_secs(3600);
        Self(Mutex::new(Shown { wall, boot: Some(hour), running: hour }))
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Time passes.
    pub(crate) fn pass(&self, time: Duration) {
        self.change(|shown| {
            shown.wall += time;
            shown.boot = shown.boot.map(|boot| boot + time);
            shown.running += time;
        });
    }

    /// The machine sleeps.
    pub(crate) fn suspend(&self, time: Duration) {
        let running = self.running();
        self.pass(time);
        self.change(|shown| shown.running = running);
    }

    pub(crate) fn running(&self) -> Duration {
        self.0.lock().unwrap().running
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&self, seconds: u64) {
        self.change(|shown| shown.wall = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    }

    /// What nobody can do: sets the clock that counts suspend; none if it fails.
    pub(crate) fn set_boot(&self, boot: Option<Duration>) {
        self.change(|shown| shown.boot = boot);
    }

    /// The machine starts anew after so long.
    pub(crate) fn restart(&self, off: Duration) {
        self.pass(off);
        self.set_boot(Some(Duration::from_secs(5)));
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.0.lock().unwrap().wall
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        self.0.lock().unwrap().boot.map(Moment::after_boot).ok_or(ClockError)
    }
}
