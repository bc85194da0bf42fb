//! The wall clock, as far as it can be believed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::RefusedBecause;
use crate::clock::{Clock, Moment};

/// How far the wall clock may lag behind what it must show by now: corrections of the clock are smaller.
const TOLERANCE: Duration = Duration::from_secs(60);

/// A wall clock that never goes back: a credential that has expired does not come to life again because somebody
/// sets the clock. How much time has passed is told by the clock that nobody can set.
#[derive(Debug)]
pub(crate) struct SteadyWall {
    clock: Arc<dyn Clock>,
    /// The furthest that the wall clock was, and when that was.
    furthest: Mutex<Option<(Moment, SystemTime)>>,
}

impl SteadyWall {
    pub(crate) const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, furthest: Mutex::new(None) }
    }

    /// Time since the machine's start.
    pub(crate) fn boot(&self) -> Result<Moment, RefusedBecause> {
        self.clock.boot().map_err(|_| RefusedBecause::ClockUnreadable)
    }

    /// What time it is.
    ///
    /// # Errors
    /// [`RefusedBecause::ClockSetBack`] or [`RefusedBecause::ClockUnreadable`].
    pub(crate) fn now(&self) -> Result<SystemTime, RefusedBecause> {
        let (boot, wall) = (self.boot()?, self.clock.wall());
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        let due = match *furthest {
            None => wall,
            Some((then, shown)) => {
                shown.checked_add(boot.since(then)).ok_or(RefusedBecause::ClockUnreadable)?
            }
        };
        let lag = due.duration_since(wall).unwrap_or_default();
        if lag > TOLERANCE {
            return Err(RefusedBecause::ClockSetBack);
        }
        let now = wall.max(due);
        *furthest = Some((boot, now));
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticate::testing::{HandClock, T0};

    #[test]
    fn clock_set_back_is_noticed_until_it_has_caught_up() {
        let clock = HandClock::at(T0);
        let steady = SteadyWall::new(clock.clone());
        let start = steady.now().unwrap();
        clock.pass(100);
        clock.set_wall(T0);
        assert_eq!(steady.now(), Err(RefusedBecause::ClockSetBack));
        clock.set_wall(T0 + 41);
        assert_eq!(steady.now(), Ok(start + Duration::from_secs(100)));
    }

    #[test]
    fn clock_set_forward_is_believed_and_kept() {
        let clock = HandClock::at(T0);
        let steady = SteadyWall::new(clock.clone());
        clock.set_wall(T0 + 1000);
        let late = steady.now().unwrap();
        clock.set_wall(T0);
        assert_eq!(steady.now(), Err(RefusedBecause::ClockSetBack));
        clock.pass(1000);
        assert_eq!(steady.now(), Err(RefusedBecause::ClockSetBack));
        clock.set_wall(T0 + 2000);
        assert_eq!(steady.now(), Ok(late + Duration::from_secs(1000)));
    }

    #[test]
    fn clock_that_cannot_be_read_gives_no_time() {
        let clock = HandClock::at(T0);
        let steady = SteadyWall::new(clock.clone());
        clock.break_boot();
        assert_eq!(steady.now(), Err(RefusedBecause::ClockUnreadable));
    }
}
