//! Checkpoints that are known from elsewhere, and whether a stream continues them.

use std::io;

use super::Finding;
use crate::checkpoint::{Checkpoint, LogOrigin};
use crate::stream::{Ending, How, OpenWriterError, Replay, Tiles, Walk};
use crate::tree::Hash;
use crate::volume::Volume;

/// Size and root of a stream at some time, known from elsewhere: an anchor, a copy, an earlier check. Whoever makes
/// one of a checkpoint vouches that its signature was verified. It is of one stream, and says nothing about another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    origin: LogOrigin,
    size: u64,
    root: Hash,
}

impl Known {
    /// Size and root of the stream of an origin.
    #[must_use]
    pub const fn new(origin: LogOrigin, size: u64, root: Hash) -> Self {
        Self { origin, size, root }
    }

    /// Which stream.
    #[must_use]
    pub const fn origin(&self) -> &LogOrigin {
        &self.origin
    }

    /// Number of records.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root of their tree.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }
}

impl From<&Checkpoint> for Known {
    fn from(checkpoint: &Checkpoint) -> Self {
        Self::new(checkpoint.origin().clone(), checkpoint.size(), *checkpoint.root())
    }
}

/// Of which stream checkpoints are.
pub(crate) trait Among {
    /// Whether all are of this one.
    fn all_of(&self, origin: &LogOrigin) -> bool;
}

impl Among for [Known] {
    fn all_of(&self, origin: &LogOrigin) -> bool {
        self.iter().all(|known| known.origin == *origin)
    }
}

/// What speaks against the stream.
pub(super) fn findings(ending: &Ending, known: &[Known]) -> Vec<Finding> {
    let found = ending.replay.settled().map_or(0, |settled| settled.commit.size.get());
    let judge = |known: &Known| {
        if known.size > found {
            return Some(Finding::Truncated { known: known.size, found });
        }
        let same = known.size == 0 || ending.roots.get(&known.size) == Some(&known.root);
        (!same).then_some(Finding::Fork { known: known.size })
    };
    known.iter().filter_map(judge).collect()
}

/// Why a stream is not to be gone on with.
#[derive(Debug)]
pub(crate) enum Contradiction {
    Behind { known: u64, found: u64 },
    Fork { known: u64 },
    Io(io::Error),
}

impl From<Contradiction> for OpenWriterError {
    fn from(contradiction: Contradiction) -> Self {
        match contradiction {
            Contradiction::Behind { known, found } => Self::Anchored { known, found },
            Contradiction::Fork { known } => Self::Fork { known },
            Contradiction::Io(error) => Self::Io(error),
        }
    }
}

/// Whether a stream, good up to where `replay` is, continues what is known.
pub(crate) fn check_known(
    volume: &dyn Volume,
    replay: &Replay,
    known: &[Known],
) -> Result<(), Contradiction> {
    let found = replay.size();
    if let Some(larger) = known.iter().find(|known| known.size > found) {
        return Err(Contradiction::Behind { known: larger.size, found });
    }
    // Tiles that lead to the same tree as the lines say quickly that all is as it was. If they do not, the lines
    // alone decide.
    let tiles = Tiles(volume);
    let tied = tiles.grown_to(found).is_ok_and(|root| root == replay.root());
    let settled =
        |known: &Known| tied && tiles.root_within(known.size).is_ok_and(|root| root == known.root);
    let newest = |known: &Known| known.size == found && known.root == replay.root();
    let open = known.iter().filter(|known| known.size > 0 && !newest(known) && !settled(known));
    let mut sizes: Vec<_> = open.map(Known::size).collect();
    sizes.sort_unstable();
    if sizes.is_empty() {
        return Ok(());
    }
    let walk = Walk::new(volume).map_err(Contradiction::Io)?;
    let how = How { sizes: &sizes, ..How::QUIET };
    let ending = walk.check_all(replay.genesis_leaf(), &how).map_err(Contradiction::Io)?;
    let other = |known: &&Known| {
        sizes.contains(&known.size) && ending.roots.get(&known.size) != Some(&known.root)
    };
    match known.iter().find(other) {
        Some(other) => Err(Contradiction::Fork { known: other.size }),
        None => Ok(()),
    }
}
