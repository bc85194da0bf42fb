//! How far a peer is, and what is said of that.

use std::time::{Duration, Instant, SystemTime};

use medsec_audit::{LogTime, PeerName, StreamName};

use super::Cause;

/// What a peer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the two that medsec-audit has")]
pub enum PeerKind {
    /// It keeps a copy.
    Follower,
    /// It remembers how far the log was.
    Anchor,
}

/// How a peer fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "well, slow, failing, over")]
pub enum PeerState {
    /// It has everything, or will have shortly.
    Following,
    /// It answers, and has lacked something for longer than it may.
    Behind,
    /// It fails, and is tried again.
    Failing(Cause),
    /// It fails for good: the drive has ended.
    Stopped(Cause),
}

impl PeerState {
    /// Why all is not well.
    #[must_use]
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Following | Self::Behind => None,
            Self::Failing(cause) | Self::Stopped(cause) => Some(cause),
        }
    }
}

/// What a peer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Lag {
    /// Number of records that were acknowledged and that it does not have, or does not vouch for. While it has never
    /// been asked, all of them.
    pub records: u64,
    /// Since when, if there are any: the time of the first of them where it is known, else when that was noticed.
    pub since: Option<LogTime>,
}

/// How far a peer is with a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Progress {
    /// What it is for.
    pub kind: PeerKind,
    /// Which peer.
    pub peer: PeerName,
    /// Which stream.
    pub stream: StreamName,
    /// How it fares.
    pub state: PeerState,
    /// What it lacks.
    pub lag: Lag,
}

impl Progress {
    /// Of a peer that was not asked yet.
    pub(super) const fn begin(kind: PeerKind, peer: PeerName, stream: StreamName) -> Self {
        let lag = Lag { records: 0, since: None };
        Self { kind, peer, stream, state: PeerState::Following, lag }
    }
}

/// Keeps the progress of one drive.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) progress: Progress,
    tolerance: Duration,
    /// By the clock that nobody sets, since when it has lacked something, and what it had to have for that to end.
    lacking: Option<(Instant, u64)>,
    /// Whether it has had, since the last failure, all that there was then.
    reached: bool,
}

impl Standing {
    pub(super) const fn new(progress: Progress, tolerance: Duration) -> Self {
        Self { progress, tolerance, lacking: None, reached: true }
    }

    #[cfg(test)]
    pub(super) const fn insist_within(&mut self, tolerance: Duration) {
        self.tolerance = tolerance;
    }

    /// It has so many of so many records; the first that it lacks is of this time, if that is known.
    pub(super) fn has(&mut self, size: u64, of: u64, since: Option<LogTime>) {
        let lag = &mut self.progress.lag;
        lag.records = of.saturating_sub(size);
        if lag.records == 0 {
            (lag.since, self.lacking, self.reached) = (None, None, true);
            return;
        }
        // A peer that takes as fast as the log grows never has everything, and is not behind.
        if self.lacking.is_none_or(|(_, target)| size >= target) {
            self.reached |= self.lacking.is_some();
            self.lacking = Some((Instant::now(), of));
            lag.since = None;
        }
        let noticed = lag.since;
        lag.since = since.or(noticed).or_else(|| Some(SystemTime::now().into()));
    }

    /// A step went well. A follower that has failed is behind until it has caught up; an anchor has nothing to catch up
    /// with but the newest checkpoint.
    pub(super) fn well(&mut self) {
        let long = self.lacking.is_some_and(|(since, _)| since.elapsed() > self.tolerance);
        let catching_up = self.progress.kind == PeerKind::Follower && !self.reached;
        self.progress.state =
            if long || catching_up { PeerState::Behind } else { PeerState::Following };
    }

    /// A step failed.
    pub(super) const fn fails(&mut self, cause: Cause) {
        self.reached = false;
        self.progress.state =
            if cause.is_final() { PeerState::Stopped(cause) } else { PeerState::Failing(cause) };
    }
}
