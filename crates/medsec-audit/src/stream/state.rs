//! The file `state`: a cache, so that a writer need not read the whole stream before it goes on.
//!
//! It is never believed about more than speed: whoever verifies a stream does not look at it, and what it says is
//! compared with the commit that stands where it points, and with the record before that. Without it, or if it does
//! not fit, everything is read. One thing it says that no line there shows: the latest time of the records before. A writer
//! believes it, to notice a clock that was set back; whoever reads the stream finds the record of that step.
//!
//! `"medsec/audit-state/v3\0" ‖ segment u64 ‖ offset u64 ‖ epoch u64 ‖ counter u64 ‖ closing u8 ‖ key ‖ next ‖ last
//! leaf ‖ last time u64 ‖ newest time u64 ‖ length of record 0 u16 ‖ record 0 ‖ size u64 ‖ ties ‖ frontier ‖ SHA-256 of all before`. The
//! ties show, by hashes alone, that the stream continues checkpoints that its writer was told of.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::layout::Segment;
use super::replay::{Current, Identity, Replay};
use super::ties::Ties;
use super::walk::Position;
use crate::epoch::{CommitScope, Epoch, EpochPublicKey, EpochReason};
use crate::line::Line;
use crate::time::LogTime;
use crate::tree::{Frontier, Hash, leaf_hash};
use crate::volume::{Access, Volume, read_whole, replace_cache};

const NAME: &str = "state";
const MAGIC: &[u8; 22] = b"medsec/audit-state/v3\0";
const DIGEST: usize = 32;
/// Longest commit line with its LF.
const COMMIT: u64 = 231;
/// Longest record with its LF.
const RECORD: u64 = 65_536;
/// Record 0 has the genesis: far below the length of a line.
const MAX_LEN: u64 = 128 * 1024;

/// Remembers a place behind a settled commit.
pub(crate) fn save(
    volume: &dyn Volume,
    replay: &Replay,
    at: Position,
    ties: &Ties,
) -> io::Result<()> {
    let Some(bytes) = encode(replay, at, ties) else { return Ok(()) };
    replace_cache(volume, NAME, &bytes)
}

