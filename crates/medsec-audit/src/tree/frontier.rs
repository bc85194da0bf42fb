//! The state that grows a tree: the roots of its complete subtrees, at most 63.

use super::hash::{EMPTY_ROOT, Hash, node_hash, pair_up};
use super::source::{NodeSource, cover};
use super::{MAX_TREE_SIZE, shifted};

/// Hashes reduced together by [`Frontier::extend`]: enough to keep the processor busy, few enough to stay in
/// its nearest cache.
const BATCH: u64 = 256;

/// A growing tree without its leaves: size and the roots of its complete subtrees.
///
/// As bytes: `u64_be(size) ‖ hash …`, one hash for each bit set in the size, the largest subtree first. The bytes
/// are a cache: whoever reads them compares [`Self::root`] with a root that was signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: as many as bits are set in `size`, the largest subtree first.
    peaks: Vec<Hash>,
}

/// A complete subtree of `2^depth` leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subtree {
    pub(super) depth: u32,
    pub(super) root: Hash,
}

/// The complete subtrees that leaves behind the first `size` ones make up, from left to right. Independent of what
/// those first ones are.
pub(crate) fn subtrees(size: u64, leaves: &[Hash]) -> Vec<Subtree> {
    let (mut size, mut rest) = (size, leaves);
    let (mut found, mut level) = (Vec::new(), Vec::new());
    while let Some(depth) = next_block(size, rest.len()) {
        let taken = 1_usize.checked_shl(depth).unwrap_or(1);
        let Some((block, after)) = rest.split_at_checked(taken) else { break };
        rest = after;
        size = size.saturating_add(1_u64.checked_shl(depth).unwrap_or(1));
        level.clear();
        level.extend_from_slice(block);
        (0..depth).for_each(|_| pair_up(&mut level));
        found.extend(level.first().map(|root| Subtree { depth, root: *root }));
    }
    found
}

/// Height of the largest complete subtree that comes after `size` leaves and needs no more than `left`.
fn next_block(size: u64, left: usize) -> Option<u32> {
    let fits = left.checked_ilog2()?;
    Some(fits.min(size.trailing_zeros()).min(BATCH.trailing_zeros()))
}

/// The tree has [`MAX_TREE_SIZE`] leaves and takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree is full")]
pub struct TreeFull;

/// Why bytes are no frontier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// The size is missing or larger than [`MAX_TREE_SIZE`].
    #[error("the size of the tree is missing or too large")]
    Size,
    /// The number of hashes does not fit the size.
    #[error("the number of hashes does not fit the size of the tree")]
    Length,
}

impl Frontier {
    /// A tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root hash of the tree as it is now; of an empty one, [`EMPTY_ROOT`].
    #[must_use]
    pub fn root(&self) -> Hash {
        let rightmost_first = self.peaks.iter().rev().copied();
        rightmost_first.reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }

    /// Appends the hash of a leaf and returns the leaf's index.
    ///
    /// # Errors
    /// [`TreeFull`] at [`MAX_TREE_SIZE`] leaves; nothing has been appended.
    pub fn push(&mut self, leaf: Hash) -> Result<u64, TreeFull> {
        let index = self.size;
        self.grow(leaf, 0)?;
        Ok(index)
    }

    /// Appends hashes of leaves, several at a time where the tree's shape allows it.
    ///
    /// # Errors
    /// [`TreeFull`] if they do not all fit; nothing has been appended.
    pub fn extend(&mut self, leaves: &[Hash]) -> Result<(), TreeFull> {
        let count = u64::try_from(leaves.len()).map_err(|_| TreeFull)?;
        let after = self.size.checked_add(count).filter(|size| *size <= MAX_TREE_SIZE);
        after.ok_or(TreeFull)?;
        self.graft(&subtrees(self.size, leaves))
    }

    /// Appends what [`subtrees`] made for this size.
    pub(crate) fn graft(&mut self, subtrees: &[Subtree]) -> Result<(), TreeFull> {
        subtrees.iter().try_for_each(|subtree| self.grow(subtree.root, subtree.depth))
    }

    /// Appends a complete subtree of `2^depth` leaves; the size is a multiple of that.
    fn grow(&mut self, root: Hash, depth: u32) -> Result<(), TreeFull> {
        let leaves = 1_u64.checked_shl(depth).ok_or(TreeFull)?;
        let size = self.size.checked_add(leaves).filter(|size| *size <= MAX_TREE_SIZE);
        let size = size.ok_or(TreeFull)?;
        let mut node = root;
        for _ in 0..shifted(self.size, depth).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size = size;
        Ok(())
    }

    /// The frontier of the first `size` leaves of a tree whose nodes `source` knows.
    ///
    /// # Errors
    /// The source's.
    pub fn load<S: NodeSource>(source: &mut S, size: u64) -> Result<Self, S::Error> {
        let mut peaks =
            cover(0, size).map(|node| source.node(node)).collect::<Result<Vec<_>, _>>()?;
        peaks.reverse();
        Ok(Self { size, peaks })
    }

    /// The state as bytes, at most 2,024.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.peaks.iter().flat_map(|hash| hash.as_bytes()));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote. The hashes are not checked; only a signed root can do that.
    ///
    /// # Errors
    /// [`FrontierError`] if size and number of hashes do not fit each other.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes.split_first_chunk().ok_or(FrontierError::Size)?;
        let size = u64::from_be_bytes(*size);
        if size > MAX_TREE_SIZE {
            return Err(FrontierError::Size);
        }
        let (hashes, rest) = hashes.as_chunks::<{ Hash::LEN }>();
        let expected = usize::try_from(size.count_ones()).map_err(|_| FrontierError::Size)?;
        if !rest.is_empty() || hashes.len() != expected {
            return Err(FrontierError::Length);
        }
        Ok(Self { size, peaks: hashes.iter().copied().map(Hash::from_bytes).collect() })
    }
}
