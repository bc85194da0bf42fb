//! The RFC 6962 section 2.1 tree hash over a payload's encrypted chunks, computed as the chunks pass
//! by, and its division into aligned groups of 64 chunks.

use crate::backend::sha256;
use crate::ids::MerkleRoot;
use crate::suite::Backend;

/// Chunks in a group: 1 MiB of plaintext.
pub(crate) const GROUP_CHUNKS: u64 = 64;
/// Bytes of a hash.
pub(crate) const HASH_LEN: usize = 32;

pub(crate) type Hash = [u8; HASH_LEN];

/// SHA-256(0x00 ‖ chunk with its tag).
pub(crate) fn leaf_hash(backend: Backend, sealed_chunk: &[u8]) -> Hash {
    sha256(backend, &[&[0], sealed_chunk])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(Backend::RustCrypto, &[&[1], left, right])
}

/// A tree under construction; memory grows with the logarithm of its leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// Roots of complete subtrees, largest first, with their number of leaves.
    complete: Vec<(u64, Hash)>,
}

impl Tree {
    pub(crate) const fn new() -> Self {
        Self { complete: Vec::new() }
    }

    pub(crate) fn push(&mut self, leaf: Hash) {
        let (mut size, mut hash) = (1_u64, leaf);
        while let Some((left_size, left)) = self.complete.last().copied() {
            if left_size != size {
                break;
            }
            self.complete.pop();
            hash = node_hash(&left, &hash);
            size = size.saturating_mul(2);
        }
        self.complete.push((size, hash));
    }

    /// The root; SHA-256 of nothing for an empty tree.
    pub(crate) fn root(&self) -> Hash {
        let mut rest = self.complete.iter().rev().map(|(_, hash)| *hash);
        let Some(last) = rest.next() else {
            return sha256(Backend::RustCrypto, &[]);
        };
        rest.fold(last, |right, left| node_hash(&left, &right))
    }

    pub(crate) fn merkle_root(&self) -> MerkleRoot {
        MerkleRoot::from_bytes(self.root())
    }
}

/// The roots of aligned groups of 64 chunks. Because 64 is a power of two, the tree over these roots
/// has the same root as the tree over the chunks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    roots: Vec<Hash>,
    current: Tree,
    in_current: u64,
}

impl Groups {
    pub(crate) fn push(&mut self, leaf: Hash) {
        self.current.push(leaf);
        self.in_current = self.in_current.saturating_add(1);
        if self.in_current == GROUP_CHUNKS {
            self.close();
        }
    }

    fn close(&mut self) {
        self.roots.push(self.current.root());
        self.current = Tree::new();
        self.in_current = 0;
    }

    pub(crate) fn finish(mut self) -> Vec<Hash> {
        if self.in_current > 0 {
            self.close();
        }
        self.roots
    }
}

/// Root over group roots.
pub(crate) fn root_of_groups(groups: &[Hash]) -> MerkleRoot {
    let mut tree = Tree::new();
    groups.iter().for_each(|root| tree.push(*root));
    tree.merkle_root()
}

/// Root over the leaves of one group.
pub(crate) fn group_root(leaves: impl Iterator<Item = Hash>) -> Hash {
    let mut tree = Tree::new();
    leaves.for_each(|leaf| tree.push(leaf));
    tree.root()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of RFC 6962, recursive.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(Backend::RustCrypto, &[]),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                node_hash(&reference(left), &reference(right))
            }
        }
    }

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(Backend::RustCrypto, &n.to_be_bytes())).collect()
    }

    #[test]
    fn incremental_root_equals_the_definition() {
        for count in (0..200).chain([255, 256, 257, 1000]) {
            let leaves = leaves(count);
            let mut tree = Tree::new();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            assert_eq!(tree.root(), reference(&leaves), "{count} leaves");
        }
    }

    #[test]
    fn root_over_groups_equals_root_over_chunks() {
        for count in [1, 63, 64, 65, 127, 128, 129, 640, 1000] {
            let leaves = leaves(count);
            let mut groups = Groups::default();
            leaves.iter().for_each(|leaf| groups.push(*leaf));
            let root = root_of_groups(&groups.finish());
            assert_eq!(*root.as_bytes(), reference(&leaves), "{count} leaves");
        }
    }

    #[test]
    fn empty_tree_has_the_root_of_rfc_6962() {
        let hex = MerkleRoot::from_bytes(Tree::new().root()).to_string();
        assert_eq!(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
