//! Places that keep a copy of a stream, line by line.

use super::OutsideFuture;
use crate::checkpoint::LogOrigin;
use crate::event::PeerName;
use crate::line::{CommitLine, Line, LineError, RecordLine};

/// Takes the lines of streams, in order, as they stand in the files.
pub trait Follower: Send + Sync {
    /// What the settings call it.
    fn name(&self) -> &PeerName;

    /// How far it has come with a stream; nothing if it cannot say, which then is remembered beside the log.
    ///
    /// # Errors
    /// [`OutsideError`](super::OutsideError).
    fn position<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Option<StreamPosition>>;

    /// Takes a shipment, all of it or nothing. A line that it has already, byte for byte, is no error.
    ///
    /// # Errors
    /// [`OutsideError`](super::OutsideError); [`Fork`](super::OutsideError::Fork) if it has another line in the
    /// place of one of these. After that nothing more must be shipped to it.
    fn take<'a>(&'a self, shipment: &'a Shipment<'a>) -> OutsideFuture<'a, ()>;
}

/// How far a follower is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct StreamPosition {
    /// Number of records it has, from record 0 without a gap, up to a commit that it has too.
    pub size: u64,
}

/// Lines of one stream as they stand in its files, up to a commit: what was durable before it was shipped.
#[derive(Clone, Debug)]
pub struct Shipment<'a> {
    origin: &'a LogOrigin,
    // INVARIANT: lines of the form, the records dense from the first one on, the last a commit of their end.
    lines: Vec<Line<'a>>,
}

/// Why bytes are no shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShipmentError {
    /// A line is malformed.
    #[error("a line is malformed")]
    Line(#[from] LineError),
    /// They do not end with a commit and its LF.
    #[error("the lines do not end with a commit")]
    Open,
    /// A record is missing between two, or a commit is of another size than the records before it.
    #[error("the lines are not dense")]
    Gap,
}

impl<'a> Shipment<'a> {
    /// Splits whole lines, each with its LF, the last of them a commit. Hashes and signatures are not checked here.
    ///
    /// # Errors
    /// [`ShipmentError`] if they are no such lines.
    pub fn new(origin: &'a LogOrigin, bytes: &'a [u8]) -> Result<Self, ShipmentError> {
        let body = bytes.strip_suffix(b"\n").ok_or(ShipmentError::Open)?;
        let lines = body.split(|byte| *byte == b'\n').map(Line::parse);
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        check_dense(&lines)?;
        Ok(Self { origin, lines })
    }

    /// Which stream.
    #[must_use]
    pub const fn origin(&self) -> &LogOrigin {
        self.origin
    }

    /// All lines in their order.
    #[must_use]
    pub fn lines(&self) -> &[Line<'a>] {
        &self.lines
    }

    /// The records in their order.
    pub fn records(&self) -> impl Iterator<Item = &RecordLine<'a>> {
        self.lines.iter().filter_map(|line| match line {
            Line::Record(record) => Some(record),
            Line::Commit(_) => None,
        })
    }

    /// The commits in their order.
    pub fn commits(&self) -> impl Iterator<Item = &CommitLine> {
        self.lines.iter().filter_map(|line| match line {
            Line::Commit(commit) => Some(commit),
            Line::Record(_) => None,
        })
    }

    /// Size of the stream after it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.commits().last().map_or(0, |commit| commit.size.get())
    }
}

/// Each record follows the one before, each commit has the size of what stands before it, and one is the last.
fn check_dense(lines: &[Line<'_>]) -> Result<(), ShipmentError> {
    let mut next = None;
    for line in lines {
        let (found, after) = match line {
            Line::Record(record) => {
                let seq = record.head.position.seq.get();
                (seq, seq.saturating_add(1))
            }
            Line::Commit(commit) => (commit.size.get(), commit.size.get()),
        };
        if next.is_some_and(|expected| expected != found) {
            return Err(ShipmentError::Gap);
        }
        next = Some(after);
    }
    matches!(lines.last(), Some(Line::Commit(_))).then_some(()).ok_or(ShipmentError::Open)
}
