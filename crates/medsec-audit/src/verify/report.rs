//! What a check has found.

use std::fmt;
use std::time::Duration;

use super::ContentReport;
use crate::count::Count;
use crate::event::ContentError;
use crate::stream::{Ending, Fault, Mark};
use crate::time::LogTime;
use crate::tree::Hash;

/// Something that is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The stream is not what its writer wrote.
    Tampered(Fault),
    /// What was kept of retired records is damaged, so that the records behind them could not be checked. They may be
    /// as they were.
    Spine(Fault),
    /// Records that no writer writes: their integrity holds, and readers may understand them in different ways.
    Content {
        /// The first of them.
        first: u64,
        /// How many.
        times: u64,
        /// What is wrong with the first.
        error: ContentError,
    },
    /// The stream is another one than a known checkpoint was made of.
    Fork {
        /// Records of the checkpoint.
        known: u64,
    },
    /// Records are missing at the end, or all of them.
    Truncated {
        /// Records that were known to be there.
        known: u64,
        /// Records that are there.
        found: u64,
    },
    /// Records were taken away before the time that record 0 states was over, or others than the log key permitted.
    RetiredEarly {
        /// The last of them.
        last: u64,
    },
    /// A repair gave up records that had been acknowledged.
    Lost {
        /// The record that says so first.
        first: u64,
        /// How often that happened.
        times: u64,
    },
    /// An epoch key was lost, and the log key vouched for a new one: whoever has the log key may have done so too.
    Rekeyed {
        /// The record that says so first.
        first: u64,
        /// How often that happened.
        times: u64,
    },
    /// A batch at the end was interrupted. The next writer puts it aside.
    Torn {
        /// Bytes behind the last commit.
        bytes: u64,
    },
    /// The newest record is older than it may be: the log was stopped, or cut.
    Stale {
        /// When it was written.
        last: LogTime,
        /// How long that is ago.
        age: Duration,
    },
    /// The newest record is dated ahead of the clock here, by more than clocks differ: one of the two clocks is or was
    /// wrong, and how old the record is is not known.
    Ahead {
        /// Its time.
        last: LogTime,
        /// How far ahead.
        by: Duration,
    },
}

/// The sum of a check, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing was found.
    Whole,
    /// The newest record is too old, or how old it is is not known.
    Stale,
    /// An interrupted batch at the end.
    Torn,
    /// A key was replaced by the log key.
    Rekeyed,
    /// Records are missing.
    Truncated,
    /// Another history is known.
    Fork,
    /// Something was changed.
    Tampered,
}

/// What there is in a stream, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamReport {
    /// Records up to the last good commit.
    pub size: u64,
    /// Root of their tree; none of an empty stream.
    pub root: Option<Hash>,
    /// When the last of them was written.
    pub last: Option<LogTime>,
    /// Epochs of the stream.
    pub epochs: u64,
    /// Interrupted batches that were put aside, which loses nothing that was acknowledged.
    pub recoveries: u64,
    /// Whether the writer ended in order.
    pub closed: bool,
    /// Records acknowledged as the stream's own mark has it; none without a mark, as in a copy.
    pub acknowledged: Option<u64>,
    /// What the records say, if that was asked for.
    pub content: Option<ContentReport>,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// What it sums up to by itself.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Tampered(_)
            | Self::Spine(_)
            | Self::Content { .. }
            | Self::RetiredEarly { .. } => Verdict::Tampered,
            Self::Fork { .. } => Verdict::Fork,
            Self::Truncated { .. } | Self::Lost { .. } => Verdict::Truncated,
            Self::Rekeyed { .. } => Verdict::Rekeyed,
            Self::Torn { .. } => Verdict::Torn,
            Self::Stale { .. } | Self::Ahead { .. } => Verdict::Stale,
        }
    }
}

impl StreamReport {
    pub(super) fn new(ending: &Ending, mark: Mark, findings: Vec<Finding>) -> Self {
        let settled = ending.replay.settled();
        let history = ending.replay.history();
        Self {
            size: settled.map_or(0, |settled| settled.commit.size.get()),
            root: settled.map(|settled| settled.commit.root),
            last: settled.map(|settled| settled.time),
            epochs: history.epochs,
            recoveries: history.recoveries,
            closed: ending.replay.is_closed(),
            acknowledged: match mark {
                Mark::Commit(commit) => Some(Count::get(commit.size)),
                Mark::Missing | Mark::Unreadable => None,
            },
            content: None,
            findings,
        }
    }

    /// The worst of what was found.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(Finding::verdict).max().unwrap_or(Verdict::Whole)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tampered(fault) => fault.fmt(f),
            Self::Spine(fault) => write!(
                f,
                "what was kept of retired records is damaged, and nothing behind them was checked: {fault}"
            ),
            Self::Content { first, times, error } => {
                write!(
                    f,
                    "{times} records are not as writers write them, first record {first}: {error}"
                )
            }
            Self::Fork { known } => {
                write!(f, "the stream does not continue a checkpoint of {known} records")
            }
            Self::Truncated { known, found } => {
                write!(f, "{known} records are known to have been there, {found} are good")
            }
            Self::RetiredEarly { last } => {
                write!(f, "records up to {last} were taken away before their time")
            }
            Self::Lost { first, times } => write!(
                f,
                "acknowledged records were given up {times} times, first told in record {first}"
            ),
            Self::Rekeyed { first, times } => write!(
                f,
                "the log key vouched for a new epoch key {times} times, first in record {first}"
            ),
            Self::Torn { bytes } => {
                write!(f, "{bytes} bytes behind the last commit: an interrupted batch")
            }
            Self::Stale { last, age } => {
                write!(f, "the newest record is of {last}, {} seconds ago", age.as_secs())
            }
            Self::Ahead { last, by } => write!(
                f,
                "the newest record is dated {last}, {} seconds ahead of the clock here: its age is not known",
                by.as_secs()
            ),
        }
    }
}
