//! What runs say together, however they were cut.

use crate::line::CommitLine;
use crate::stream::run::{Run, Scanned};
use crate::time::LogTime;
use crate::tree::{Frontier, Hash};

/// Records in a row and the commits between them. Records before the first are taken for zeros.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    tree: Option<Frontier>,
    last: Option<(Hash, LogTime)>,
    openings: Vec<(u64, Hash)>,
    commits: Vec<CommitLine>,
}

/// The sum, or nothing if something is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum(Option<Row>);

impl Sum {
    pub(super) fn of(pieces: impl IntoIterator<Item = Scanned>) -> Self {
        let mut row = Row::default();
        for piece in pieces {
            let fits = piece.runs.iter().all(|run| row.absorb(run).is_some());
            if !fits || piece.fault.is_some() {
                return Self(None);
            }
        }
        Self(Some(row))
    }
}

impl Row {
    /// Goes on with a run; nothing if it does not continue what is there.
    fn absorb(&mut self, run: &Run) -> Option<()> {
        let leading = run.commits.iter().take_while(|(before, _)| *before == 0).count();
        let (leading, following) = run.commits.split_at_checked(leading)?;
        for (_, commit) in leading {
            self.commit(commit.size.get(), commit)?;
        }
        let base = run.records.as_ref().map(|records| records.first);
        if let Some(records) = &run.records {
            let last = self.last.map(|(leaf, _)| leaf);
            if last.is_some_and(|last| last != records.prev) {
                return None;
            }
            let tree = self.tree_of(records.first)?;
            tree.graft(&records.subtrees).ok()?;
            self.last = Some((records.last, records.last_time));
        }
        if let Some(opening) = &run.opening {
            self.openings.push((opening.epoch.number.get(), opening.leaf));
        }
        for (before, commit) in following {
            (Some(commit.size.get()) == base?.checked_add(*before)).then_some(())?;
            self.commits.push(*commit);
        }
        Some(())
    }

    fn commit(&mut self, size: u64, commit: &CommitLine) -> Option<()> {
        let _ = self.tree_of(size)?;
        self.commits.push(*commit);
        Some(())
    }

    /// The tree, which must have so many leaves, or begins with so many.
    fn tree_of(&mut self, size: u64) -> Option<&mut Frontier> {
        if self.tree.is_none() {
            let zeros = vec![0; usize::try_from(size.count_ones()).ok()?.checked_mul(32)?];
            let bytes = [&size.to_be_bytes()[..], &zeros].concat();
            self.tree = Some(Frontier::from_bytes(&bytes).ok()?);
        }
        self.tree.as_mut().filter(|tree| tree.size() == size)
    }
}
