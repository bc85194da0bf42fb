//! Where sessions, tokens and emergencies have their time from.

#[cfg(test)]
pub(crate) mod manual;
mod watch;

pub use self::watch::ClockStep;
pub(crate) use self::watch::WallWatch;

use std::time::{Duration, SystemTime};

/// Tells the time in two ways, because each can be wrong in its own.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// What the wall clock shows. Somebody may set it.
    fn wall(&self) -> SystemTime;

    /// Time since the machine started, suspend included. Nobody can set it.
    ///
    /// # Errors
    /// [`ClockError`] if the machine does not tell; then nothing that depends on time is permitted.
    fn boot(&self) -> Result<Moment, ClockError>;
}

/// The machine does not tell how long it has been up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine's clock cannot be read")]
pub struct ClockError;

/// A point on the clock that counts suspend: comparable within one start of one machine only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// So long after the machine's start.
    #[must_use]
    pub const fn after_boot(time: Duration) -> Self {
        Self(time)
    }

    /// The time from `earlier` until this; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This much later; never further than can be counted.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time))
    }
}

/// The clocks of the machine: `CLOCK_BOOTTIME` where there is one.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no parts")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn boot(&self) -> Result<Moment, ClockError> {
        since_boot().map(Moment)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn since_boot() -> Result<Duration, ClockError> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    duration(time.tv_sec, time.tv_nsec)
}

/// On these systems the monotonic clock goes on while the machine sleeps.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn since_boot() -> Result<Duration, ClockError> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    duration(time.tv_sec, time.tv_nsec)
}

#[cfg(not(unix))]
fn since_boot() -> Result<Duration, ClockError> {
    Err(ClockError)
}

#[cfg(unix)]
fn duration(seconds: i64, nanoseconds: impl TryInto<u32>) -> Result<Duration, ClockError> {
    let seconds = u64::try_from(seconds).map_err(|_| ClockError)?;
    let nanoseconds = nanoseconds.try_into().map_err(|_| ClockError)?;
    Ok(Duration::new(seconds, nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_since_an_earlier_moment_is_never_negative() {
        let [early, late] = [5, 9].map(|s| Moment::after_boot(Duration::from_secs(s)));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.since(early), Duration::from_secs(4));
    }

    #[test]
    fn machine_tells_how_long_it_has_been_up() {
        let first = SystemClock.boot().unwrap();
        let second = SystemClock.boot().unwrap();
        assert!(first > Moment::after_boot(Duration::ZERO));
        assert!(second >= first);
    }
}
