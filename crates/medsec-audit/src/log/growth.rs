//! Makes the tiles of what is behind the last checkpoint, if it is what the epoch keys have signed; and those before it
//! anew, where they are gone or wrong.

use std::cell::RefCell;

use super::{AuditLog, PublishError};
use crate::checkpoint::Checkpoint;
use crate::epoch::{EpochPublicKey, Genesis, Retention, StreamName};
use crate::line::CommitLine;
use crate::stream::{Growing, How, Position, Replay, Tiles, TilesError, Walk, segments};
use crate::tile::TiledTree;
use crate::tree::{Frontier, Hash, NodeId, NodeSource as _, root_of};
use crate::verify::Known;
use crate::volume::Volume;

/// What a new checkpoint is to be of: the last one and the commit that it ends with.
#[derive(Clone, Copy)]
pub(super) struct Growth<'g> {
    pub(super) stream: &'g StreamName,
    pub(super) last: Option<&'g Checkpoint>,
    pub(super) commit: &'g CommitLine,
}

impl Growth<'_> {
    fn published(&self) -> u64 {
        self.last.map_or(0, Checkpoint::size)
    }
}

impl AuditLog {
    /// Makes the tiles of a commit's tree durable, if it continues the last checkpoint and what is known elsewhere.
    ///
    /// Tiles are a cache. Where those of the last checkpoint do not show it, they are made anew from the lines, if all
    /// of these are there and make the root that was signed.
    ///
    /// # Errors
    /// [`PublishError`], as the tiles and the new lines show it. Tiles are not changed unless the lines confirm the last
    /// checkpoint; those of more records than that are not to be used.
    pub(super) fn extend(
        &self,
        volume: &dyn Volume,
        growth: Growth<'_>,
        known: &[Known],
    ) -> Result<(), PublishError> {
        use PublishError::{Fault, Fork, Tiles};
        let extended = self.extend_from(volume, growth, growth.published(), known);
        let doubtful = matches!(extended, Err(Tiles(_) | Fault(_) | Fork { .. }));
        if doubtful && self.is_confirmed(volume, growth)? {
            return self.extend_from(volume, growth, 0, known);
        }
        extended
    }

    fn extend_from(
        &self,
        volume: &dyn Volume,
        growth: Growth<'_>,
        from: u64,
        known: &[Known],
    ) -> Result<(), PublishError> {
        let size = growth.commit.size.get();
        if let Some(last) = growth.last.filter(|last| last.size() == from)
            && Tiles(volume).root(from)? != *last.root()
        {
            return Err(TilesError::OtherTree.into());
        }
        if from < size {
            self.grow(volume, growth, from)?;
        }
        check_known(volume, size, known)
    }

    /// Whether all lines are there, and those before the last checkpoint make its root.
    fn is_confirmed(&self, volume: &dyn Volume, growth: Growth<'_>) -> Result<bool, PublishError> {
        let Some(last) = growth.last else { return Ok(false) };
        let walk = Walk::new(volume)?;
        if walk.first() > 0 {
            return Ok(false);
        }
        let how = How { sizes: &[last.size()], ..How::QUIET };
        let ending = walk.check_all(Some(self.genesis(growth.stream)?), &how)?;
        Ok(ending.roots.get(&last.size()) == Some(last.root()))
    }

    /// Verifies what is behind the first `from` records, which are those of the last checkpoint or none, from the
    /// beginning of the segment that has their end: the log key must not sign what the epoch keys have not. From the
    /// same reading of the lines come the tiles, which are durable on return.
    ///
    /// # Errors
    /// [`PublishError`]; the tiles of the last checkpoint are as they were, and those of more records are not to be
    /// used.
    pub(super) fn grow(
        &self,
        volume: &dyn Volume,
        growth: Growth<'_>,
        from: u64,
    ) -> Result<(), PublishError> {
        let Growth { stream, last, commit } = growth;
        let published = growth.published();
        let sizes = [published, commit.size.get()];
        let growing = RefCell::new(Growing::load(volume, from, commit.size.get())?);
        let leaves = |first, leaves: &[Hash]| growing.borrow_mut().take(first, leaves);
        let how = How { sizes: &sizes, leaves: Some(&leaves), ..How::QUIET };
        let walk = Walk::new(volume)?;
        let before = segments(volume)?.into_iter().rfind(|segment| segment.first < from);
        let ending = match before.map_or(0, |segment| segment.first) {
            0 => walk.check_all(Some(self.genesis(stream)?), &how)?,
            first => {
                let replay = self.vouched(volume, stream, first)?;
                walk.check(replay, Position { segment: first, ..Position::START }, &how)?
            }
        };
        let root = |size| ending.roots.get(&size);
        let same = root(commit.size.get()) == Some(&commit.root)
            && last.is_none_or(|last| root(published) == Some(last.root()));
        let settled = ending.replay.settled();
        let reached = settled.is_some_and(|settled| settled.commit.size >= commit.size);
        match ending.fault {
            _ if same && reached => Ok(growing.into_inner().finish(commit)?),
            Some(fault) => Err(PublishError::Fault(fault)),
            None => Err(TilesError::OtherTree.into()),
        }
    }

    /// What the tiles of the last checkpoint say about the beginning of a segment.
    fn vouched(
        &self,
        volume: &dyn Volume,
        stream: &StreamName,
        first: u64,
    ) -> Result<Replay, PublishError> {
        let key = self.pin.key().as_bytes();
        let log_key = EpochPublicKey::from_bytes(key).map_err(|_| PublishError::OtherLogKey)?;
        let genesis = Genesis {
            log: self.root.log().clone(),
            stream: stream.clone(),
            id: *self.root.id(),
            log_key,
            // Not asked for here.
            retention: Retention::SIX_YEARS,
        };
        let mut tiles = Tiles(volume).tree()?;
        let tree = Frontier::load(&mut tiles, first).map_err(TilesError::from)?;
        let mut leaf = |index| tiles.node(NodeId::new(0, index)).map_err(TilesError::from);
        let leaves = [leaf(first.saturating_sub(1))?, leaf(first)?];
        Ok(Replay::vouched(genesis, tree, leaves))
    }
}

/// Whether a tree of `found` records, whose tiles are there, continues what is known.
fn check_known(volume: &dyn Volume, found: u64, known: &[Known]) -> Result<(), PublishError> {
    let mut tree = TiledTree::new(Tiles(volume), found);
    for known in known.iter().filter(|known| known.size() > 0) {
        let (size, root) = (known.size(), known.root());
        if size > found {
            return Err(PublishError::Behind { published: size, found });
        }
        if root_of(&mut tree, size).map_err(TilesError::Tile)? != *root {
            return Err(PublishError::Fork { known: size });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
