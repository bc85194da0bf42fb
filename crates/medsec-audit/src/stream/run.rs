//! Reads whole lines and sums them up: the part of checking a stream that needs nothing but the lines, and can
//! be done for several places at once.

use super::fault::FaultKind;
use crate::count::Count;
use crate::epoch::Epoch;
use crate::line::{CommitLine, Kind, Line, RecordLine, RecordPosition};
use crate::time::LogTime;
use crate::tree::{Hash, Subtree, leaf_hashes, subtrees};

/// Leaves hashed one after the other: enough to keep the processor busy.
const BATCH: usize = 256;

/// Records in a row, and the commits between and behind them.
#[derive(Debug)]
pub(crate) struct Run {
    /// The records, unless there are commits only.
    pub(crate) records: Option<Records>,
    /// The epoch that the first record opens.
    pub(crate) opening: Option<Opening>,
    /// Each with the number of records of this run before it.
    pub(crate) commits: Vec<(u64, CommitLine)>,
    /// Where it begins and ends, in bytes from the start of the segment.
    pub(crate) start: u64,
    pub(crate) end: u64,
}

#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) first: u64,
    /// What the first of them says of the record before it.
    pub(crate) prev: Hash,
    pub(crate) last: Hash,
    pub(crate) last_time: LogTime,
    /// The latest time that one of them bears.
    pub(crate) newest: LogTime,
    pub(crate) subtrees: Vec<Subtree>,
    /// All their leaves, where those are wanted.
    pub(crate) leaves: Vec<Hash>,
}

#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) epoch: Epoch,
    pub(crate) position: RecordPosition,
    pub(crate) leaf: Hash,
}

/// What a piece of a segment says.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    /// Runs in their order, up to what is wrong.
    pub(crate) runs: Vec<Run>,
    /// What is wrong after them.
    pub(crate) fault: Option<ScanFault>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ScanFault {
    /// The record, where it is known which.
    pub(crate) seq: Option<u64>,
    pub(crate) offset: u64,
    pub(crate) kind: FaultKind,
}

/// Where runs end besides in front of an epoch and behind the last commit of a piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cuts<'c> {
    /// Behind each commit.
    pub(crate) every: bool,
    /// In front of these records, sorted.
    pub(crate) sizes: &'c [u64],
    /// Whether the leaves themselves are wanted.
    pub(crate) leaves: bool,
}

/// Sums up whole lines that begin at `offset`.
pub(crate) fn scan<'a>(bytes: &'a [u8], offset: u64, cuts: Cuts<'a>) -> Scanned {
    let mut scanner = Scanner::new(cuts, offset);
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', bytes) {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end.saturating_add(1);
        if scanner.line(line).is_none() {
            break;
        }
    }
    scanner.finish()
}

struct Scanner<'a> {
    cuts: Cuts<'a>,
    done: Scanned,
    // Of the run that is being read:
    start: u64,
    at: u64,
    lines: Vec<&'a [u8]>,
    offsets: Vec<u64>,
    prevs: Vec<Hash>,
    leaves: Vec<Hash>,
    first: Option<RecordPosition>,
    times: Vec<LogTime>,
    opening: Option<Epoch>,
    commits: Vec<(u64, CommitLine)>,
    // Where the last commit of the run ended.
    committed: u64,
}

impl<'a> Scanner<'a> {
    fn new(cuts: Cuts<'a>, offset: u64) -> Self {
        Self {
            cuts,
            done: Scanned::default(),
            start: offset,
            at: offset,
            lines: Vec::new(),
            offsets: Vec::new(),
            prevs: Vec::new(),
            leaves: Vec::new(),
            first: None,
            times: Vec::new(),
            opening: None,
            commits: Vec::new(),
            committed: offset,
        }
    }

    /// Number of records of the run so far.
    fn count(&self) -> u64 {
        u64::try_from(self.prevs.len()).unwrap_or(u64::MAX)
    }

    /// Number of the record that comes next, if one is known.
    fn next(&self) -> Option<u64> {
        self.first.map(|first| first.seq.get().saturating_add(self.count()))
    }

    /// Takes a line; nothing if it ends the scan.
    fn line(&mut self, line: &'a [u8]) -> Option<()> {
        let parsed = match Line::parse(line) {
            Ok(Line::Record(record)) => self.record(record),
            Ok(Line::Commit(commit)) => self.commit(commit),
            Err(error) => Err(error.into()),
        };
        if let Err(kind) = parsed {
            // What was hashed too late to be found wrong comes first.
            let fault = ScanFault { seq: self.next(), offset: self.at, kind };
            self.close();
            self.done.fault.get_or_insert(fault);
            return None;
        }
        let len = u64::try_from(line.len()).unwrap_or(u64::MAX);
        self.at = self.at.saturating_add(len).saturating_add(1);
        match parsed {
            Ok(true) => {
                self.committed = self.at;
                if self.cuts.every {
                    self.close();
                }
            }
            _ if self.lines.len() >= BATCH => self.hash(),
            _ => {}
        }
        self.done.fault.is_none().then_some(())
    }

