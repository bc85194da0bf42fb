//! Checks runs of a stream in their order: numbers, links, epochs, counters, roots and signatures.

mod epochs;
mod parts;

use std::sync::Arc;

pub(super) use self::parts::Current;
pub(crate) use self::parts::{Bound, History, Identity, Retired, Settled, Signed};
use super::fault::{Fault, FaultKind};
use super::run::{Records, Run};
use crate::epoch::{CommitScope, Genesis, Retention};
use crate::line::CommitLine;
use crate::time::LogTime;
use crate::tree::{Frontier, Hash};

/// Everything that the rest of a stream must continue. Cheap to copy: some fifty hashes.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    expected: Option<Hash>,
    /// Leaf of the next record, which opens an epoch: a checkpoint has it, so that nothing before it need be read.
    vouched: Option<Hash>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) tree: Frontier,
    pub(super) last_leaf: Hash,
    pub(super) last_time: LogTime,
    /// The latest time that a record bears since the log key last vouched for the stream's key: a clock that shows less
    /// was set back. The last record may be older.
    pub(super) newest: LogTime,
    pub(super) epoch: Option<Current>,
    pub(super) signed: Option<Signed>,
    pub(super) history: History,
    /// What was retired, as far as this way through the stream has seen it.
    pub(super) retired: Vec<Retired>,
    /// Records in front of the first segment that is there.
    pub(super) gone: u64,
    /// Whether this way through the stream began with record 0.
    pub(super) from_start: bool,
}

impl Replay {
    /// Before record 0, whose leaf hash may be known.
    pub(crate) fn new(expected: Option<Hash>) -> Self {
        Self {
            expected,
            vouched: None,
            identity: None,
            tree: Frontier::new(),
            last_leaf: Hash::from_bytes([0; 32]),
            last_time: LogTime::EARLIEST,
            newest: LogTime::EARLIEST,
            epoch: None,
            signed: None,
            history: History::default(),
            retired: Vec::new(),
            gone: 0,
            from_start: true,
        }
    }

    /// Before the first record of a segment, which a checkpoint has as everything before it: the tree so far, the leaf
    /// before the record, and its own.
    pub(crate) fn vouched(
        genesis: Genesis,
        tree: Frontier,
        [last_leaf, opening]: [Hash; 2],
    ) -> Self {
        let scope = CommitScope::new(&genesis.origin(), &genesis.id);
        let identity = Identity { genesis, scope, leaf: opening, line: Vec::new() };
        Self {
            vouched: Some(opening),
            identity: Some(Arc::new(identity)),
            tree,
            last_leaf,
            from_start: false,
            ..Self::new(None)
        }
    }

    /// Records so far.
    pub(crate) const fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Whether nothing stands behind the last commit.
    pub(crate) fn is_committed(&self) -> bool {
        self.signed.is_some_and(|signed| signed.commit.size.get() == self.size())
    }

    /// Records before the last commit.
    pub(crate) fn committed(&self) -> u64 {
        self.signed.map_or(0, |signed| signed.commit.size.get())
    }

    /// What happened so far.
    pub(crate) const fn history(&self) -> History {
        self.history
    }

    /// Root of the tree so far.
    pub(crate) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// How many records are gone, and how long records are to be kept; nothing if all are there.
    pub(crate) fn gone(&self) -> Option<(u64, Retention)> {
        let retention = self.identity.as_ref()?.genesis.retention;
        (self.gone > 0).then_some((self.gone, retention))
    }

    /// The segment that begins with the next record, which was written then.
    pub(super) fn bound(&self, at: LogTime) -> Bound {
        Bound { first: self.size(), at, root: self.root() }
    }

    /// What was retired, as far as this way through the stream has seen it.
    pub(crate) fn retired(&self) -> &[Retired] {
        &self.retired
    }

    /// Leaf hash of record 0.
    pub(crate) fn genesis_leaf(&self) -> Option<Hash> {
        self.identity.as_ref().map(|identity| identity.leaf)
    }

