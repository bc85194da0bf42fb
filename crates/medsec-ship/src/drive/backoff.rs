//! How long to wait after a failure.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use super::Pace;

/// Failures in a row, and the wait that follows from them.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new(pace: &Pace) -> Self {
        Self { first: pace.first_retry, longest: pace.longest_retry, failures: 0 }
    }

    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }

    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Counts a failure and says how long to wait: between half and all of twice as long as the last time, so that
    /// many clients of one server do not come back in the same moment.
    pub(super) fn fail(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        self.failures = self.failures.saturating_add(1);
        let most = self.first.saturating_mul(factor).min(self.longest);
        let half = most.checked_div(2).unwrap_or(most);
        half.saturating_add(half.mul_f64(part())).min(self.longest)
    }
}

/// A number from 0 to 1. Nothing depends on nobody knowing it.
fn part() -> f64 {
    let drawn = RandomState::new().build_hasher().finish();
    let sixteen = u16::try_from(drawn >> 48).unwrap_or(u16::MAX);
    f64::from(sixteen) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_differ() {
        let mut pace = Pace::FOLLOWER;
        pace.longest_retry = Duration::from_secs(60);
        let mut backoff = Backoff::new(&pace);
        for failure in 0..100_u32 {
            let most = Duration::from_secs(60.min(1 << failure.min(10)));
            let wait = backoff.fail();
            assert!(wait >= most / 2 && wait <= most, "{failure}: {wait:?}");
        }
        backoff.reset();
        let waits: Vec<_> = (0..20).map(|_| Backoff::new(&pace).fail()).collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]), "no two clients wait equally long");
        assert!(backoff.fail() <= Duration::from_secs(1));
    }
}