/// Forgets it: the next writer reads everything, and makes everything durable, whatever this one leaves behind.
pub(crate) fn forget(volume: &dyn Volume) -> io::Result<()> {
    match volume.remove(NAME) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The place that was remembered, if it fits what is there.
pub(crate) fn load(
    volume: &dyn Volume,
    expected: Option<Hash>,
) -> Option<(Replay, Position, Ties)> {
    let bytes = read_whole(volume, NAME, MAX_LEN).ok()??;
    let (replay, at, ties) = decode_with_ties(&bytes, expected)?;
    let (replay, at) = confirm(volume, replay, at).ok()??;
    Some((replay, at, ties))
}

fn encode(replay: &Replay, at: Position, ties: &Ties) -> Option<Vec<u8>> {
    let (epoch, genesis) = (replay.epoch.as_ref()?, &replay.identity.as_ref()?.line);
    let len = u16::try_from(genesis.len()).unwrap_or(0).to_be_bytes();
    let numbers = [at.segment, at.offset, epoch.number, epoch.counter].map(u64::to_be_bytes);
    let mut bytes = [
        MAGIC.as_slice(),
        numbers.as_flattened(),
        &[u8::from(epoch.closing)],
        epoch.key.as_bytes(),
        epoch.next.as_bytes(),
        replay.last_leaf.as_bytes(),
        &replay.last_time.unix_millis().to_be_bytes(),
        &replay.newest.unix_millis().to_be_bytes(),
        &len,
        genesis,
        &replay.size().to_be_bytes(),
        &ties.to_bytes(replay.size()),
        &replay.tree.to_bytes(),
    ]
    .concat();
    bytes.extend_from_slice(&Sha256::digest(&bytes));
    Some(bytes)
}

/// The place and the tree in front of it; nothing of what [`encode`] has not written.
#[cfg(any(test, fuzzing))]
pub(crate) fn decode(bytes: &[u8], expected: Option<Hash>) -> Option<(Replay, Position)> {
    decode_with_ties(bytes, expected).map(|(replay, at, _)| (replay, at))
}

fn decode_with_ties(bytes: &[u8], expected: Option<Hash>) -> Option<(Replay, Position, Ties)> {
    let (content, digest) = bytes.split_last_chunk::<DIGEST>()?;
    if Sha256::digest(content).as_slice() != digest {
        return None;
    }
    let mut rest = Rest(content.strip_prefix(MAGIC)?);
    let [segment, offset, number, counter] =
        [rest.number()?, rest.number()?, rest.number()?, rest.number()?];
    let closing = rest.take::<1>()? == [1];
    let [key, next, last_leaf] = [rest.take()?, rest.take()?, rest.take()?];
    let last_time = LogTime::from_unix_millis(rest.number()?).ok()?;
    let newest =
        LogTime::from_unix_millis(rest.number()?).ok().filter(|newest| *newest >= last_time)?;
    let len = usize::from(u16::from_be_bytes(rest.take()?));
    let (genesis, behind) = rest.0.split_at_checked(len)?;
    let mut rest = Rest(behind);
    let size = rest.number()?;
    let (ties, frontier) = Ties::take_from(rest.0, size)?;
    let mut replay = Replay::new(expected);
    replay.from_start = false;
    replay.identity = Some(Arc::new(identity(genesis, expected)?));
    replay.tree = Frontier::from_bytes(frontier).ok().filter(|tree| tree.size() == size)?;
    (replay.last_leaf, replay.last_time) = (Hash::from_bytes(last_leaf), last_time);
    replay.newest = newest;
    let (key, next) =
        (EpochPublicKey::from_bytes(&key).ok()?, EpochPublicKey::from_bytes(&next).ok()?);
    replay.epoch = Some(Current { number, key, next, counter, closing });
    Some((replay, Position { segment, offset }, ties))
}

fn identity(line: &[u8], expected: Option<Hash>) -> Option<Identity> {
    let leaf = leaf_hash(line);
    let Ok(Line::Record(record)) = Line::parse(line) else { return None };
    let Epoch { reason: EpochReason::Genesis(genesis), .. } = Epoch::parse(&record).ok()? else {
        return None;
    };
    let scope = CommitScope::new(&genesis.origin(), &genesis.id);
    let fits = expected.is_none_or(|expected| expected == leaf);
    fits.then_some(Identity { genesis: *genesis, scope, leaf, line: line.to_vec() })
}

/// Reads the commit in front of the place, which must be of the tree and the key that were remembered, and the
/// record that the next one will be linked to.
fn confirm(
    volume: &dyn Volume,
    mut replay: Replay,
    at: Position,
) -> io::Result<Option<(Replay, Position)>> {
    let Some(file) = volume.open(&Segment { first: at.segment }.name(), Access::Read)? else {
        return Ok(None);
    };
    let start = at.offset.saturating_sub(COMMIT.saturating_add(RECORD));
    let mut bytes = vec![0; usize::try_from(at.offset.saturating_sub(start)).unwrap_or(0)];
    let read = file.read_at(&mut bytes, start)?;
    // A file that has become shorter has something else in front of its end.
    let lines =
        (read == bytes.len()).then_some(&*bytes).and_then(|bytes| bytes.strip_suffix(b"\n"));
    let mut lines = lines.unwrap_or_default().rsplit(|byte| *byte == b'\n');
    let (commit, record) = (lines.next().map(Line::parse), lines.next());
    let Some(Ok(Line::Commit(commit))) = commit else { return Ok(None) };
    let linked = record.is_some_and(|record| leaf_hash(record) == replay.last_leaf);
    Ok((linked && replay.resume(&commit)).then_some((replay, at)))
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }
}
