//! Goes through the segments of a stream, several pieces at a time, and checks them in their order.

mod pass;
mod pool;
mod reader;

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;

use self::pass::{Good, Pass};
use self::reader::{Piece, Reader};
use super::fault::Fault;
use super::layout::{Segment, segments};
use super::replay::{Bound, Replay};
use super::run::{Cuts, Scanned, scan};
use super::spine;
use crate::line::MAX_LINE_LEN;
use crate::tree::Hash;
use crate::verify::VerifyStage;
use crate::volume::{Access, Volume};

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checking {
    /// Root and signature of the last commit of each epoch; of the last epoch's that of every commit if something
    /// is behind the last one.
    LastOfEpoch,
    /// Root and signature of every commit.
    Every,
}

/// Takes leaves, with the number of the first.
pub(crate) type TakeLeaves<'h> = dyn Fn(u64, &[Hash]) + 'h;

/// How a stream is checked.
#[derive(Clone, Copy)]
pub(crate) struct How<'h> {
    pub(crate) checking: Checking,
    /// How many pieces are read at once.
    pub(crate) threads: usize,
    /// Sizes, sorted, at which the root of the tree is wanted.
    pub(crate) sizes: &'h [u64],
    /// What the walk is for, as whoever waits is told.
    pub(crate) stage: VerifyStage,
    /// Is told the bytes that were checked, each once in a stage, and may end the walk.
    pub(crate) progress: &'h dyn Fn(VerifyStage, u64) -> ControlFlow<()>,
    /// Is handed the leaves of records that continue those before them, with the number of the first. What is wrong
    /// behind them may show later, and then they may come again.
    pub(crate) leaves: Option<&'h TakeLeaves<'h>>,
}

impl How<'_> {
    /// As a writer does it: alone, and nobody waits for progress.
    pub(crate) const QUIET: Self = Self {
        checking: Checking::LastOfEpoch,
        threads: 1,
        sizes: &[],
        stage: VerifyStage::Lines,
        progress: &|_, _| ControlFlow::Continue(()),
        leaves: None,
    };
}

/// A place in the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// First record of the segment.
    pub(crate) segment: u64,
    /// Bytes from its start.
    pub(crate) offset: u64,
}

impl Position {
    /// Where a stream of which nothing is gone begins.
    pub(crate) const START: Self = Self { segment: 0, offset: 0 };
}

/// The segments of a stream, with the lengths that they had when the walk began.
#[derive(Debug)]
pub(crate) struct Walk<'v> {
    volume: &'v dyn Volume,
    segments: Vec<(Segment, u64)>,
}

/// How far a stream is good.
#[derive(Debug)]
pub(crate) struct Ending {
    /// Everything up to the last good commit, which is settled.
    pub(crate) replay: Replay,
    /// Behind that commit.
    pub(crate) at: Position,
    /// Bytes behind that.
    pub(crate) rest: u64,
    /// What is wrong with them, if that is more than that they are not committed.
    pub(crate) fault: Option<Fault>,
    /// The roots that were asked for, as far as the stream is good.
    pub(crate) roots: BTreeMap<u64, Hash>,
    /// Where segments began, those that are gone too.
    pub(crate) bounds: Vec<Bound>,
    /// Whether the fault is in what was kept of records that are gone, so that nothing behind them was checked.
    pub(crate) in_spine: bool,
}

impl Ending {
    /// The beginning of a segment.
    pub(crate) fn bound(&self, first: u64) -> Option<&Bound> {
        self.bounds.iter().find(|bound| bound.first == first)
    }
}

impl<'v> Walk<'v> {
    pub(crate) fn new(volume: &'v dyn Volume) -> io::Result<Self> {
        let mut found = Vec::new();
        for segment in segments(volume)? {
            if let Some(file) = volume.open(&segment.name(), Access::Read)? {
                found.push((segment, file.len()?));
            }
        }
        Ok(Self { volume, segments: found })
    }

    /// Bytes of all segments.
    pub(crate) fn len(&self) -> u64 {
        self.segments.iter().fold(0_u64, |sum, (_, len)| sum.saturating_add(*len))
    }

    /// The first record whose line is there.
    pub(crate) fn first(&self) -> u64 {
        self.segments.first().map_or(0, |(segment, _)| segment.first)
    }

