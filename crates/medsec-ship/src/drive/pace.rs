//! How fast a drive looks, ships and tries again.

use std::time::Duration;

/// How fast a drive works.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Pace {
    /// How often to look for new records once the peer has all of them, and to say how far it is while it fails.
    pub look: Duration,
    /// How long to wait after the first failure; twice as long after each further one.
    pub first_retry: Duration,
    /// The longest wait between two tries.
    pub longest_retry: Duration,
    /// How long a peer that answers may lack something before it counts as behind.
    pub tolerance: Duration,
    /// How long a peer may have more than the log before that counts: after a power cut the log's mark is behind until
    /// a writer has begun.
    pub settle: Duration,
}

impl Pace {
    /// Looks every second, waits from one second to five minutes between tries, and allows a minute.
    pub const FOLLOWER: Self = Self {
        look: Duration::from_secs(1),
        first_retry: Duration::from_secs(1),
        longest_retry: Duration::from_secs(300),
        tolerance: Duration::from_secs(60),
        settle: Duration::from_secs(60),
    };

    /// As of a follower, but records may stand behind the last checkpoint for a day: checkpoints are made now and then.
    pub const ANCHOR: Self = Self { tolerance: Duration::from_secs(86_400), ..Self::FOLLOWER };
}

impl Default for Pace {
    fn default() -> Self {
        Self::FOLLOWER
    }
}

/// When a drive ends by itself. In any case it ends where a [`Cause`](super::Cause) is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "with or without an end")]
pub enum Until {
    /// Never.
    Dropped,
    /// When the peer has everything, or so many tries in a row have failed.
    CaughtUp {
        /// Tries, at least one.
        tries: u32,
    },
}
