//! Proofs from the tiles of a stream, as of its newest checkpoint.

use std::io;

use super::{AuditLog, PublishError, Published};
use crate::checkpoint::Checkpoint;
use crate::epoch::StreamName;
use crate::proof::RecordProof;
use crate::stream::Tiles;
use crate::tile::{TileId, TileReader, TiledTree};
use crate::tree::{ConsistencyProof, InclusionProof};
use crate::volume::Folder;

/// Proves records of one stream. Its newest checkpoint is read and verified once, and tiles that neighbours share are
/// read once: for many records in a row.
#[derive(Debug)]
pub struct StreamProver {
    published: Published,
    tree: TiledTree<FolderTiles>,
}

#[derive(Debug)]
struct FolderTiles(Folder);

impl TileReader for FolderTiles {
    type Error = io::Error;

    fn read(&mut self, tile: &TileId) -> io::Result<Option<Vec<u8>>> {
        Tiles(&self.0).read(tile)
    }
}

impl StreamProver {
    /// The checkpoint that all proofs lead to.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.published.checkpoint
    }

    /// The hashes that lead from a record to the root of the checkpoint.
    ///
    /// # Errors
    /// [`PublishError::NotYet`] if the record came after the checkpoint.
    pub fn inclusion(&mut self, seq: u64) -> Result<InclusionProof, PublishError> {
        let size = self.checkpoint().size();
        if seq >= size {
            return Err(PublishError::NotYet);
        }
        Ok(InclusionProof::prove(&mut self.tree, seq, size)?)
    }

    /// The proof of a record, with the checkpoint.
    ///
    /// # Errors
    /// As of [`Self::inclusion`].
    pub fn prove(&mut self, seq: u64) -> Result<RecordProof, PublishError> {
        Ok(RecordProof::new(self.inclusion(seq)?, self.published.note.clone()))
    }
}

impl AuditLog {
    /// Proves records of a stream as of its newest checkpoint.
    ///
    /// # Errors
    /// [`PublishError::NotYet`] if there is none.
    pub fn prover(&self, stream: &StreamName) -> Result<StreamProver, PublishError> {
        let folder = Folder::new(&self.stream_folder(stream));
        let published = self.read_checkpoint(&folder, stream)?.ok_or(PublishError::NotYet)?;
        let tree = TiledTree::new(FolderTiles(folder), published.checkpoint.size());
        Ok(StreamProver { published, tree })
    }

    /// The proof that a record is in the stream, as of its newest checkpoint.
    ///
    /// # Errors
    /// [`PublishError::NotYet`] if the record came after it.
    pub fn prove(&self, stream: &StreamName, seq: u64) -> Result<RecordProof, PublishError> {
        self.prover(stream)?.prove(seq)
    }

    /// The proof that the newest checkpoint continues an older one of `size` records.
    ///
    /// # Errors
    /// [`PublishError::Prove`] if it is not older.
    pub fn prove_consistency(
        &self,
        stream: &StreamName,
        size: u64,
    ) -> Result<ConsistencyProof, PublishError> {
        let mut prover = self.prover(stream)?;
        let found = prover.checkpoint().size();
        Ok(ConsistencyProof::prove(&mut prover.tree, size, found)?)
    }

    /// The proof that a tree of `new` records continues one of `old` records, both of them known from elsewhere.
    ///
    /// # Errors
    /// [`PublishError::Behind`] if the newest checkpoint is of fewer records than that;
    /// [`PublishError::Prove`] if `old` is the larger.
    pub fn prove_growth(
        &self,
        stream: &StreamName,
        old: u64,
        new: u64,
    ) -> Result<ConsistencyProof, PublishError> {
        let mut prover = self.prover(stream)?;
        let found = prover.checkpoint().size();
        if new > found {
            return Err(PublishError::Behind { published: new, found });
        }
        Ok(ConsistencyProof::prove(&mut prover.tree, old, new)?)
    }
}