    /// Bytes behind a place.
    pub(crate) fn behind(&self, at: Position) -> u64 {
        let later = self.segments.iter().filter(|(segment, _)| segment.first >= at.segment);
        let total = later.fold(0_u64, |sum, (_, len)| sum.saturating_add(*len));
        total.saturating_sub(at.offset)
    }

    /// Checks everything from record 0 on; of records that are gone, what was kept of them.
    ///
    /// # Errors
    /// Reading failed; nothing is known then.
    pub(crate) fn check_all(&self, expected: Option<Hash>, how: &How<'_>) -> io::Result<Ending> {
        let first = self.first();
        let at = Position { segment: first, ..Position::START };
        if first == 0 {
            return self.check(Replay::new(expected), at, how);
        }
        match spine::follow(self.volume, expected, first, how.sizes)? {
            Ok(spine::Followed { replay, mut roots, mut bounds }) => {
                let mut ending = self.check(replay, at, how)?;
                ending.roots.append(&mut roots);
                bounds.append(&mut ending.bounds);
                ending.bounds = bounds;
                Ok(ending)
            }
            Err(fault) => Ok(Ending {
                replay: Replay::new(expected),
                at,
                rest: self.len(),
                fault: Some(fault),
                roots: BTreeMap::new(),
                bounds: Vec::new(),
                // Where nothing was kept, the stream has lost its beginning.
                in_spine: spine::is_kept(self.volume)?,
            }),
        }
    }

    /// Checks everything from a place on, which `replay` describes.
    ///
    /// # Errors
    /// Reading failed; nothing is known then.
    pub(crate) fn check(
        &self,
        replay: Replay,
        from: Position,
        how: &How<'_>,
    ) -> io::Result<Ending> {
        let every = how.checking == Checking::Every;
        let last = self.segments.iter().rev().find(|(_, len)| *len > 0);
        let last = last.map_or(0, |(segment, _)| segment.first);
        let mut pass = Pass::new(Good { replay, at: from }, how, last);
        let cuts = Cuts { every, sizes: how.sizes, leaves: how.leaves.is_some() };
        let mut stopped = false;
        let work = |piece: &Piece| scan(piece.lines(), piece.offset, cuts);
        self.read(from, how.threads, &work, &mut |piece, scanned: &Scanned| {
            let whole = u64::try_from(piece.whole).unwrap_or(0);
            stopped = (how.progress)(how.stage, whole).is_break();
            !stopped && pass.take(piece, scanned)
        })?;
        if stopped {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let complete = pass.finish();
        let Pass { good, fault, mut roots, bounds, .. } = pass;
        if !complete && !every {
            // Somewhere in the last epoch that was reached. Which batch it is shows only commit by commit.
            let stage = VerifyStage::LastEpoch;
            let slow = How { checking: Checking::Every, threads: 1, stage, ..*how };
            let mut ending = self.check(good.replay, good.at, &slow)?;
            ending.roots.append(&mut roots);
            ending.bounds = bounds;
            return Ok(ending);
        }
        let rest = self.behind(good.at);
        let Good { replay, at } = good;
        Ok(Ending { replay, at, rest, fault, roots, bounds, in_spine: false })
    }

    /// Works on the whole lines from a place on, a piece at a time, and hands over the results in their order, until
    /// `take` says false. Nothing is checked.
    pub(crate) fn each<T: Send>(
        &self,
        from: Position,
        threads: usize,
        work: &(dyn Fn(&[u8]) -> T + Sync),
        take: &mut dyn FnMut(&T) -> bool,
    ) -> io::Result<()> {
        let work = |piece: &Piece| work(piece.lines());
        self.read(from, threads, &work, &mut |_, done| take(done))
    }

    fn read<T: Send>(
        &self,
        from: Position,
        threads: usize,
        work: &(dyn Fn(&Piece) -> T + Sync),
        take: &mut dyn FnMut(&Piece, &T) -> bool,
    ) -> io::Result<()> {
        let mut reader = Reader::new(self.volume, &self.segments, from);
        if threads > 1 {
            return pool::read(reader, threads, work, take);
        }
        while let Some(piece) = reader.next()? {
            let done = work(&piece);
            if !take(&piece, &done) {
                break;
            }
        }
        Ok(())
    }
}

/// A line without its end that is longer than any line.
const fn is_overlong(len: usize) -> bool {
    len > MAX_LINE_LEN
}