    /// Whether the last epoch says that its writer ended, and nothing follows.
    pub(crate) fn is_closed(&self) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| epoch.closing && epoch.counter == 1)
    }

    /// The last commit, if it was checked.
    pub(crate) fn settled(&self) -> Option<Settled<'_>> {
        let signed = self.signed.as_ref().filter(|signed| signed.settled)?;
        Some(Settled { commit: &signed.commit, time: signed.time })
    }

    /// Takes the next run of a segment.
    ///
    /// # Errors
    /// The fault. What was taken is then undefined: go on with an earlier copy.
    pub(crate) fn absorb(&mut self, run: &Run, segment: u64) -> Result<(), Fault> {
        let base = self.size();
        let fault = |(seq, kind)| Fault { seq, segment, offset: run.start, kind };
        let leading = run.commits.iter().take_while(|(before, _)| *before == 0).count();
        let (leading, following) = run.commits.split_at_checked(leading).unwrap_or_default();
        let take = |this: &mut Self, commits: &[(u64, CommitLine)]| {
            commits.iter().try_for_each(|(before, commit)| this.commit(base, *before, commit))
        };
        take(self, leading).map_err(fault)?;
        if let Some(records) = &run.records {
            if let Some(opening) = &run.opening {
                self.open(opening, segment, run.start)?;
            }
            self.records(records).map_err(fault)?;
        }
        take(self, following).map_err(fault)
    }

    /// Takes a leaf of records that are gone.
    pub(super) fn push_retired(&mut self, leaf: Hash) -> Result<(), FaultKind> {
        self.tree.push(leaf).map_err(|_| FaultKind::Retired)?;
        self.last_leaf = leaf;
        Ok(())
    }

    /// Takes the last commit of an epoch whose other lines are gone.
    pub(super) fn commit_retired(&mut self, commit: &CommitLine) -> Result<(), FaultKind> {
        let current = self.epoch.as_mut().ok_or(FaultKind::Genesis)?;
        current.counter = commit.counter.get();
        let base = self.size();
        self.commit(base, 0, commit).map_err(|(_, kind)| kind)
    }

    /// Goes on behind a commit that was settled earlier; whether it is of this tree and epoch. The counter is the
    /// one that comes next.
    pub(super) fn resume(&mut self, commit: &CommitLine) -> bool {
        let (Some(current), Some(identity)) = (&self.epoch, &self.identity) else { return false };
        let next = commit.counter.get().checked_add(1);
        let fits = commit.size.get() == self.size()
            && commit.root == self.tree.root()
            && commit.epoch.get() == current.number
            && next == Some(current.counter)
            && identity.scope.verifies(&current.key, commit);
        self.commit_is(commit);
        fits
    }

    /// Takes the commit that was just made of this tree.
    pub(super) fn commit_is(&mut self, commit: &CommitLine) {
        let (first, root, time) = (self.committed(), Some(commit.root), self.last_time);
        self.signed = Some(Signed { commit: *commit, first, root, time, settled: true });
    }

    fn records(&mut self, records: &Records) -> Result<(), (u64, FaultKind)> {
        let next = self.size();
        if self.epoch.is_none() {
            return Err((next, FaultKind::Genesis));
        }
        if records.first != next {
            return Err((next, FaultKind::Sequence { found: records.first }));
        }
        if records.prev != self.last_leaf {
            // One of the two is wrong: the one before it, unless a commit that was checked vouches for that.
            let vouched = self.settled().is_some_and(|settled| settled.commit.size.get() == next);
            let seq = if vouched { next } else { next.saturating_sub(1) };
            return Err((seq, FaultKind::Link));
        }
        let found = records.first;
        let full = |_| (next, FaultKind::Sequence { found });
        self.tree.graft(&records.subtrees).map_err(full)?;
        (self.last_leaf, self.last_time) = (records.last, records.last_time);
        self.newest = self.newest.max(records.newest);
        Ok(())
    }

    /// Takes a commit that stands behind `before` records of a run that began at `base`.
    fn commit(
        &mut self,
        base: u64,
        before: u64,
        commit: &CommitLine,
    ) -> Result<(), (u64, FaultKind)> {
        let [epoch, found, size] =
            [commit.epoch, commit.counter, commit.size].map(crate::count::Count::get);
        let committed = self.committed();
        let current = self.epoch.as_mut().ok_or((0, FaultKind::Genesis))?;
        if size != base.saturating_add(before) {
            return Err((committed, FaultKind::CommitSize { size }));
        }
        if epoch != current.number {
            return Err((committed, FaultKind::CommitEpoch { epoch }));
        }
        let expected = current.counter;
        if found != expected {
            return Err((committed, FaultKind::CommitCounter { expected, found }));
        }
        if size <= committed {
            return Err((committed, FaultKind::CommitSize { size }));
        }
        current.counter = expected.saturating_add(1);
        let root = (size == self.tree.size()).then(|| self.tree.root());
        let (first, time) = (committed, self.last_time);
        self.signed = Some(Signed { commit: *commit, first, root, time, settled: false });
        Ok(())
    }

    /// Checks root and signature of the last commit.
    ///
    /// # Errors
    /// The fault, as one of the first record of the batch: links within it can have been made anew.
    pub(crate) fn settle(&mut self, segment: u64, offset: u64) -> Result<(), Fault> {
        let Some(signed) = &mut self.signed else { return Ok(()) };
        if signed.settled {
            return Ok(());
        }
        let seq = signed.first;
        let fault = |kind| Fault { seq, segment, offset, kind };
        let (Some(current), Some(identity)) = (&self.epoch, &self.identity) else {
            return Err(fault(FaultKind::Genesis));
        };
        // First the signature: a commit that was never made says nothing about records.
        if !identity.scope.verifies(&current.key, &signed.commit) {
            return Err(fault(FaultKind::Signature));
        }
        if signed.root != Some(signed.commit.root) {
            return Err(fault(FaultKind::Root));
        }
        signed.settled = true;
        Ok(())
    }
}
