//! The tree as files: tiles of 256 hashes, as [C2SP tlog-tiles](https://c2sp.org/tlog-tiles) names and fills them.
//!
//! Pure functions over bytes and names; who stores and reads them is a [`TileReader`]. Entry bundles of the
//! specification are not used: a stream's lines are its entries.
//!
//! Tiles are not believed: what was read from them counts once a root or proof made of it has been verified.

mod content;
mod edge;
mod growth;
mod name;
mod reader;

pub use self::content::{Tile, TileFormatError};
pub use self::edge::RightEdge;
pub use self::growth::{tiles_created, tiles_of};
pub use self::name::{InvalidTile, TileId};
pub use self::reader::{TileError, TileReader, TiledTree};

/// Levels of the tree in one tile.
const HEIGHT: u8 = 8;
/// Hashes of a full tile: `2^HEIGHT`.
pub const TILE_WIDTH: u16 = 256;
/// Levels of tiles that a tree of [`MAX_TREE_SIZE`](crate::MAX_TREE_SIZE) leaves can have.
const LEVELS: u8 = 8;

/// Number of hashes at a level of tiles in a tree of `size` leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level).saturating_mul(HEIGHT.into())).unwrap_or(0)
}

/// Splits a number of hashes into full tiles and the width of the partial one after them.
fn tiles_in(hashes: u64) -> (u64, u16) {
    let [.., rest] = hashes.to_be_bytes();
    (hashes >> HEIGHT, rest.into())
}
