//! That a leaf is in a tree (RFC 9162, sections 2.1.3.1 and 2.1.3.2).

use super::hash::{Hash, node_hash};
use super::source::{NodeSource, ProveError, parting, range_hash};

/// The claim that the leaf with this index is in a tree of this size, and the hashes that show it.
///
/// Worth as much as the root it is verified against, and the size that was signed with that root: near the left of
/// a tree the same hashes lead to the same root for more than one size, so [`Self::size`] must be the size of the
/// checkpoint that the root is taken from.
///
/// ```
/// use medsec_audit::{EMPTY_ROOT, InclusionProof, leaf_hash, node_hash};
///
/// let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
/// let root = node_hash(&first, &second);
/// let proof = InclusionProof::new(1, 2, vec![first]);
/// assert!(proof.verify(&second, &root).is_ok());
/// assert!(proof.verify(&second, &EMPTY_ROOT).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InclusionProof {
    /// Index of the leaf, from 0.
    pub index: u64,
    /// Leaves of the tree.
    pub size: u64,
    /// The siblings on the way from the leaf to the root.
    pub path: Vec<Hash>,
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InclusionError {
    /// A tree of this size has no leaf with this index.
    #[error("the leaf index lies outside the tree")]
    OutOfTree,
    /// There are more or fewer hashes than this index and size need.
    #[error("the number of hashes does not fit leaf index and tree size")]
    Length,
    /// The hashes lead to another root: another leaf, index, size, tree, or a forged proof.
    #[error("the proof does not lead to the root hash")]
    Root,
}

impl InclusionProof {
    /// Puts together what was received. Nothing is checked before [`Self::verify`].
    #[must_use]
    pub const fn new(index: u64, size: u64, path: Vec<Hash>) -> Self {
        Self { index, size, path }
    }

    /// Makes the proof for leaf `index` in the tree of the first `size` leaves.
    ///
    /// # Errors
    /// [`ProveError`] if there is no such leaf, or a node could not be read.
    pub fn prove<S: NodeSource>(
        source: &mut S,
        index: u64,
        size: u64,
    ) -> Result<Self, ProveError<S::Error>> {
        if index >= size {
            return Err(ProveError::OutOfRange { asked: index, size });
        }
        let (mut start, mut end, mut path) = (0, size, Vec::new());
        while let Some(middle) = parting(start, end) {
            if index < middle {
                path.push(range_hash(source, middle, end)?);
                end = middle;
            } else {
                path.push(range_hash(source, start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Ok(Self { index, size, path })
    }

    /// Verifies that the leaf is in the tree with this root.
    ///
    /// # Errors
    /// [`InclusionError`]; the leaf is then not shown to be in the tree.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), InclusionError> {
        let last = self.size.checked_sub(1).filter(|last| self.index <= *last);
        // `at` and `last` are fn and sn of RFC 9162.
        let (mut at, mut last) = (self.index, last.ok_or(InclusionError::OutOfTree)?);
        let mut hash = *leaf;
        for sibling in &self.path {
            if last == 0 {
                return Err(InclusionError::Length);
            }
            if at & 1 == 1 || at == last {
                hash = node_hash(sibling, &hash);
                while at & 1 == 0 && at != 0 {
                    (at, last) = (at >> 1, last >> 1);
                }
            } else {
                hash = node_hash(&hash, sibling);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        if last != 0 {
            return Err(InclusionError::Length);
        }
        (hash == *root).then_some(()).ok_or(InclusionError::Root)
    }
}
