//! Which tiles a tree has, and which a growth brings.

use super::{LEVELS, TILE_WIDTH, TileId, hashes_at, tiles_in};

/// All tiles of a tree of `size` leaves: the full ones and the partial ones of its right edge, level by level.
pub fn tiles_of(size: u64) -> impl Iterator<Item = TileId> {
    tiles_created(0, size)
}

/// The tiles to write when a tree grows from `old` to `new` leaves: those that became full, and the partial ones
/// of the new right edge that changed. None if it does not grow.
pub fn tiles_created(old: u64, new: u64) -> impl Iterator<Item = TileId> {
    (0..LEVELS).flat_map(move |level| {
        let [before, after] = [old, new].map(|size| hashes_at(level, size));
        let ((before_full, _), (after_full, rest)) = (tiles_in(before), tiles_in(after));
        let grown = before < after;
        let full = (before_full..after_full).map(|index| (index, TILE_WIDTH));
        let partial = Some((after_full, rest)).filter(|_| rest > 0);
        let tiles = full.chain(partial).take_while(move |_| grown);
        tiles.filter_map(move |(index, width)| TileId::new(level, index, width).ok())
    })
}
