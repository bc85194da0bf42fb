//! The right edge of the tree: what a writer holds to write tiles without reading them again.

use super::content::{Tile, to_bytes};
use super::{HEIGHT, LEVELS, TILE_WIDTH, TileId, TileReader, TiledTree, hashes_at, tiles_in};
use crate::tile::TileError;
use crate::tree::{Hash, MAX_TREE_SIZE, NodeId, NodeSource as _, TreeFull};

/// The unfinished tiles of a growing tree, one at each level: at most 64 KiB, and what became full and was not
/// taken yet.
#[derive(Clone, Debug, Default)]
pub struct RightEdge {
    size: u64,
    // INVARIANT: `rows[l]` has `(size >> 8l) % 256` hashes.
    rows: Vec<Vec<Hash>>,
    full: Vec<(TileId, Vec<u8>)>,
}

impl RightEdge {
    /// The edge of an empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the edge of a tree of `size` leaves from its partial tiles.
    ///
    /// # Errors
    /// [`TileError`] if one of them is missing or has another length.
    pub fn load<R: TileReader>(reader: R, size: u64) -> Result<Self, TileError<R::Error>> {
        let mut tree = TiledTree::new(reader, size);
        let mut rows = Vec::new();
        for level in (0..LEVELS).take_while(|level| hashes_at(*level, size) > 0) {
            let end = hashes_at(level, size);
            let start = end.saturating_sub(tiles_in(end).1.into());
            let node = |index| NodeId::new(level.saturating_mul(HEIGHT), index);
            rows.push((start..end).map(|index| tree.node(node(index))).collect::<Result<_, _>>()?);
        }
        Ok(Self { size, rows, full: Vec::new() })
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a leaf.
    ///
    /// # Errors
    /// [`TreeFull`] at [`MAX_TREE_SIZE`] leaves; nothing has been appended.
    pub fn push(&mut self, leaf: Hash) -> Result<(), TreeFull> {
        let size = self.size.checked_add(1).filter(|size| *size <= MAX_TREE_SIZE);
        self.size = size.ok_or(TreeFull)?;
        let mut next = Some(leaf);
        for level in 0..LEVELS {
            let Some(hash) = next else { break };
            next = self.append(level, hash)?;
        }
        Ok(())
    }

    /// Appends a hash at a level of tiles; gives the root of the tile if that has filled it.
    fn append(&mut self, level: u8, hash: Hash) -> Result<Option<Hash>, TreeFull> {
        if self.rows.len() <= usize::from(level) {
            self.rows.push(Vec::new());
        }
        let row = self.rows.get_mut(usize::from(level)).ok_or(TreeFull)?;
        row.push(hash);
        if row.len() < usize::from(TILE_WIDTH) {
            return Ok(None);
        }
        let tile = Tile::of(std::mem::take(row));
        let (index, _) = tiles_in(hashes_at(level, self.size).saturating_sub(1));
        let id = TileId::new(level, index, TILE_WIDTH).map_err(|_| TreeFull)?;
        self.full.push((id, tile.to_bytes()));
        Ok(tile.root())
    }

    /// The tiles that became full since the last call. Written in this order, none is there before those it is
    /// made of.
    #[must_use]
    pub fn take_full(&mut self) -> Vec<(TileId, Vec<u8>)> {
        std::mem::take(&mut self.full)
    }

    /// The partial tiles of the tree as it is now.
    pub fn partial(&self) -> impl Iterator<Item = (TileId, Vec<u8>)> {
        (0..LEVELS).zip(&self.rows).filter_map(|(level, row)| {
            let (index, _) = tiles_in(hashes_at(level, self.size));
            let tile = TileId::new(level, index, u16::try_from(row.len()).ok()?).ok()?;
            Some((tile, to_bytes(row)))
        })
    }
}
