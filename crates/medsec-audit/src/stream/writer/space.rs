//! What happens when the disk fills up.

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