    fn record(&mut self, record: RecordLine<'a>) -> Result<bool, FaultKind> {
        let position = record.head.position;
        if record.head.kind == Kind::EPOCH {
            self.close();
            self.opening = Some(Epoch::parse(&record)?);
        }
        let found = position.seq.get();
        if self.next().is_some_and(|next| next != found) {
            return Err(FaultKind::Sequence { found });
        }
        // In front of a record that begins a run there is a cut already.
        if self.cuts.sizes.binary_search(&found).is_ok() && self.first.is_some() {
            self.close();
        }
        self.first.get_or_insert(position);
        self.times.push(position.ts);
        self.lines.push(record.bytes);
        self.offsets.push(self.at);
        self.prevs.push(position.prev);
        Ok(false)
    }

    fn commit(&mut self, commit: CommitLine) -> Result<bool, FaultKind> {
        let size = commit.size.get();
        if self.next().is_some_and(|next| next != size) {
            return Err(FaultKind::CommitSize { size });
        }
        self.commits.push((self.count(), commit));
        Ok(true)
    }

    /// Hashes the lines that wait, and compares with what those after them say.
    fn hash(&mut self) {
        let before = self.leaves.len();
        leaf_hashes(self.lines.drain(..), &mut self.leaves);
        let from = before.saturating_sub(1);
        let linked = self.leaves.iter().skip(from).zip(self.prevs.iter().skip(from).skip(1));
        let broken = linked.enumerate().find(|(_, (leaf, prev))| leaf != prev);
        if let Some((at, _)) = broken.map(|(at, pair)| (at.saturating_add(from), pair)) {
            let seq = self
                .first
                .map(|first| first.seq.get().saturating_add(u64::try_from(at).unwrap_or(u64::MAX)));
            let offset = self.offsets.get(at).copied().unwrap_or(self.start);
            self.done.fault = Some(ScanFault { seq, offset, kind: FaultKind::Link });
        }
    }

    /// Ends the run, unless nothing is in it.
    fn close(&mut self) {
        self.hash();
        let broken = self.done.fault.is_some();
        let fresh = Self::new(self.cuts, self.at);
        let Self { start, at, prevs, leaves, times, first, opening, commits, done, .. } =
            std::mem::replace(self, fresh);
        self.done = done;
        if broken || (prevs.is_empty() && commits.is_empty()) {
            return;
        }
        let records = first.zip(prevs.first()).zip(leaves.last().zip(times.last()));
        let records = records.map(|((first, prev), (last, last_time))| Records {
            first: first.seq.get(),
            prev: *prev,
            last: *last,
            last_time: *last_time,
            newest: times.iter().copied().max().unwrap_or(*last_time),
            subtrees: subtrees(first.seq.get(), &leaves),
            leaves: if self.cuts.leaves { leaves.clone() } else { Vec::new() },
        });
        let opening = opening.zip(first).zip(leaves.first());
        let opening =
            opening.map(|((epoch, position), leaf)| Opening { epoch, position, leaf: *leaf });
        self.done.runs.push(Run { records, opening, commits, start, end: at });
    }

    /// Ends the scan: what stands behind the last commit is a run of its own.
    fn finish(mut self) -> Scanned {
        let split = self.commits.last().map(|(before, _)| *before);
        if let Some(before) = split.filter(|before| *before < self.count()) {
            self.split(usize::try_from(before).unwrap_or(usize::MAX));
        }
        self.close();
        self.done
    }

    /// Closes the run behind its last commit, and goes on with the records after that.
    fn split(&mut self, before: usize) {
        self.hash();
        if self.done.fault.is_some() || before == 0 {
            // Commits alone in front: they stay with the records, which says the same.
            return;
        }
        let (prevs, leaves) = (self.prevs.split_off(before), self.leaves.split_off(before));
        let (offsets, times) = (self.offsets.split_off(before), self.times.split_off(before));
        let first = self.next().and_then(|seq| Count::new(seq).ok());
        let first = first.zip(prevs.first()).zip(times.first());
        let first = first.map(|((seq, prev), ts)| RecordPosition { seq, prev: *prev, ts: *ts });
        let end = std::mem::replace(&mut self.at, self.committed);
        self.close();
        (self.prevs, self.leaves) = (prevs, leaves);
        (self.offsets, self.times) = (offsets, times);
        (self.first, self.at) = (first, end);
    }
}
