//! Which tile: level, index and width, and the path of that.

use std::fmt;
use std::str::FromStr;

use super::{HEIGHT, TILE_WIDTH};
use crate::tree::{MAX_TREE_SIZE, NodeId};

/// Path elements of the largest index that a tree can have, and one more.
const MAX_ELEMENTS: usize = 7;

/// Names a tile. As text, its path: `tile/0/x001/x234/067`, a partial one `tile/0/x001/x234/067.p/112`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
    // INVARIANT: 1 to 256, and the last hash lies in a tree of at most MAX_TREE_SIZE leaves.
    width: u16,
}

/// No tree has such a tile, or the text is not its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name of a tile")]
pub struct InvalidTile;

impl TileId {
    /// Names the tile with the first `width` of its hashes; 256 is the full tile.
    ///
    /// # Errors
    /// [`InvalidTile`] if `width` is not 1 to 256, or no tree is large enough.
    pub fn new(level: u8, index: u64, width: u16) -> Result<Self, InvalidTile> {
        let tile = Self { level, index, width };
        let last = tile.node(width.checked_sub(1).ok_or(InvalidTile)?).ok_or(InvalidTile)?;
        let fits = last.end().is_some_and(|end| end <= MAX_TREE_SIZE);
        (fits && width <= TILE_WIDTH).then_some(tile).ok_or(InvalidTile)
    }

    /// Level of tiles: 0 holds leaf hashes, each hash of 1 is the root of a full tile of 0.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// Number of the tile among those of its level.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes it has: 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The tile with all its hashes.
    ///
    /// # Errors
    /// [`InvalidTile`] if no tree is large enough to fill it.
    pub fn filled(&self) -> Result<Self, InvalidTile> {
        Self::new(self.level, self.index, TILE_WIDTH)
    }

    /// Which subtree a hash of the tile is.
    pub(super) fn node(&self, number: u16) -> Option<NodeId> {
        let first = self.index.checked_mul(TILE_WIDTH.into())?;
        let level = self.level.checked_mul(HEIGHT)?;
        Some(NodeId::new(level, first.checked_add(number.into())?))
    }
}

impl fmt::Display for TileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        let len = self.index.checked_ilog10().unwrap_or(0).saturating_add(1);
        let width = usize::try_from(len.next_multiple_of(3)).unwrap_or(3);
        let padded = format!("{:0width$}", self.index);
        let last = padded.len().saturating_sub(3);
        for (at, digit) in padded.chars().enumerate() {
            match at % 3 {
                0 if at < last => write!(f, "x{digit}")?,
                2 if at < last => write!(f, "{digit}/")?,
                _ => write!(f, "{digit}")?,
            }
        }
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TileId {
    type Err = InvalidTile;

    fn from_str(path: &str) -> Result<Self, InvalidTile> {
        let (level, rest) =
            path.strip_prefix("tile/").and_then(|p| p.split_once('/')).ok_or(InvalidTile)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, number(width)?),
            None => (rest, TILE_WIDTH.into()),
        };
        let width = u16::try_from(width).map_err(|_| InvalidTile)?;
        let level = u8::try_from(number(level)?).map_err(|_| InvalidTile)?;
        let tile = Self::new(level, parse_index(index)?, width)?;
        // One tile, one path: no leading zeros, no `.p/256`.
        (tile.to_string() == path).then_some(tile).ok_or(InvalidTile)
    }
}

fn parse_index(path: &str) -> Result<u64, InvalidTile> {
    let mut index = 0_u64;
    for element in path.splitn(MAX_ELEMENTS, '/') {
        let digits = number(element.strip_prefix('x').unwrap_or(element))?;
        let longer = index.checked_mul(1000).and_then(|index| index.checked_add(digits));
        index = longer.ok_or(InvalidTile)?;
    }
    Ok(index)
}

/// One to three digits.
fn number(text: &str) -> Result<u64, InvalidTile> {
    let digits = (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or(InvalidTile)
}
