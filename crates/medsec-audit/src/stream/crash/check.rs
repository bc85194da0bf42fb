//! What must hold of a stream after a crash.

use std::collections::HashSet;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::disk::{Disk, Op};
use super::follower::{Follower, records};
use super::scene::Scene;
use crate::epoch::{Epoch, EpochReason, Loss};
use crate::line::Line;
use crate::stream::{Growing, Tiles};
use crate::text::Hex;
use crate::tree::{Hash, leaf_hash};
use crate::verify::{Finding, StreamReport, Verdict};

/// What is known of a stream at some place of its history.
#[derive(Clone, Debug, Default)]
pub(super) struct Truth {
    acknowledged: Vec<(u64, Hash)>,
    // All that any writer has ever tried to write.
    written: Rc<HashSet<Vec<u8>>>,
    follower: Follower,
}

impl Truth {
    /// Takes an operation that was just done to a disk.
    pub(super) fn take(&mut self, op: &Op, disk: &Disk) {
        match op {
            Op::Acknowledged { seq, leaf } => self.acknowledged.push((*seq, *leaf)),
            Op::Write { bytes, .. } => {
                let lines = bytes.split(|byte| *byte == b'\n');
                let records = lines.filter(|line| line.starts_with(b"{\"v\":1,"));
                let written = Rc::make_mut(&mut self.written);
                written.extend(records.map(<[u8]>::to_vec));
            }
            Op::PowerCut(_) => self.follower.stop(),
            _ => {}
        }
        self.follower.look(disk);
    }

    pub(super) fn take_all(&mut self, mut disk: Disk, history: &[Op]) {
        for op in history {
            disk.apply(op);
            self.take(op, &disk);
        }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Nothing acknowledged is missing, nothing is there that nobody wrote, and a follower reads on.
    pub(super) fn check(&self, disk: &Disk) {
        let lines = records(disk);
        for (seq, leaf) in &self.acknowledged {
            let line = lines.get(usize::try_from(*seq).unwrap());
            let found = line.map(|line| leaf_hash(line));
            assert_eq!(found.as_ref(), Some(leaf), "record {seq} of {}", lines.len());
        }
        for (seq, line) in lines.iter().enumerate() {
            assert!(self.written.contains(&**line), "nobody wrote record {seq}");
        }
        self.check_follower(disk);
        for loss in lines.iter().filter_map(|line| loss_of(line)) {
            assert!(is_kept(disk, &loss), "what was put aside is gone");
        }
    }

    /// What a follower has read is there, as it has read it.
    pub(super) fn check_follower(&self, disk: &Disk) {
        let seen = &self.follower.lines;
        assert!(records(disk).starts_with(seen), "a follower has read {} other lines", seen.len());
    }
}

/// The tiles beside a stream are those of its checkpoint.
pub(super) fn check_tiles(scene: &Scene) {
    if let Some(known) = scene.published() {
        let (tiles, size) = (Tiles(&scene.volume), known.size());
        assert_eq!(tiles.root(size).unwrap(), *known.root());
        drop(Growing::load(&scene.volume, size, size).unwrap());
    }
}

/// How often a recovery has put something aside, or given something up.
pub(super) fn recoveries(disk: &Disk) -> usize {
    records(disk).iter().filter(|line| loss_of(line).is_some()).count()
}

/// What a record of recovery says was put aside.
fn loss_of(line: &[u8]) -> Option<Loss> {
    let Ok(Line::Record(record)) = Line::parse(line) else { return None };
    match Epoch::parse(&record).ok()?.reason {
        EpochReason::Recover(loss) => Some(loss),
        _ => None,
    }
}

fn is_kept(disk: &Disk, loss: &Loss) -> bool {
    let same = |content: &[u8]| {
        content.len() as u64 == loss.bytes.get()
            && Sha256::digest(content).as_slice() == loss.digest.as_bytes()
    };
    disk.in_folder("quarantine").any(|(_, content)| same(content))
}

/// What lies in quarantine whole, a record names: its hash stands in the stream. A copy that broke off bears the name
/// of another hash.
fn check_named(disk: &Disk) {
    let losses: Vec<_> = records(disk).iter().filter_map(|line| loss_of(line)).collect();
    for (name, content) in disk.in_folder("quarantine").filter(|(_, content)| !content.is_empty()) {
        let digest = Sha256::digest(content);
        let short = Hex(&digest[..8]).to_string();
        let named = losses.iter().any(|loss| loss.digest.as_bytes() == digest.as_slice());
        assert!(named || !name.ends_with(&short), "no record names {name}");
    }
}

/// Whether verification takes a crash for no more than that. Of a segment that never got its first batch whole it
/// may say that this was changed, since it cannot know; everything acknowledged stands before it.
fn is_sound(report: &StreamReport) -> bool {
    matches!(report.findings.as_slice(), [] | [Finding::Torn { .. }])
}

/// Goes on with a stream after a crash as any service does, and checks it before, between and after.
pub(super) fn goes_on(scene: &mut Scene, truth: &Truth) {
    let found = scene.verify(false);
    assert!(is_sound(&found), "{found:?}");
    check_tiles(scene);
    let start = scene.volume.disk();
    scene.open().unwrap();
    let _ = scene.append(1).unwrap();
    let _ = scene.publish().unwrap();
    check_tiles(scene);
    scene.close().unwrap();
    let report = scene.verify(true);
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    assert!(report.closed);
    let mut after = truth.clone();
    after.take_all(start, &scene.volume.history());
    after.check(&scene.volume.disk());
    check_named(&scene.volume.disk());
    // The keys are there for yet another writer.
    scene.open().unwrap();
    scene.close().unwrap();
    assert_eq!(scene.verify(false).verdict(), Verdict::Whole);
}

/// Says what was being tried, if that ends the test.
pub(super) fn told(tried: impl Debug, check: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(check)) {
        println!("{tried:?}");
        resume_unwind(panic);
    }
}
