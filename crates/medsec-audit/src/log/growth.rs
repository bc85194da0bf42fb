//! Whether what is behind the last checkpoint is what the epoch keys have signed.

use super::{AuditLog, PublishError};
use crate::checkpoint::Checkpoint;
use crate::epoch::{EpochPublicKey, Genesis, Retention, StreamName};
use crate::line::CommitLine;
use crate::stream::{How, Position, Replay, Tiles, TilesError, Walk, segments};
use crate::tree::{Frontier, NodeId, NodeSource as _};
use crate::volume::Folder;

impl AuditLog {
    /// Verifies what is behind the last checkpoint, from the beginning of the segment that has its end: the log key
    /// must not sign what the epoch keys have not.
    pub(super) fn check_growth(
        &self,
        folder: &Folder,
        stream: &StreamName,
        last: Option<&Checkpoint>,
        commit: &CommitLine,
    ) -> Result<(), PublishError> {
        let published = last.map_or(0, Checkpoint::size);
        let sizes = [published, commit.size.get()];
        let how = How { sizes: &sizes, ..How::QUIET };
        let walk = Walk::new(folder)?;
        let before = segments(folder)?.into_iter().rfind(|segment| segment.first < published);
        let ending = match before.map_or(0, |segment| segment.first) {
            0 => walk.check_all(Some(self.genesis(stream)?), &how)?,
            first => {
                let replay = self.vouched(folder, stream, first)?;
                walk.check(replay, Position { segment: first, offset: 0 }, &how)?
            }
        };
        let root = |size| ending.roots.get(&size);
        let same = root(commit.size.get()) == Some(&commit.root)
            && last.is_none_or(|last| root(published) == Some(last.root()));
        let settled = ending.replay.settled();
        let reached = settled.is_some_and(|settled| settled.commit.size >= commit.size);
        match ending.fault {
            _ if same && reached => Ok(()),
            Some(fault) => Err(PublishError::Fault(fault)),
            None => Err(TilesError::OtherTree.into()),
        }
    }

    /// What the tiles of the last checkpoint say about the beginning of a segment.
    fn vouched(
        &self,
        folder: &Folder,
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
        let mut tiles = Tiles(folder).tree()?;
        let tree = Frontier::load(&mut tiles, first).map_err(TilesError::from)?;
        let mut leaf = |index| tiles.node(NodeId::new(0, index)).map_err(TilesError::from);
        let leaves = [leaf(first.saturating_sub(1))?, leaf(first)?];
        Ok(Replay::vouched(genesis, tree, leaves))
    }
}
