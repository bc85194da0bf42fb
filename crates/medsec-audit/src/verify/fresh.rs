//! Whether the newest record is as new as it must be.

use std::time::Duration;

use super::Finding;
use crate::time::LogTime;

/// How far the writer's clock may be ahead of ours before its times say nothing about age: what authentication by
/// tickets commonly permits between two machines (RFC 4120, section 7.5.1).
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);

/// What the time of the last record comes to. One from the future is never fresh: whoever sets a clock ahead once could
/// stop the log afterwards, and nobody would see it for as long.
pub(super) fn finding(last: LogTime, now: LogTime, max: Duration) -> Option<Finding> {
    let between = |from: LogTime, to: LogTime| {
        Duration::from_millis(to.unix_millis().saturating_sub(from.unix_millis()))
    };
    let (age, by) = (between(last, now), between(now, last));
    if by > CLOCK_TOLERANCE {
        return Some(Finding::Ahead { last, by });
    }
    (age > max).then_some(Finding::Stale { last, age })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_from_the_future_is_never_fresh() {
        let at = |millis| LogTime::from_unix_millis(millis).unwrap();
        let now = 1_793_707_200_000;
        let tolerance = u64::try_from(CLOCK_TOLERANCE.as_millis()).unwrap();
        let judge = |last, max| finding(at(last), at(now), Duration::from_millis(max));
        for ahead in [tolerance + 1, 86_400_000, 3_000_000_000_000] {
            let by = Duration::from_millis(ahead);
            let expected = Some(Finding::Ahead { last: at(now + ahead), by });
            assert_eq!(judge(now + ahead, u64::MAX), expected, "{ahead}");
        }
        assert_eq!(judge(now + tolerance, 0), None);
        assert_eq!(judge(now - 1000, 1000), None);
        let age = Duration::from_millis(1001);
        assert_eq!(judge(now - 1001, 1000), Some(Finding::Stale { last: at(now - 1001), age }));
    }
}
