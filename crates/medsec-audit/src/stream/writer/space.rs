//! What happens when the disk fills up.

use std::io;
use std::time::Duration;

/// Free bytes below which something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three stages, in this order")]
pub struct SpaceLimits {
    /// Someone should be told.
    pub warn: u64,
    /// New work is refused; denials and emergencies are recorded.
    pub refuse: u64,
    /// Nothing is recorded.
    pub stop: u64,
}

impl Default for SpaceLimits {
    /// 1 GiB, 256 MiB and 16 MiB.
    fn default() -> Self {
        Self { warn: 1 << 30, refuse: 256 << 20, stop: 16 << 20 }
    }
}

/// How much room is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "three stages, in this order")]
pub enum SpaceStage {
    /// Enough.
    Enough,
    /// Someone should be told.
    Warn,
    /// New work is refused.
    Refuse,
    /// Nothing is recorded.
    Stop,
}

/// What was last seen of the disk. To ask the system before every append costs as much as to write.
#[derive(Debug, Default)]
pub(super) struct Gauge(Option<Seen>);

#[derive(Clone, Copy, Debug)]
struct Seen {
    free: u64,
    at: Duration,
    // Bytes that were to be written since.
    used: u64,
}

impl Gauge {
    /// For so long others may fill the disk unseen.
    const AGE: Duration = Duration::from_millis(100);
    /// So many bytes are at most written without a look: far less than what is left when all stops.
    const BYTES: u64 = 1 << 20;

    /// How much room is left before so many bytes are written. Looks again where enough time has passed or enough was
    /// written, and always when room gets scarce.
    pub(super) fn stage(
        &mut self,
        limits: SpaceLimits,
        (now, bytes): (Duration, u64),
        look: impl FnOnce() -> io::Result<u64>,
    ) -> SpaceStage {
        let recent = self.0.filter(|seen| now.saturating_sub(seen.at) < Self::AGE);
        let left = recent.filter(|seen| seen.used.saturating_add(bytes) <= Self::BYTES);
        let enough = left.filter(|seen| limits.stage(seen.left(bytes)) == SpaceStage::Enough);
        // A system that does not say how much is left will say so when something is written.
        let look = || look().map(|free| Seen { free, at: now, used: 0 }).ok();
        let Some(seen) = enough.or_else(look) else {
            self.0 = None;
            return SpaceStage::Enough;
        };
        let stage = limits.stage(seen.left(0));
        self.0 = Some(Seen { used: seen.used.saturating_add(bytes), ..seen });
        stage
    }
}

impl Seen {
    const fn left(self, bytes: u64) -> u64 {
        self.free.saturating_sub(self.used).saturating_sub(bytes)
    }
}

impl SpaceLimits {
    pub(super) const fn stage(&self, free: u64) -> SpaceStage {
        if free < self.stop {
            SpaceStage::Stop
        } else if free < self.refuse {
            SpaceStage::Refuse
        } else if free < self.warn {
            SpaceStage::Warn
        } else {
            SpaceStage::Enough
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const LIMITS: SpaceLimits = SpaceLimits { warn: 8 << 20, refuse: 4 << 20, stop: 2 << 20 };

    /// A disk with so much room, looked at through a gauge; how often it was.
    fn stages(free: u64, appends: &[(u64, u64)]) -> (Vec<SpaceStage>, u32) {
        let (looks, mut gauge) = (Cell::new(0), Gauge::default());
        let look = || {
            looks.update(|looks: u32| looks.saturating_add(1));
            Ok(free)
        };
        let stage = |(millis, bytes): &(u64, u64)| {
            gauge.stage(LIMITS, (Duration::from_millis(*millis), *bytes), look)
        };
        (appends.iter().map(stage).collect(), looks.get())
    }

    #[test]
    fn a_disk_that_is_nearly_full_is_looked_at_every_time() {
        let (found, looks) = stages(3 << 20, &[(0, 500), (0, 500), (1, 500)]);
        assert_eq!((found, looks), (vec![SpaceStage::Refuse; 3], 3));
    }

    #[test]
    fn a_disk_with_room_is_looked_at_after_a_time_or_a_mebibyte() {
        assert_eq!(stages(1 << 30, &[(0, 500), (99, 500), (100, 500)]).1, 2);
        assert_eq!(stages(1 << 30, &[(0, 600 << 10), (1, 300 << 10), (1, 300 << 10)]).1, 2);
    }

    #[test]
    fn what_is_written_counts_until_the_next_look() {
        let (found, looks) = stages((8 << 20) + 1000, &[(0, 600), (0, 600)]);
        assert_eq!((found, looks), (vec![SpaceStage::Enough; 2], 2));
    }
}
