//! One way through the pieces of a stream, which checks them and remembers up to where all is well.

use std::collections::BTreeMap;

use super::reader::Piece;
use super::{Checking, How, Position, TakeLeaves};
use crate::line::LineError;
use crate::stream::fault::{Fault, FaultKind};
use crate::stream::replay::{Bound, Replay};
use crate::stream::run::Scanned;
use crate::tree::Hash;

/// The last place up to which all is well.
pub(super) struct Good {
    pub(super) replay: Replay,
    pub(super) at: Position,
}

/// One way through the pieces.
pub(super) struct Pass<'h> {
    every: bool,
    sizes: &'h [u64],
    leaves: Option<&'h TakeLeaves<'h>>,
    pub(super) roots: BTreeMap<u64, Hash>,
    pub(super) good: Good,
    replay: Replay,
    at: Position,
    pub(super) fault: Option<Fault>,
    open: bool,
    /// The last segment that has a byte.
    last: u64,
    pub(super) bounds: Vec<Bound>,
}

impl<'h> Pass<'h> {
    pub(super) fn new(good: Good, how: &How<'h>, last: u64) -> Self {
        let every = how.checking == Checking::Every;
        let (replay, at) = (good.replay.clone(), good.at);
        let (sizes, roots) = (how.sizes, BTreeMap::new());
        Self {
            every,
            sizes,
            leaves: how.leaves,
            roots,
            good,
            replay,
            at,
            fault: None,
            open: false,
            last,
            bounds: Vec::new(),
        }
    }

    /// Takes the next piece; false if there is no use in going on.
    pub(super) fn take(&mut self, piece: &Piece, scanned: &Scanned) -> bool {
        if piece.starts_segment()
            && let Err(kind) = self.check_start(piece, scanned)
        {
            return self.fail(Fault {
                seq: self.replay.size(),
                segment: piece.segment,
                offset: 0,
                kind,
            });
        }
        if piece.starts_segment()
            && let Some(opening) = scanned.runs.first().and_then(|run| run.opening.as_ref())
        {
            self.bounds.push(self.replay.bound(opening.position.ts));
        }
        for run in &scanned.runs {
            // An epoch opens only behind a commit: a place to come back to.
            self.at = Position { segment: piece.segment, offset: run.start };
            if run.opening.is_some() && self.replay.is_committed() && !self.keep() {
                return false;
            }
            if let Err(fault) = self.replay.absorb(run, piece.segment) {
                return self.fail(fault);
            }
            if let (Some(take), Some(records)) = (self.leaves, &run.records) {
                take(records.first, &records.leaves);
            }
            self.at = Position { segment: piece.segment, offset: run.end };
            let size = self.replay.size();
            if self.sizes.binary_search(&size).is_ok() {
                self.roots.insert(size, self.replay.tree.root());
            }
            if self.every && self.replay.is_committed() && !self.keep() {
                return false;
            }
        }
        if let Some(found) = scanned.fault {
            let seq = match found.kind {
                // It does not fit the records in front of it: all of its batch.
                FaultKind::CommitSize { .. } => self.replay.committed(),
                _ => found.seq.unwrap_or_else(|| self.replay.size()),
            };
            let (segment, offset) = (piece.segment, found.offset);
            return self.fail(Fault { seq, segment, offset, kind: found.kind });
        }
        if piece.is_open() {
            self.open = true;
            let kind = match piece.unfinished_line() {
                Some(len) => Some(LineError::TooLong { len }.into()),
                None => (piece.segment != self.last).then_some(FaultKind::Unfinished),
            };
            let (seq, segment, offset) = (self.replay.size(), piece.segment, piece.behind());
            self.fault = kind.map(|kind| Fault { seq, segment, offset, kind });
            return false;
        }
        true
    }

    fn check_start(&self, piece: &Piece, scanned: &Scanned) -> Result<(), FaultKind> {
        if piece.segment != self.replay.size() {
            return Err(FaultKind::Segment);
        }
        let opens = scanned.runs.first().is_none_or(|run| run.opening.is_some());
        opens.then_some(()).ok_or(FaultKind::SegmentStart)
    }

    fn fail(&mut self, fault: Fault) -> bool {
        self.fault = Some(fault);
        false
    }

    /// Checks the last commit; all up to it is then good.
    fn keep(&mut self) -> bool {
        match self.replay.settle(self.at.segment, self.at.offset) {
            Ok(()) => {
                self.good = Good { replay: self.replay.clone(), at: self.at };
                true
            }
            Err(fault) => self.fail(fault),
        }
    }

    /// Whether all that was read is good, which in a way through epochs shows at its end only.
    pub(super) fn finish(&mut self) -> bool {
        if self.fault.is_some() || self.open || !self.replay.is_committed() {
            return false;
        }
        self.every || self.keep()
    }
}
