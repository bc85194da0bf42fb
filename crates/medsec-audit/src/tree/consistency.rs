//! That a tree continues another (RFC 9162, sections 2.1.4.1 and 2.1.4.2).

use super::hash::{Hash, node_hash};
use super::source::{NodeSource, ProveError, parting, range_hash};

/// The claim that the first leaves of a tree are those of an older one, and the hashes that show it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConsistencyProof {
    /// Leaves of the older tree.
    pub old_size: u64,
    /// Leaves of the newer tree.
    pub new_size: u64,
    /// The hashes, in the order of RFC 9162.
    pub path: Vec<Hash>,
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsistencyError {
    /// The older tree is empty: every tree continues it, which says nothing about either.
    #[error("the older tree is empty")]
    EmptyTree,
    /// The newer tree is smaller than the older.
    #[error("the newer tree is smaller than the older one")]
    Shrunk,
    /// There are more or fewer hashes than these sizes need.
    #[error("the number of hashes does not fit the sizes of the trees")]
    Length,
    /// The hashes do not lead to the older root: the past was changed, or the proof is forged.
    #[error("the proof does not lead to the older root hash")]
    OldRoot,
    /// The hashes do not lead to the newer root.
    #[error("the proof does not lead to the newer root hash")]
    NewRoot,
}

impl ConsistencyProof {
    /// Puts together what was received. Nothing is checked before [`Self::verify`].
    #[must_use]
    pub const fn new(old_size: u64, new_size: u64, path: Vec<Hash>) -> Self {
        Self { old_size, new_size, path }
    }

    /// Makes the proof between the trees of the first `old_size` and the first `new_size` leaves. Of equal sizes it
    /// is empty.
    ///
    /// # Errors
    /// [`ProveError`] if the older tree is empty or larger, or a node could not be read.
    pub fn prove<S: NodeSource>(
        source: &mut S,
        old_size: u64,
        new_size: u64,
    ) -> Result<Self, ProveError<S::Error>> {
        if old_size == 0 || old_size > new_size {
            return Err(ProveError::OutOfRange { asked: old_size, size: new_size });
        }
        let (mut start, mut end, mut path) = (0, new_size, Vec::new());
        while end != old_size {
            let Some(middle) = parting(start, end) else { break };
            if old_size <= middle {
                path.push(range_hash(source, middle, end)?);
                end = middle;
            } else {
                path.push(range_hash(source, start, middle)?);
                start = middle;
            }
        }
        // Whoever has the older tree has its root already.
        if start != 0 {
            path.push(range_hash(source, start, end)?);
        }
        path.reverse();
        Ok(Self { old_size, new_size, path })
    }

    /// Verifies that the tree with `new_root` continues the one with `old_root`.
    ///
    /// # Errors
    /// [`ConsistencyError`]; the one tree is then not shown to continue the other.
    pub fn verify(&self, old_root: &Hash, new_root: &Hash) -> Result<(), ConsistencyError> {
        if self.old_size == 0 {
            return Err(ConsistencyError::EmptyTree);
        }
        if self.old_size > self.new_size {
            return Err(ConsistencyError::Shrunk);
        }
        let (old, new) = if self.old_size == self.new_size {
            self.path
                .is_empty()
                .then_some((*old_root, *old_root))
                .ok_or(ConsistencyError::Length)?
        } else {
            self.roots(old_root)?
        };
        if old != *old_root {
            return Err(ConsistencyError::OldRoot);
        }
        (new == *new_root).then_some(()).ok_or(ConsistencyError::NewRoot)
    }

    /// The two roots that the hashes lead to; the sizes differ and neither is 0.
    fn roots(&self, old_root: &Hash) -> Result<(Hash, Hash), ConsistencyError> {
        let one_less = |size: u64| size.saturating_sub(1);
        // `at` and `last` are fn and sn of RFC 9162.
        let skipped = one_less(self.old_size).trailing_ones();
        let mut at = super::shifted(one_less(self.old_size), skipped);
        let mut last = super::shifted(one_less(self.new_size), skipped);
        let mut path = self.path.iter();
        if path.len() == 0 {
            return Err(ConsistencyError::Length);
        }
        let first = if self.old_size.is_power_of_two() { Some(old_root) } else { path.next() };
        let first = *first.ok_or(ConsistencyError::Length)?;
        let (mut old, mut new) = (first, first);
        for hash in path {
            if last == 0 {
                return Err(ConsistencyError::Length);
            }
            if at & 1 == 1 || at == last {
                old = node_hash(hash, &old);
                new = node_hash(hash, &new);
                while at & 1 == 0 && at != 0 {
                    (at, last) = (at >> 1, last >> 1);
                }
            } else {
                new = node_hash(&new, hash);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        (last == 0).then_some((old, new)).ok_or(ConsistencyError::Length)
    }
}
