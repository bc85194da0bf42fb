//! How much one shared data key is used for.

use std::time::Duration;

/// Limits of one shared data key. They begin at the hard limits of the format and can only be lowered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedKeyLimits {
    packages: u64,
    bytes: u64,
    age: Duration,
}

impl SharedKeyLimits {
    /// Most packages under one data key, as the format states it.
    pub const MAX_PACKAGES: u64 = 1 << 20;
    /// Most bytes of content and metadata under one data key: 1 TiB, as the format states it.
    pub const MAX_BYTES: u64 = 1 << 40;
    /// Longest time in use: one hour, so that a key that was disabled or taken away stops being used within it. One that is
    /// too old is erased when its cache is next asked for anything, when that is ended, and with it: until then it stays in
    /// memory, and is not used.
    pub const MAX_AGE: Duration = Duration::from_secs(3600);

    /// At most so many packages, or the limit that stands if it is lower.
    #[must_use]
    pub fn with_packages(mut self, packages: u64) -> Self {
        self.packages = self.packages.min(packages);
        self
    }

    /// At most so many bytes, or the limit that stands if it is lower.
    #[must_use]
    pub fn with_bytes(mut self, bytes: u64) -> Self {
        self.bytes = self.bytes.min(bytes);
        self
    }

    /// At most so long, or the limit that stands if it is lower. Zero means that no key is kept for a second package.
    #[must_use]
    pub fn with_age(mut self, age: Duration) -> Self {
        self.age = self.age.min(age);
        self
    }

    /// Most packages.
    #[must_use]
    pub const fn packages(&self) -> u64 {
        self.packages
    }

    /// Most bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Longest time.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.age
    }
}

impl Default for SharedKeyLimits {
    fn default() -> Self {
        Self { packages: Self::MAX_PACKAGES, bytes: Self::MAX_BYTES, age: Self::MAX_AGE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_can_only_be_lowered() {
        let most = SharedKeyLimits::default();
        let raised =
            most.with_packages(u64::MAX).with_bytes(u64::MAX).with_age(Duration::from_secs(3601));
        assert_eq!(raised, most);
        let lowered = most.with_packages(2).with_packages(3);
        assert_eq!(lowered.packages(), 2);
    }
}
