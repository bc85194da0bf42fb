//! How a tree continues an older one: enough hashes to make the roots of both.

use super::frontier::Subtree;
use super::hash::{Hash, node_hash};
use super::{Frontier, MAX_TREE_SIZE, NodeId, NodeSource, shifted};

/// An older tree, and the complete subtrees that were added to it since. It need not be believed: if it makes the
/// root that is known of the older tree, and the root of the newer one, then the one continues the other.
///
/// As bytes: those of the older tree's [`Frontier`], and the hash of each subtree from left to right. How many these
/// are, and how large, follows from both sizes.
#[derive(Clone, Debug)]
pub(crate) struct Tie {
    base: Frontier,
    size: u64,
    // INVARIANT: from left to right, no two of which make up a larger one.
    since: Vec<Subtree>,
}

impl Tie {
    /// Between a tree and itself.
    pub(crate) const fn new(base: Frontier) -> Self {
        Self { size: base.size(), base, since: Vec::new() }
    }

    /// Leaves of the newer tree.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the older tree has this size and root.
    pub(crate) fn begins(&self, size: u64, root: &Hash) -> bool {
        self.base.size() == size && self.base.root() == *root
    }

    /// Whether the newer tree is this one.
    pub(crate) fn leads_to(&self, tree: &Frontier) -> bool {
        let mut grown = self.base.clone();
        self.size == tree.size() && grown.graft(&self.since).is_ok() && grown == *tree
    }

    /// Adds a leaf to the newer tree.
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.add(Subtree { depth: 0, root: leaf });
    }

    fn add(&mut self, subtree: Subtree) {
        let (mut node, start) = (subtree, self.size);
        // Two that stand beside each other below the same node make that node.
        while shifted(start, node.depth) & 1 == 1 {
            let Some(left) = self.since.pop_if(|left| left.depth == node.depth) else { break };
            let depth = node.depth.saturating_add(1);
            node = Subtree { depth, root: node_hash(&left.root, &node.root) };
        }
        self.since.push(node);
        let leaves = 1_u64.checked_shl(subtree.depth).unwrap_or(0);
        self.size = self.size.saturating_add(leaves);
    }

    /// Adds what a source knows of the tree, up to a size.
    ///
    /// # Errors
    /// The source's; a part may have been added.
    pub(crate) fn grow<S: NodeSource>(&mut self, source: &mut S, to: u64) -> Result<(), S::Error> {
        for (depth, index) in between(self.size, to) {
            // A tree is less than 2^63 leaves large.
            let level = u8::try_from(depth).unwrap_or(u8::MAX);
            let root = source.node(NodeId::new(level, index))?;
            self.add(Subtree { depth, root });
        }
        Ok(())
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.base.to_bytes();
        bytes.extend(self.since.iter().flat_map(|subtree| subtree.root.as_bytes()));
        bytes
    }

    /// Takes what [`Self::to_bytes`] wrote from the front of `bytes`, for a newer tree of a size; and the rest.
    pub(crate) fn take_from(bytes: &[u8], size: u64) -> Option<(Self, &[u8])> {
        let older = u64::from_be_bytes(*bytes.first_chunk()?);
        if older > size || size > MAX_TREE_SIZE {
            return None;
        }
        let peaks = usize::try_from(older.count_ones()).ok()?;
        let (base, mut rest) =
            bytes.split_at_checked(peaks.checked_mul(Hash::LEN)?.checked_add(8)?)?;
        let mut tie = Self::new(Frontier::from_bytes(base).ok()?);
        for (depth, _) in between(older, size) {
            let (root, behind) = rest.split_first_chunk::<{ Hash::LEN }>()?;
            tie.add(Subtree { depth, root: Hash::from_bytes(*root) });
            rest = behind;
        }
        (tie.size == size).then_some((tie, rest))
    }
}

/// The largest complete subtrees of the leaves from one size to another, from left to right: depth and index.
fn between(from: u64, to: u64) -> impl Iterator<Item = (u32, u64)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let fits = to.checked_sub(at)?.checked_ilog2()?;
        let depth = fits.min(at.trailing_zeros());
        let found = (depth, shifted(at, depth));
        at = at.checked_add(1_u64.checked_shl(depth)?)?;
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::leaf_hash;

    fn leaf(number: u64) -> Hash {
        leaf_hash(&number.to_be_bytes())
    }

    fn tree(size: u64) -> Frontier {
        let mut tree = Frontier::new();
        for number in 0..size {
            let _ = tree.push(leaf(number)).unwrap();
        }
        tree
    }

    fn tie(from: u64, to: u64) -> Tie {
        let mut tie = Tie::new(tree(from));
        (from..to).for_each(|number| tie.push(leaf(number)));
        tie
    }

    #[test]
    fn a_tie_is_of_no_other_tree() {
        for (from, to) in [(0, 1), (1, 2), (3, 9), (8, 8), (5, 33)] {
            let tie = tie(from, to);
            assert!(!tie.leads_to(&tree(to + 1)));
            assert!(!tie.begins(from + 1, &tree(from + 1).root()));
            assert!(!tie.begins(from, &leaf(999)));
            let mut other = tree(to - 1);
            let _ = other.push(leaf(1000)).unwrap();
            assert!(from == to || !tie.leads_to(&other));
        }
    }

    #[test]
    fn a_tie_that_is_damaged_leads_to_no_tree() {
        let (from, to) = (21, 90);
        let bytes = tie(from, to).to_bytes();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            let taken = Tie::take_from(&other, to);
            let fits = taken.is_some_and(|(tie, _)| {
                tie.begins(from, &tree(from).root()) && tie.leads_to(&tree(to))
            });
            assert!(!fits, "{at}");
            assert!(Tie::take_from(&bytes[..at], to).is_none(), "{at}");
        }
    }

    #[test]
    fn every_tree_is_tied_to_every_one_before_it() {
        for to in 0..70 {
            for from in 0..=to {
                let tie = tie(from, to);
                assert!(tie.begins(from, &tree(from).root()) && tie.leads_to(&tree(to)));
                let bytes = [tie.to_bytes(), vec![7]].concat();
                let (read, rest) = Tie::take_from(&bytes, to).unwrap();
                assert!(read.leads_to(&tree(to)) && rest == [7], "{from} {to}");
            }
        }
    }
}
