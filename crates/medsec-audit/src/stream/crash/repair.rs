//! A repair of a stream whose mark is gone is itself interrupted, or comes after a disk that failed.

use medsec_evidence::{Ev, Proven, evidence};

use super::check::recoveries;
use super::file::Arrived;
use super::follower::records;
use super::model::{Call, Failure};
use super::scene::Scene;
use super::twice::{dies, written};
use crate::stream::{OpenWriterError, Unwritable};
use crate::verify::Verdict;
use crate::volume::{Access, Volume as _};

const MARK: &str = "hwm";

/// Takes the mark away for good, or makes it one that cannot be read.
fn spoil(scene: &Scene, missing: bool) {
    if missing {
        scene.volume.remove(MARK).unwrap();
        scene.volume.sync_folder("").unwrap();
    } else {
        let file = scene.volume.open(MARK, Access::Write).unwrap().unwrap();
        file.write_at(&[b'x'; 700], 0).unwrap();
        file.sync().unwrap();
    }
}

/// An ordinary writer goes on only behind a repair that was recorded.
fn go_on(scene: &mut Scene) -> Result<(), OpenWriterError> {
    scene.open()?;
    assert_eq!(recoveries(&scene.volume.disk()), 1, "gone on with as if nothing was lost");
    Ok(())
}

fn is_for_want_of_a_mark(error: &OpenWriterError) -> bool {
    let OpenWriterError::Unwritable(why) = error else { return false };
    matches!(why, Unwritable::NoMark | Unwritable::DamagedMark)
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a repair of a log that does not know what was acknowledged is recorded, wherever it is interrupted, \
             before anything else is written",
    polarity = deny,
)]
fn a_repair_without_a_mark_is_recorded_wherever_it_dies(ev: Ev) -> Proven {
    let (mut refused, mut went_on) = (0, 0);
    for (missing, segment) in [(true, 700), (false, 64 << 20)] {
        for call in 0.. {
            let mut scene = written(segment);
            scene.kill();
            spoil(&scene, missing);
            if !dies(&mut scene, call, |scene| scene.repair().is_ok()) {
                break;
            }
            let left = scene.volume.disk();
            let cut = [Arrived::Nothing, Arrived::Any, Arrived::All]
                .map(|style| left.after_power_cut(call as u64, style));
            for disk in cut.into_iter().chain([left]) {
                let mut next = scene.on(disk);
                let gone_on = go_on(&mut next);
                if gone_on.is_ok() {
                    went_on += 1;
                } else {
                    ev.denies(gone_on, is_for_want_of_a_mark);
                    refused += 1;
                    next.repair().unwrap();
                    assert!(recoveries(&next.volume.disk()) > 0);
                }
                let _ = next.append(1).unwrap();
                next.close().unwrap();
                assert_eq!(next.verify(true).verdict(), Verdict::Whole);
            }
        }
    }
    println!("{refused} refused, {went_on} went on");
    ev.holds("a repair died at each of its calls", refused > 50 && went_on > 0);
    ev.proven()
}

#[test]
fn a_repair_without_a_mark_writes_again_what_a_failed_sync_may_have_lost() {
    for (count, missing) in (1..=12).flat_map(|count| [(count, true), (count, false)]) {
        let mut scene = written(64 << 20);
        let _ = scene.append(count).unwrap();
        scene.volume.fail_every(Call::Sync, Failure::Io);
        assert!(scene.append(9).is_err());
        scene.kill();
        spoil(&scene, missing);
        scene.repair().unwrap();
        scene.kill();
        let there = records(&scene.volume.disk());
        let left = scene.volume.disk().after_power_cut(0, Arrived::Nothing);
        assert_eq!(records(&left), there, "{count}");
        assert_eq!(scene.on(left).verify(true).verdict(), Verdict::Whole);
    }
}
