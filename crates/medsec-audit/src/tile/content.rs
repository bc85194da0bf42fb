//! What is in a tile: its hashes and the levels between them and the tile above.

use super::{TILE_WIDTH, TileId};
use crate::tree::{Hash, pair_up};

/// The hashes of a tile, and of the nodes above them that they determine. About 16 KiB when full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    // INVARIANT: rows[0] has 1 to 256 hashes; each further row has those of the complete pairs of the one
    // before it; the last one has one hash.
    rows: Vec<Vec<Hash>>,
}

/// Why bytes are not the tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileFormatError {
    /// The number of bytes is not 32 for each hash.
    #[error("the tile has {actual} bytes instead of {expected}")]
    Length {
        /// Bytes of a tile of this width.
        expected: usize,
        /// Bytes there are.
        actual: usize,
    },
}

impl Tile {
    /// Reads the tile; its nodes are computed here, once.
    ///
    /// # Errors
    /// [`TileFormatError`] unless there are exactly 32 bytes for each hash of `tile`.
    pub fn parse(tile: &TileId, bytes: &[u8]) -> Result<Self, TileFormatError> {
        let expected = usize::from(tile.width()).saturating_mul(Hash::LEN);
        let (hashes, rest) = bytes.as_chunks::<{ Hash::LEN }>();
        if bytes.len() != expected || !rest.is_empty() {
            return Err(TileFormatError::Length { expected, actual: bytes.len() });
        }
        Ok(Self::of(hashes.iter().copied().map(Hash::from_bytes).collect()))
    }

    /// Computes the rows above 1 to 256 hashes.
    pub(super) fn of(hashes: Vec<Hash>) -> Self {
        let mut rows = Vec::new();
        let mut row = hashes;
        while !row.is_empty() {
            let mut above = row.clone();
            pair_up(&mut above);
            rows.push(std::mem::replace(&mut row, above));
        }
        Self { rows }
    }

    /// Number of hashes.
    #[must_use]
    pub fn width(&self) -> u16 {
        let hashes = self.rows.first().map_or(0, Vec::len);
        u16::try_from(hashes).unwrap_or(TILE_WIDTH)
    }

    /// The hash of a complete subtree within the tile: `height` 0 are the tile's own hashes, 8 is its root.
    #[must_use]
    pub fn node(&self, height: u8, index: u64) -> Option<Hash> {
        let row = self.rows.get(usize::from(height))?;
        row.get(usize::try_from(index).ok()?).copied()
    }

    /// The hash that a full tile is in the tile above it.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        self.node(super::HEIGHT, 0)
    }

    /// The bytes of the tile with its first `width` hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        to_bytes(self.rows.first().map_or(&[], Vec::as_slice))
    }
}

/// Hashes one after the other.
pub(super) fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.as_bytes()).copied().collect()
}
