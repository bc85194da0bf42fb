//! Whether the wall clock can be relied on: what is refused when somebody has set it back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use medsec_policy::{Clock, Moment};

/// How far the wall clock may fall behind the clock that nobody can set, or behind the newest record: what time
/// servers correct.
const TOLERANCE: Duration = Duration::from_secs(120);

/// Why the time is not known well enough to permit anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockFault {
    /// The clock that counts from the machine's start cannot be read.
    #[error("the machine's clock cannot be read")]
    Unreadable,
    /// The wall clock was set back while this process ran.
    #[error("the machine's clock was set back")]
    SetBack {
        /// What it should have shown.
        expected: SystemTime,
        /// What it showed.
        found: SystemTime,
    },
    /// The wall clock is behind the newest record of the audit log.
    #[error("the machine's clock is behind the newest record of the audit log")]
    BehindLog {
        /// The time of that record.
        expected: SystemTime,
        /// What the clock showed.
        found: SystemTime,
    },
}

/// Watches the wall clock against one that nobody can set. What was seen stays: setting the clock right again
/// heals it, setting it back further does not.
#[derive(Debug)]
pub(crate) struct ClockGuard {
    /// The two clocks when they were last seen to agree.
    agreed: Mutex<(SystemTime, Moment)>,
}

impl ClockGuard {
    pub(crate) fn new(clock: &dyn Clock) -> Result<Self, ClockFault> {
        let boot = clock.boot().map_err(|_| ClockFault::Unreadable)?;
        Ok(Self { agreed: Mutex::new((clock.wall(), boot)) })
    }

    /// The wall clock's time, if it can be relied on. `newest` is the time of the newest record.
    pub(crate) fn now(
        &self,
        clock: &dyn Clock,
        newest: Option<SystemTime>,
    ) -> Result<SystemTime, ClockFault> {
        let boot = clock.boot().map_err(|_| ClockFault::Unreadable)?;
        let found = clock.wall();
        let mut agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner);
        let expected = agreed.0.checked_add(boot.since(agreed.1)).ok_or(ClockFault::Unreadable)?;
        if is_behind(found, expected) {
            return Err(ClockFault::SetBack { expected, found });
        }
        if let Some(newest) = newest.filter(|newest| is_behind(found, *newest)) {
            return Err(ClockFault::BehindLog { expected: newest, found });
        }
        // Small corrections do not add up: only a clock that is ahead moves what is expected.
        if found > expected {
            *agreed = (found, boot);
        }
        Ok(found)
    }
}

fn is_behind(found: SystemTime, expected: SystemTime) -> bool {
    expected.duration_since(found).is_ok_and(|behind| behind > TOLERANCE)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that panics has failed")]
mod tests {
    use std::sync::Mutex;

    use medsec_policy::ClockError;

    use super::*;

    #[derive(Debug)]
    struct Set(Mutex<(SystemTime, Result<Moment, ClockError>)>);

    impl Clock for Set {
        fn wall(&self) -> SystemTime {
            self.0.lock().unwrap().0
        }

        fn boot(&self) -> Result<Moment, ClockError> {
            self.0.lock().unwrap().1
        }
    }

    fn at(wall: u64, boot: u64) -> (SystemTime, Result<Moment, ClockError>) {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(wall);
        (wall, Ok(Moment::after_boot(Duration::from_secs(boot))))
    }

    fn guarded() -> (Set, ClockGuard) {
        let clock = Set(Mutex::new(at(10_000, 50)));
        let guard = ClockGuard::new(&clock).unwrap();
        (clock, guard)
    }

    #[test]
    fn clock_set_back_is_refused_until_it_is_right_again() {
        let (clock, guard) = guarded();
        *clock.0.lock().unwrap() = at(9_000, 60);
        assert!(matches!(guard.now(&clock, None), Err(ClockFault::SetBack { .. })));
        *clock.0.lock().unwrap() = at(10_020, 70);
        assert!(guard.now(&clock, None).is_ok());
    }

    #[test]
    fn small_steps_back_do_not_add_up() {
        let (clock, guard) = guarded();
        *clock.0.lock().unwrap() = at(9_900, 50);
        assert!(guard.now(&clock, None).is_ok());
        *clock.0.lock().unwrap() = at(9_800, 50);
        assert!(matches!(guard.now(&clock, None), Err(ClockFault::SetBack { .. })));
    }

    #[test]
    fn clock_behind_the_newest_record_is_refused() {
        let (clock, guard) = guarded();
        let newest = SystemTime::UNIX_EPOCH + Duration::from_secs(20_000);
        let found = guard.now(&clock, Some(newest));
        assert!(matches!(found, Err(ClockFault::BehindLog { .. })));
    }

    #[test]
    fn clock_that_cannot_be_read_is_refused() {
        let (clock, guard) = guarded();
        clock.0.lock().unwrap().1 = Err(ClockError);
        assert_eq!(guard.now(&clock, None), Err(ClockFault::Unreadable));
        assert_eq!(ClockGuard::new(&clock).unwrap_err(), ClockFault::Unreadable);
    }

    #[test]
    fn suspended_machine_is_not_mistaken_for_a_clock_set_back() {
        let (clock, guard) = guarded();
        *clock.0.lock().unwrap() = at(10_000 + 86_400, 50 + 86_400);
        assert!(guard.now(&clock, None).is_ok());
    }
}
