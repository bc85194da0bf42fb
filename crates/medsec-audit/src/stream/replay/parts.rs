//! What a replay is made of, and what it tells.

use crate::epoch::{CommitScope, EpochPublicKey, Genesis, Retirement};
use crate::line::CommitLine;
use crate::time::LogTime;
use crate::tree::Hash;

/// A retirement that the log key permitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retired {
    pub(crate) retirement: Retirement,
    /// When.
    pub(crate) at: LogTime,
}

/// The beginning of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) first: u64,
    /// When its first record was written.
    pub(crate) at: LogTime,
    /// Of everything before it.
    pub(crate) root: Hash,
}

/// What record 0 says.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) genesis: Genesis,
    pub(crate) scope: CommitScope,
    pub(crate) leaf: Hash,
    /// The record itself, without its LF.
    pub(crate) line: Vec<u8>,
}

/// The epoch that is open.
#[derive(Clone, Debug)]
pub(crate) struct Current {
    pub(crate) number: u64,
    pub(crate) key: EpochPublicKey,
    pub(crate) next: EpochPublicKey,
    /// Counter of its next commit.
    pub(crate) counter: u64,
    /// Whether it says that its writer ended.
    pub(crate) closing: bool,
}

/// The last commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    pub(crate) commit: CommitLine,
    /// Records before its batch.
    pub(super) first: u64,
    /// Root of the tree at its size, as the lines have it.
    pub(super) root: Option<Hash>,
    /// Of the last record before it.
    pub(crate) time: LogTime,
    pub(super) settled: bool,
}

/// What happened to the stream, as its epochs tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) epochs: u64,
    pub(crate) recoveries: u64,
    /// Recoveries that gave up acknowledged records, and the first of them.
    pub(crate) losses: u64,
    pub(crate) first_loss: Option<u64>,
    pub(crate) rekeys: u64,
    pub(crate) first_rekey: Option<u64>,
}

/// What holds up to a commit whose root and signature were checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settled<'a> {
    pub(crate) commit: &'a CommitLine,
    pub(crate) time: LogTime,
}
