//! Notices that somebody set the wall clock back.

use std::time::{Duration, SystemTime};

use super::Moment;

/// How far a wall clock may be behind what it should show: more than its correction by a time server comes to.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The wall clock showed less than before and the time that has passed since. Nothing lasts longer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockStep {
    /// What it should have shown.
    pub expected: SystemTime,
    /// What it showed.
    pub found: SystemTime,
}

/// Compares the wall clock with the one that nobody can set.
///
/// It compares with the beginning, not with the last look, so that many small steps show as well.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallWatch {
    wall: SystemTime,
    boot: Moment,
}

impl WallWatch {
    pub(crate) const fn new(wall: SystemTime, boot: Moment) -> Self {
        Self { wall, boot }
    }

    /// Looks again. A step is told once; from then on the clock is compared with what it showed after it.
    pub(crate) fn look(&mut self, wall: SystemTime, boot: Moment) -> Option<ClockStep> {
        let passed = boot.since(self.boot);
        // A time too late to be told is later than any clock shows.
        let Some(expected) = self.wall.checked_add(passed) else {
            *self = Self::new(wall, boot);
            return None;
        };
        let behind = expected.duration_since(wall).unwrap_or_default();
        if behind <= TOLERANCE {
            return None;
        }
        *self = Self::new(wall, boot);
        Some(ClockStep { expected, found: wall })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64, boot: u64) -> (SystemTime, Moment) {
        let wall = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(wall)).unwrap();
        (wall, Moment::after_boot(Duration::from_secs(boot)))
    }

    fn steps(looks: &[(u64, u64)]) -> Vec<bool> {
        let (wall, boot) = at(1_000_000, 500);
        let mut watch = WallWatch::new(wall, boot);
        let mut look = |(wall, boot)| {
            let (wall, boot) = at(wall, boot);
            watch.look(wall, boot).is_some()
        };
        looks.iter().map(|now| look(*now)).collect()
    }

    #[test]
    fn step_back_beyond_the_tolerance_is_told_once() {
        assert_eq!(steps(&[(999_939, 500), (999_940, 501), (999_800, 502)]), [true, false, true]);
    }

    #[test]
    fn many_small_steps_back_are_noticed() {
        let looks: Vec<_> = (1..=7).map(|n| (1_000_000 - 10 * n, 500)).collect();
        assert_eq!(steps(&looks), [false, false, false, false, false, false, true]);
    }

    #[test]
    fn clock_that_stands_still_is_noticed() {
        assert_eq!(steps(&[(1_000_000, 560), (1_000_000, 561)]), [false, true]);
    }

    #[test]
    fn step_forward_is_no_step_back() {
        assert_eq!(steps(&[(2_000_000, 501), (2_000_010, 511)]), [false, false]);
    }
}
