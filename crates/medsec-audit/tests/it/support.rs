//! Trees and tiles in memory, and keys.

use std::collections::BTreeMap;
use std::convert::Infallible;

use medsec_audit::{
    Algorithm, Ed25519NoteSigner, Hash, KeyName, NodeId, NodeSource, RightEdge, TileId, TileReader,
    leaf_hash, node_hash,
};

/// All nodes of a tree.
pub(crate) struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The tree over these leaf hashes.
    pub(crate) fn of(leaves: &[Hash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while levels.last().unwrap().len() > 1 {
            let above = levels.last().unwrap().chunks_exact(2);
            levels.push(above.map(|pair| node_hash(&pair[0], &pair[1])).collect());
        }
        Self { levels }
    }
}

impl NodeSource for MemoryTree {
    type Error = Infallible;

    fn node(&mut self, node: NodeId) -> Result<Hash, Infallible> {
        Ok(self.levels[usize::from(node.level)][usize::try_from(node.index).unwrap()])
    }
}

/// A leaf index as a place in memory.
pub(crate) fn place(index: u64) -> usize {
    usize::try_from(index).unwrap()
}

/// Hashes of `count` different leaves.
pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(format!("record {n}").as_bytes())).collect()
}

/// The root by the recursive definition of RFC 6962, section 2.1.
pub(crate) fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => medsec_audit::EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            node_hash(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

/// Tiles by path, as files lie in a folder.
#[derive(Clone, Default)]
pub(crate) struct MemoryTiles {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) reads: usize,
}

impl MemoryTiles {
    /// The tiles that a writer leaves who stops at `count` leaves.
    pub(crate) fn of(leaves: &[Hash]) -> Self {
        let mut tiles = Self::default();
        let mut edge = RightEdge::new();
        for leaf in leaves {
            edge.push(*leaf).unwrap();
            tiles.store(edge.take_full());
        }
        tiles.store(edge.partial());
        tiles
    }

    /// Writes tiles.
    pub(crate) fn store(&mut self, tiles: impl IntoIterator<Item = (TileId, Vec<u8>)>) {
        self.files.extend(tiles.into_iter().map(|(tile, bytes)| (tile.to_string(), bytes)));
    }
}

impl TileReader for MemoryTiles {
    type Error = Infallible;

    fn read(&mut self, tile: &TileId) -> Result<Option<Vec<u8>>, Infallible> {
        self.reads += 1;
        Ok(self.files.get(&tile.to_string()).cloned())
    }
}

/// The key whose seed is 32 times this byte.
pub(crate) fn signer(name: &str, algorithm: Algorithm, seed: u8) -> Ed25519NoteSigner {
    Ed25519NoteSigner::take_from(KeyName::new(name).unwrap(), algorithm, &mut [seed; 32]).unwrap()
}

/// Some hash that is in no tree here.
pub(crate) fn other_hash() -> Hash {
    Hash::from_bytes([0x5A; 32])
}
