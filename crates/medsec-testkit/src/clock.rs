//! A clock that stands still unless a test moves it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use medsec_policy::{Clock, ClockError, Moment};

/// Both clocks of a machine, moved by hand.
#[derive(Debug)]
pub struct ManualClock(Mutex<Hands>);

#[derive(Clone, Copy, Debug)]
struct Hands {
    wall: SystemTime,
    boot: Option<Duration>,
}

impl ManualClock {
    /// A clock that shows this, on a machine that has been up for an hour.
    #[must_use]
    pub const fn at(wall: SystemTime) -> Self {
        Self(Mutex::new(Hands { wall, boot: Some(Duration::from_secs(3_600)) }))
    }

    /// Time passes on both.
    pub fn advance(&self, time: Duration) {
        let mut hands = self.hands();
        hands.wall = hands.wall.checked_add(time).unwrap_or(hands.wall);
        hands.boot = hands.boot.map(|boot| boot.saturating_add(time));
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, wall: SystemTime) {
        self.hands().wall = wall;
    }

    /// The machine no longer tells how long it has been up.
    pub fn fail(&self) {
        self.hands().boot = None;
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> SystemTime {
        self.hands().wall
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        self.hands().boot.map(Moment::after_boot).ok_or(ClockError)
    }
}
