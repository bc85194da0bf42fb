//! What can be wrong with a stream, and where.

use crate::epoch::EpochError;
use crate::line::LineError;

/// The first thing in a stream that is not as its writer left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq}, segment {segment}, byte {offset}: {kind}")]
#[expect(clippy::exhaustive_structs, reason = "place and kind, nothing else")]
pub struct Fault {
    /// The first record that cannot be believed.
    pub seq: u64,
    /// First record of the segment it is in.
    pub segment: u64,
    /// About where, in bytes from the start of the segment: the line, or the batch it is in.
    pub offset: u64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// A line is not of the form.
    #[error("{0}")]
    Line(#[from] LineError),
    /// A record does not have the number that comes next: one is missing, moved or there twice.
    #[error("the record has number {found}")]
    Sequence {
        /// The number it has.
        found: u64,
    },
    /// The record after this one commits to another line than the one that is there.
    #[error("the line is not the one that the record after it commits to")]
    Link,
    /// A commit is of another size than the records before it.
    #[error("a commit is of {size} records")]
    CommitSize {
        /// The size it states.
        size: u64,
    },
    /// A commit is of another epoch than the records before it.
    #[error("a commit is of epoch {epoch}")]
    CommitEpoch {
        /// The epoch it states.
        epoch: u64,
    },
    /// Commits of the epoch are not counted without a gap: one was taken out, or put in.
    #[error("a commit has counter {found} instead of {expected}")]
    CommitCounter {
        /// What comes next.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// The records of a batch are not those that its commit was made for.
    #[error("the records do not have the root that was committed")]
    Root,
    /// A commit is not signed by the key of its epoch.
    #[error("the signature of a commit is wrong")]
    Signature,
    /// The record that opens an epoch is malformed.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// An epoch does not have the number that comes next.
    #[error("the epoch has number {found}")]
    EpochNumber {
        /// The number it has.
        found: u64,
    },
    /// An epoch has another key than the one that the epoch before it named.
    #[error("the epoch has a key that was not announced")]
    EpochKey,
    /// A new key is not vouched for by the log key.
    #[error("the log key does not vouch for the new epoch key")]
    Rekey,
    /// The log key does not permit that records go, or they do not follow those that went before.
    #[error("the log key does not permit that these records go")]
    Retire,
    /// What must be kept of retired records is missing or damaged.
    #[error("what must be kept of retired records is missing or damaged")]
    Retired,
    /// An epoch is opened behind records without a commit.
    #[error("an epoch is opened behind records that were not committed")]
    Uncommitted,
    /// Record 0 is not the one that the root note lists, or opens no stream.
    #[error("record 0 is not the one of this stream")]
    Genesis,
    /// A second record that says it is the first.
    #[error("a stream begins within the stream")]
    SecondGenesis,
    /// The name of a segment is not the number of its first record.
    #[error("the segment does not begin with the record it is named after")]
    Segment,
    /// A line does not end, and segments follow.
    #[error("a line within the stream does not end")]
    Unfinished,
    /// A segment does not begin with an epoch.
    #[error("the segment does not begin with an epoch")]
    SegmentStart,
}
