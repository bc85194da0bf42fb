//! The tiles of a stream: a cache of its tree, from which proofs are made.
//!
//! They are made from the lines, up to the size of a checkpoint, before that is signed. They can be made again as
//! long as the lines are kept.

use std::cmp::Ordering;
use std::io;

use super::cursor::Cursor;
use super::hwm::{HighWater, Mark};
use crate::checkpoint::Checkpoint;
use crate::line::{CommitLine, Line};
use crate::note::{MAX_NOTE_LEN, Note};
use crate::tile::{RightEdge, TileError, TileId, TileReader, TiledTree};
use crate::tree::{Frontier, Hash, leaf_hash, root_of};
use crate::volume::{Access, Volume, VolumeFile, read_whole, replace_cache};

/// The newest checkpoint's file in the folder of a stream.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Bytes of a full tile.
const MAX_TILE: usize = 8192;

/// The tiles as files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiles<'v>(pub(crate) &'v dyn Volume);

/// Why tiles are not as they should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// A tile is missing or damaged.
    #[error(transparent)]
    Tile(#[from] TileError<io::Error>),
    /// The tree that the lines make is not the one that was committed, or goes on differently than its tiles.
    #[error("lines, tiles and commit are not of the same tree")]
    OtherTree,
    /// The stream has no mark, or that is damaged: what may be published is not known.
    #[error("the mark of what was acknowledged is missing or damaged")]
    NoMark,
    /// Reading or writing failed.
    #[error("the tiles could not be read or written")]
    Io(#[from] io::Error),
}

impl TileReader for Tiles<'_> {
    type Error = io::Error;

    fn read(&mut self, tile: &TileId) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.0.open(&tile.to_string(), Access::Read)? else { return Ok(None) };
        let mut bytes = vec![0; MAX_TILE.saturating_add(1)];
        let read = file.read_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(Some(bytes))
    }
}

impl Tiles<'_> {
    /// The root of the first `size` leaves.
    pub(crate) fn root(&self, size: u64) -> Result<Hash, TilesError> {
        Ok(root_of(&mut TiledTree::new(*self, size), size)?)
    }

    /// The tree that the tiles were last made for: that of the checkpoint beside them, which is not verified. If it is
    /// none, tiles will be missing.
    pub(crate) fn tree(self) -> io::Result<TiledTree<Self>> {
        let max = u64::try_from(MAX_NOTE_LEN).unwrap_or(u64::MAX);
        let bytes = read_whole(self.0, CHECKPOINT, max)?.unwrap_or_default();
        let checkpoint =
            Note::parse(&bytes).ok().map(|note| Checkpoint::insecure_of_unverified(&note));
        let size = checkpoint.and_then(Result::ok).map_or(0, |checkpoint| checkpoint.size());
        Ok(TiledTree::new(self, size))
    }

    /// The root of the first `size` leaves of that tree.
    pub(crate) fn root_within(self, size: u64) -> Result<Hash, TilesError> {
        Ok(root_of(&mut self.tree()?, size)?)
    }

    /// The root that the tree of the tiles has when the records behind it are added, up to a size.
    pub(crate) fn grown_to(self, size: u64) -> Result<Hash, TilesError> {
        let mut tiles = self.tree()?;
        let from = tiles.size();
        let mut tree = Frontier::load(&mut tiles, from)?;
        let mut cursor = Cursor::near(self.0, from)?.up_to(size);
        while tree.size() < size {
            let lines = cursor.next(self.0)?.ok_or(TilesError::OtherTree)?;
            each_leaf(&lines, size, |seq, leaf| match seq.cmp(&tree.size()) {
                Ordering::Less => Ok(()),
                Ordering::Equal => tree.push(leaf).map(drop).map_err(|_| TilesError::OtherTree),
                Ordering::Greater => Err(TilesError::OtherTree),
            })?;
        }
        Ok(tree.root())
    }

    /// The last commit that was acknowledged: what may be shown to others.
    pub(crate) fn acknowledged(&self) -> Result<CommitLine, TilesError> {
        match HighWater::read(self.0)? {
            Mark::Commit(commit) => Ok(commit),
            Mark::Missing | Mark::Unreadable => Err(TilesError::NoMark),
        }
    }

    fn store(
        &self,
        tiles: impl IntoIterator<Item = (TileId, Vec<u8>)>,
        made: &mut Made,
    ) -> io::Result<()> {
        for (tile, bytes) in tiles {
            let name = tile.to_string();
            match self.same(&name, &bytes)? {
                // The system may take for written what a failed sync has lost: these are the same bytes once more.
                Some(file) => file.write_at(&bytes, 0)?,
                None => replace_cache(self.0, &name, &bytes)?,
            }
            made.push(name);
        }
        Ok(())
    }

    /// The file of this name, if it has these bytes. A partial tile above level 0 is that of the smaller tree too: were
    /// another file put in its place and not durable yet, a power cut would take it from both.
    fn same(&self, name: &str, bytes: &[u8]) -> io::Result<Option<Box<dyn VolumeFile>>> {
        let Some(file) = self.0.open(name, Access::Write)? else { return Ok(None) };
        let mut found = vec![0; bytes.len().saturating_add(1)];
        let read = file.read_at(&mut found, 0)?;
        Ok((found.get(..read) == Some(bytes)).then_some(file))
    }

    /// Makes tiles durable: one by one if there are few, else all that the file system has.
    fn sync(&self, made: &Made) -> io::Result<()> {
        if made.many {
            return self.0.sync_everything();
        }
        for name in &made.names {
            let file = self.0.open(name, Access::Write)?.ok_or(io::ErrorKind::NotFound)?;
            file.sync()?;
            self.sync_folders(name)?;
        }
        Ok(())
    }

    /// The folders above a tile: each may be new.
    fn sync_folders(&self, name: &str) -> io::Result<()> {
        let mut folder = name;
        while let Some((above, _)) = folder.rsplit_once('/') {
            self.0.sync_folder(above)?;
            folder = above;
        }
        self.0.sync_folder("")
    }
}

