//! A disk that lies: what it said was durable is gone after a power cut. No log can be whole then; it must not look
//! as if it were.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::Random;

use super::disk::Op;
use super::follower::records;
use super::scene::Scene;
use crate::stream::{OpenWriterError, Unwritable};
use crate::verify::Verdict;

/// Some records, and a mark that has arrived.
fn written(random: &mut Random) -> Scene {
    let mut scene = Scene::new(64 << 20);
    scene.open().unwrap();
    for _ in 0..4 + random.below(8) {
        let _ = scene.append(1 + random.next_u64() % 3).unwrap();
    }
    if random.below(2) == 0 {
        scene.close().unwrap();
    }
    scene.kill();
    scene
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log that lacks acknowledged records is not written any further, and its verification says so",
    polarity = deny,
)]
fn a_log_whose_disk_lied_is_refused_and_named(ev: Ev) -> Proven {
    for seed in 0..150 {
        let mut random = Random::new(seed);
        let scene = written(&mut random);
        let mut disk = scene.volume.disk();
        let name = "log/00000000000000000000.jsonl";
        let len = disk.content(name).unwrap().len();
        let file = disk.names[name];
        // At least the last byte, which is a part of the last commit.
        disk.apply(&Op::SetLen { file, len: len - 1 - random.below(len - 1) });
        let before = records(&disk).len();
        let mut after = scene.on(disk);
        let verdict = after.verify(false).verdict();
        let named = matches!(verdict, Verdict::Truncated | Verdict::Tampered);
        ev.holds("verification names it", named);
        ev.denies(after.open().map(drop), |error| {
            let OpenWriterError::Unwritable(why) = error else { return false };
            matches!(why, Unwritable::Behind { .. } | Unwritable::Headless { .. })
        });
        ev.holds("nothing was changed", records(&after.volume.disk()).len() == before);
    }
    ev.proven()
}
