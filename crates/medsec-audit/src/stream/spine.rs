//! What stays of records whose time is over: tiles, and of each segment a file `spine/N.jsonl` with the record of
//! every epoch and its last commit, as they stood. With these the chain of keys and roots can still be followed from
//! record 0 on.

use std::collections::BTreeMap;
use std::io;

use super::fault::{Fault, FaultKind};
use super::layout::Segment;
use super::replay::{Bound, Replay};
use super::run::Opening;
use super::tiles::Tiles;
use crate::epoch::Epoch;
use crate::line::{CommitLine, Kind, Line, RecordLine};
use crate::tile::TiledTree;
use crate::tree::{Hash, NodeId, NodeSource as _, leaf_hash};
use crate::volume::{Access, Volume, read_whole, replace};

const FOLDER: &str = "spine";
/// Most bytes of a segment that is read whole, and so of its spine. Where every record has an epoch of its own, the
/// spine is half of the segment.
const MAX_LEN: u64 = 1 << 30;

fn name(segment: Segment) -> String {
    format!("{FOLDER}/{:020}.jsonl", segment.first)
}

/// Keeps the spine of a segment. Durable on return.
pub(crate) fn keep(volume: &dyn Volume, segment: Segment) -> io::Result<()> {
    let file = volume.open(&segment.name(), Access::Read)?.ok_or(io::ErrorKind::NotFound)?;
    let len = file.len()?;
    if len > MAX_LEN {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    let read = file.read_at(&mut bytes, 0)?;
    let kept = spine_of(bytes.get(..read).unwrap_or_default());
    replace(volume, &name(segment), &kept)?;
    // The folder may be new.
    volume.sync_folder("")
}

/// Records of epochs, and the last commit of each.
fn spine_of(bytes: &[u8]) -> Vec<u8> {
    let (mut kept, mut commit) = (Vec::new(), &[][..]);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match Line::parse(line.strip_suffix(b"\n").unwrap_or(line)) {
            Ok(Line::Commit(_)) => commit = line,
            Ok(Line::Record(record)) if record.head.kind == Kind::EPOCH => {
                kept.extend_from_slice(std::mem::take(&mut commit));
                kept.extend_from_slice(line);
            }
            _ => {}
        }
    }
    kept.extend_from_slice(commit);
    kept
}

/// Whether anything is kept of records that are gone.
pub(crate) fn is_kept(volume: &dyn Volume) -> io::Result<bool> {
    Ok(volume.list(FOLDER)?.iter().any(|name| Segment::parse(name).is_some()))
}

/// Where the spine has led, and the roots that were asked for on the way.
pub(crate) struct Followed {
    pub(crate) replay: Replay,
    pub(crate) roots: BTreeMap<u64, Hash>,
    /// The segments that are gone.
    pub(crate) bounds: Vec<Bound>,
}

/// Follows epochs and roots of the records before `until`, which are gone.
pub(crate) fn follow(
    volume: &dyn Volume,
    expected: Option<Hash>,
    until: u64,
    sizes: &[u64],
) -> io::Result<Result<Followed, Fault>> {
    let mut names = volume.list(FOLDER)?;
    names.sort();
    let leaves = Tiles(volume).tree()?;
    let (replay, bounds, roots) = (Replay::new(expected), Vec::new(), BTreeMap::new());
    let mut walk = Spine { leaves, replay, bounds, segment: 0, sizes, roots };
    for name in names {
        let path = format!("{FOLDER}/{name}");
        let Some(Segment { first }) = Segment::parse(&name) else { continue };
        if first >= until {
            continue;
        }
        let bytes = read_whole(volume, &path, MAX_LEN)?.ok_or(io::ErrorKind::NotFound)?;
        if let Err(fault) = walk.segment(first, &bytes) {
            return Ok(Err(fault));
        }
    }
    Ok(walk.finish(until))
}

struct Spine<'v> {
    leaves: TiledTree<Tiles<'v>>,
    replay: Replay,
    bounds: Vec<Bound>,
    segment: u64,
    sizes: &'v [u64],
    roots: BTreeMap<u64, Hash>,
}

impl Spine<'_> {
    fn fault(&self, kind: FaultKind) -> Fault {
        Fault { seq: self.replay.size(), segment: self.segment, offset: 0, kind }
    }

    fn segment(&mut self, first: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.segment = first;
        if first != self.replay.size() {
            return Err(self.fault(FaultKind::Retired));
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let parsed = Line::parse(line.strip_suffix(b"\n").unwrap_or(line));
            match parsed.map_err(|error| self.fault(error.into()))? {
                Line::Record(record) => {
                    if self.replay.size() == first {
                        self.bounds.push(self.replay.bound(record.head.position.ts));
                    }
                    self.record(&record)?;
                }
                Line::Commit(commit) => self.commit(&commit)?,
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &RecordLine<'_>) -> Result<(), Fault> {
        let position = record.head.position;
        self.advance(position.seq.get())?;
        let leaf = leaf_hash(record.bytes);
        let kept = self.leaf(position.seq.get())?;
        if leaf != kept || position.prev != self.replay.last_leaf {
            return Err(self.fault(FaultKind::Link));
        }
        let epoch = Epoch::parse(record).map_err(|error| self.fault(error.into()))?;
        self.replay.open(&Opening { epoch, position, leaf }, self.segment, 0)?;
        self.replay.last_time = position.ts;
        self.replay.newest = self.replay.newest.max(position.ts);
        self.push(leaf)
    }

    fn commit(&mut self, commit: &CommitLine) -> Result<(), Fault> {
        self.advance(commit.size.get())?;
        self.replay.commit_retired(commit).map_err(|kind| self.fault(kind))?;
        self.replay.settle(self.segment, 0)
    }

    /// Takes leaves from the tiles.
    fn advance(&mut self, until: u64) -> Result<(), Fault> {
        while self.replay.size() < until {
            let leaf = self.leaf(self.replay.size())?;
            self.push(leaf)?;
        }
        Ok(())
    }

    fn push(&mut self, leaf: Hash) -> Result<(), Fault> {
        self.replay.push_retired(leaf).map_err(|kind| self.fault(kind))?;
        let size = self.replay.size();
        if self.sizes.binary_search(&size).is_ok() {
            self.roots.insert(size, self.replay.tree.root());
        }
        Ok(())
    }

    fn leaf(&mut self, index: u64) -> Result<Hash, Fault> {
        let leaf = self.leaves.node(NodeId::new(0, index));
        leaf.map_err(|_| self.fault(FaultKind::Retired))
    }

    fn finish(mut self, until: u64) -> Result<Followed, Fault> {
        if self.replay.size() != until || !self.replay.is_committed() {
            return Err(self.fault(FaultKind::Retired));
        }
        self.replay.gone = until;
        let Self { replay, roots, bounds, .. } = self;
        Ok(Followed { replay, roots, bounds })
    }
}
