//! Notices that the machine slept: of its two clocks that nobody can set, one goes on meanwhile and one does not.

use std::time::Duration;

/// Differences below this are the time between reading one clock and the other.
const TOLERANCE: Duration = Duration::from_secs(5);

/// What the two clocks show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// Since the machine's start, suspend included.
    pub(super) boot: Duration,
    /// The same without suspend.
    pub(super) awake: Duration,
}

/// Compares them whenever it is asked.
#[derive(Debug)]
pub(super) struct SuspendWatch {
    asleep: Duration,
}

impl SuspendWatch {
    pub(super) const fn new(clocks: Clocks) -> Self {
        Self { asleep: clocks.asleep() }
    }

    /// Whether the machine slept since this was last asked.
    pub(super) fn slept(&mut self, clocks: Clocks) -> bool {
        let asleep = clocks.asleep();
        let slept = asleep.saturating_sub(self.asleep) > TOLERANCE;
        if slept {
            self.asleep = asleep;
        }
        slept
    }
}

impl Clocks {
    const fn asleep(self) -> Duration {
        self.boot.saturating_sub(self.awake)
    }

    /// Those of the machine. Where they are one, nothing is noticed here, and the session's limits count on.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn now() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        let read = |clock| {
            let time = clock_gettime(clock);
            let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
            Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
        };
        // In this order the time between is never taken for sleep.
        let boot = read(ClockId::Boottime);
        Self { boot, awake: read(ClockId::Monotonic) }
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) fn now() -> Self {
        Self { boot: Duration::ZERO, awake: Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(boot: u64, awake: u64) -> Clocks {
        Clocks { boot: Duration::from_millis(boot), awake: Duration::from_millis(awake) }
    }

    #[test]
    fn sleep_is_noticed_once_each_time() {
        let mut watch = SuspendWatch::new(clocks(100_000, 90_000));
        assert!(!watch.slept(clocks(500_000, 490_000)), "time goes on awake");
        assert!(!watch.slept(clocks(505_000, 490_000)), "five seconds are tolerated");
        assert!(watch.slept(clocks(505_001, 490_000)), "and no more");
        assert!(!watch.slept(clocks(505_001, 490_000)), "it is told once");
        assert!(watch.slept(clocks(4_000_000, 490_001)), "a second sleep is another");
    }

    #[test]
    fn short_naps_add_up() {
        let mut watch = SuspendWatch::new(clocks(0, 0));
        assert!(!watch.slept(clocks(4_000, 0)));
        assert!(watch.slept(clocks(8_000, 0)));
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[test]
    fn clocks_of_the_machine_go_on() {
        let before = Clocks::now();
        std::thread::sleep(Duration::from_millis(2));
        let after = Clocks::now();
        assert!(after.boot > before.boot && after.awake > before.awake, "{before:?} {after:?}");
    }

    #[test]
    fn clocks_of_the_machine_tell_of_no_sleep_now() {
        let mut watch = SuspendWatch::new(Clocks::now());
        assert!(!watch.slept(Clocks::now()));
    }
}
