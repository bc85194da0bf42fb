//! Where the nodes for a proof come from, and which of them make up a range.

use super::hash::{EMPTY_ROOT, Hash, node_hash};
use super::shifted;

/// A complete subtree: the one over leaves `index · 2^level` to `(index + 1) · 2^level − 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct NodeId {
    /// Height above the leaves: 0 is a leaf.
    pub level: u8,
    /// Number of the subtree among those of its level, from the left.
    pub index: u64,
}

impl NodeId {
    /// Names a node.
    #[must_use]
    pub const fn new(level: u8, index: u64) -> Self {
        Self { level, index }
    }

    /// The first leaf index after the subtree; nothing where that does not fit.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        let leaves = 1_u64.checked_shl(self.level.into())?;
        self.index.checked_add(1)?.checked_mul(leaves)
    }
}

/// Knows the hashes of complete subtrees. It may read and keep tiles, hence `&mut`.
pub trait NodeSource {
    /// Why a hash could not be had.
    type Error;

    /// The hash of a complete subtree.
    ///
    /// # Errors
    /// The subtree is not in the tree, or could not be read.
    fn node(&mut self, node: NodeId) -> Result<Hash, Self::Error>;
}

/// Why there is no proof. Nothing is wrong with the tree because of it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// The tree has no such leaf, or is smaller than the tree it is said to continue.
    #[error("the tree of size {size} has no proof for {asked}")]
    OutOfRange {
        /// The leaf index or older size asked for.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A node could not be had.
    #[error("a node of the tree could not be read")]
    Source(#[source] E),
}

impl<E> From<E> for ProveError<E> {
    fn from(source: E) -> Self {
        Self::Source(source)
    }
}

/// The root of the tree of the first `size` leaves, from the hashes of its complete subtrees.
///
/// # Errors
/// The source's.
pub fn root_of<S: NodeSource>(source: &mut S, size: u64) -> Result<Hash, S::Error> {
    range_hash(source, 0, size)
}

/// The complete subtrees that make up `len` leaves from `start`, the smallest (rightmost) first. `start` is a
/// multiple of the largest.
pub(super) fn cover(start: u64, len: u64) -> impl Iterator<Item = NodeId> {
    (0..u64::BITS).filter(move |level| shifted(len, *level) & 1 == 1).filter_map(move |level| {
        let before = shifted(len, level.saturating_add(1)).checked_mul(2)?;
        let index = shifted(start, level).checked_add(before)?;
        Some(NodeId { level: u8::try_from(level).ok()?, index })
    })
}

/// The Merkle tree hash of leaves `start` to `end`, as far to the right as its tree goes.
pub(super) fn range_hash<S: NodeSource>(
    source: &mut S,
    start: u64,
    end: u64,
) -> Result<Hash, S::Error> {
    let mut range = None;
    for node in cover(start, end.saturating_sub(start)) {
        let left = source.node(node)?;
        range = Some(range.map_or(left, |right| node_hash(&left, &right)));
    }
    Ok(range.unwrap_or(EMPTY_ROOT))
}

/// Where a tree of the leaves `start` to `end` parts: after the largest power of two below their number. Nothing
/// for fewer than two.
pub(super) fn parting(start: u64, end: u64) -> Option<u64> {
    let last = end.checked_sub(start)?.checked_sub(1)?;
    start.checked_add(1_u64.checked_shl(last.checked_ilog2()?)?)
}
