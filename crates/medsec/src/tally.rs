//! How much of a package's content was read, and in how many parts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what readers of one grant release.
#[derive(Debug)]
pub(crate) struct Tally {
    bytes: AtomicU64,
    ranges: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Self { bytes: AtomicU64::new(0), ranges: AtomicU64::new(0) }
    }

    /// One more part of so many bytes.
    pub(crate) fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.ranges.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes and parts, if anything was read.
    pub(crate) fn found(&self) -> Option<(u64, u64)> {
        let ranges = self.ranges.load(Ordering::Relaxed);
        (ranges > 0).then(|| (self.bytes.load(Ordering::Relaxed), ranges))
    }
}