/// Tiles that were written and are not durable yet.
#[derive(Debug, Default)]
struct Made {
    names: Vec<String>,
    /// Too many to be named.
    many: bool,
}

impl Made {
    /// Beyond this, one sync of everything costs less.
    const MAX: usize = 64;

    fn push(&mut self, name: String) {
        self.many |= self.names.len() >= Self::MAX;
        if !self.many {
            self.names.push(name);
        }
    }
}

/// Tiles that are made while lines are gone through.
#[derive(Debug)]
pub(crate) struct Growing<'v> {
    tiles: Tiles<'v>,
    edge: RightEdge,
    until: u64,
    made: Made,
    failed: Option<TilesError>,
}

impl<'v> Growing<'v> {
    /// What a tree of `from` leaves, whose tiles are there, lacks to be one of `until`.
    pub(crate) fn load(volume: &'v dyn Volume, from: u64, until: u64) -> Result<Self, TilesError> {
        let tiles = Tiles(volume);
        let edge = RightEdge::load(tiles, from)?;
        Ok(Self { tiles, edge, until, made: Made::default(), failed: None })
    }

    /// Takes leaves from this one on. Those that are there already, or behind the end, are left out.
    pub(crate) fn take(&mut self, first: u64, leaves: &[Hash]) {
        if self.failed.is_none() {
            self.failed = self.try_take(first, leaves).err();
        }
    }

    fn try_take(&mut self, first: u64, leaves: &[Hash]) -> Result<(), TilesError> {
        for (seq, leaf) in (first..self.until).zip(leaves) {
            match seq.cmp(&self.edge.size()) {
                Ordering::Less => {}
                Ordering::Equal => {
                    self.edge.push(*leaf).map_err(|_| TilesError::OtherTree)?;
                }
                Ordering::Greater => return Err(TilesError::OtherTree),
            }
        }
        Ok(self.tiles.store(self.edge.take_full(), &mut self.made)?)
    }

    /// Makes the tiles durable, if they are those of a commit.
    ///
    /// # Errors
    /// [`TilesError`]; the tiles that were there are as they were, and those of the larger tree are not to be used.
    pub(crate) fn finish(mut self, commit: &CommitLine) -> Result<(), TilesError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.tiles.store(self.edge.partial(), &mut self.made)?;
        self.tiles.sync(&self.made)?;
        let same = self.tiles.root(commit.size.get())? == commit.root;
        same.then_some(()).ok_or(TilesError::OtherTree)
    }
}

/// Hands over number and leaf hash of the records before a size.
pub(super) fn each_leaf(
    lines: &[u8],
    size: u64,
    mut take: impl FnMut(u64, Hash) -> Result<(), TilesError>,
) -> Result<(), TilesError> {
    for line in lines.split(|byte| *byte == b'\n') {
        let Ok(Line::Record(record)) = Line::parse(line) else { continue };
        let seq = record.head.position.seq.get();
        if seq < size {
            take(seq, leaf_hash(record.bytes))?;
        }
    }
    Ok(())
}
