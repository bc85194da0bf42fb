//! Nodes of any level, read from tiles.

use super::{HEIGHT, TILE_WIDTH, Tile, TileFormatError, TileId, hashes_at};
use crate::tree::{Hash, NodeId, NodeSource};

/// Tiles kept after reading, about 16 KiB each: those of one proof in a tree of any size, twice.
const KEPT: usize = 32;

/// Reads tiles from wherever they lie.
pub trait TileReader {
    /// Why reading failed.
    type Error;

    /// The bytes of a tile, nothing if it is not there. Never more than 8,192 bytes and one need be read: a longer
    /// file is no tile.
    ///
    /// # Errors
    /// Reading failed; that a tile is not there is no error.
    fn read(&mut self, tile: &TileId) -> Result<Option<Vec<u8>>, Self::Error>;
}

impl<R: TileReader + ?Sized> TileReader for &mut R {
    type Error = R::Error;

    fn read(&mut self, tile: &TileId) -> Result<Option<Vec<u8>>, Self::Error> {
        (**self).read(tile)
    }
}

/// Why a node could not be had from tiles.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError<E> {
    /// The tree has no such node.
    #[error("the node is not in the tree")]
    OutsideTree,
    /// The tile is not there, nor the full one in its place.
    #[error("{0} is missing")]
    Missing(TileId),
    /// The tile has a wrong length.
    #[error("{tile} is damaged")]
    Format {
        /// Which tile.
        tile: TileId,
        /// What is wrong with it.
        source: TileFormatError,
    },
    /// Reading failed.
    #[error("{tile} could not be read")]
    Read {
        /// Which tile.
        tile: TileId,
        /// Why.
        source: E,
    },
}

/// A tree of a known size whose nodes are read from tiles. Remembers the last tiles it read.
#[derive(Debug)]
pub struct TiledTree<R> {
    reader: R,
    size: u64,
    // The one used last comes last.
    kept: Vec<(TileId, Tile)>,
}

impl<R: TileReader> TiledTree<R> {
    /// A tree of `size` leaves. The size comes from a checkpoint or commit: a partial tile is read only if a tree of
    /// this size has it.
    #[must_use]
    pub const fn new(reader: R, size: u64) -> Self {
        Self { reader, size, kept: Vec::new() }
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Goes on with the tree grown to `size`. What was read stays: tiles do not change.
    pub const fn resize(&mut self, size: u64) {
        self.size = size;
    }

    /// The tile of a level and index, as wide as the tree has it.
    fn tile_id(&self, level: u8, index: u64) -> Option<TileId> {
        let before = index.checked_mul(TILE_WIDTH.into())?;
        let there = hashes_at(level, self.size).checked_sub(before)?;
        TileId::new(level, index, u16::try_from(there.min(TILE_WIDTH.into())).ok()?).ok()
    }

    /// Looks among the tiles kept, then reads.
    fn tile(&mut self, id: TileId) -> Result<&Tile, TileError<R::Error>> {
        let found = match self.kept.iter().position(|(kept, _)| *kept == id) {
            Some(at) => self.kept.remove(at),
            None => (id, self.read(id)?),
        };
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push(found);
        self.kept.last().map(|(_, tile)| tile).ok_or(TileError::Missing(id))
    }

    /// Reads a tile; a partial one that is gone is cut from the full one.
    fn read(&mut self, id: TileId) -> Result<Tile, TileError<R::Error>> {
        let read = |source| TileError::Read { tile: id, source };
        let format = |source| TileError::Format { tile: id, source };
        if let Some(bytes) = self.reader.read(&id).map_err(read)? {
            return Tile::parse(&id, &bytes).map_err(format);
        }
        let full = id.filled().ok().filter(|_| !id.is_full()).ok_or(TileError::Missing(id))?;
        let bytes = self.reader.read(&full).map_err(read)?.ok_or(TileError::Missing(id))?;
        let (expected, actual) = (usize::from(TILE_WIDTH).saturating_mul(Hash::LEN), bytes.len());
        let wrong = TileFormatError::Length { expected, actual };
        let wanted = bytes.get(..usize::from(id.width()).saturating_mul(Hash::LEN));
        let wanted = wanted.filter(|_| actual == expected).ok_or(wrong).map_err(format)?;
        Tile::parse(&id, wanted).map_err(format)
    }
}

impl<R: TileReader> NodeSource for TiledTree<R> {
    type Error = TileError<R::Error>;

    fn node(&mut self, node: NodeId) -> Result<Hash, Self::Error> {
        if node.end().is_none_or(|end| end > self.size) {
            return Err(TileError::OutsideTree);
        }
        let (level, height) = (node.level / HEIGHT, node.level % HEIGHT);
        // A row at this height has 2^(8 − height) nodes a tile.
        let bits = u32::from(HEIGHT.saturating_sub(height));
        let index = node.index.checked_shr(bits).unwrap_or(0);
        let within = node.index & !(u64::MAX.checked_shl(bits).unwrap_or(0));
        let id = self.tile_id(level, index).ok_or(TileError::OutsideTree)?;
        self.tile(id)?.node(height, within).ok_or(TileError::OutsideTree)
    }
}
