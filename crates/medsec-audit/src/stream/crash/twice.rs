//! A process dies, another one goes on with what the first had left to the system, and then the machine stops.

use medsec_evidence::{Ev, Proven, evidence};

use super::check::{Truth, goes_on, told};
use super::disk::{Disk, Op};
use super::file::Arrived;
use super::model::Failure;
use super::scene::Scene;
use crate::verify::Verdict;

/// A stream with some records and a writer.
pub(super) fn written(segment: u64) -> Scene {
    let mut scene = Scene::new(segment);
    scene.open().unwrap();
    for _ in 0..3 {
        let _ = scene.append(1).unwrap();
    }
    scene
}

/// Has the process die at its call of this number from now, if `work` comes so far.
pub(super) fn dies(scene: &mut Scene, call: usize, work: impl FnOnce(&mut Scene) -> bool) -> bool {
    scene.volume.fail_at(scene.volume.calls().len() + call, Failure::Killed);
    let died = !work(scene);
    scene.kill();
    died
}

/// Appends more than a sector, where segments are small as the first batch of one, and rotates.
fn work(scene: &mut Scene) -> bool {
    scene.append(5).is_ok() && scene.writer.as_ref().unwrap().rotate().is_ok()
}

/// Stops the machine behind everything that became durable since a place of the history: between two of these, what
/// is durable is the same. How many images that made.
fn stopped_everywhere(scene: &Scene, from: usize) -> usize {
    let (mut disk, mut truth, mut tried) = (Disk::default(), Truth::default(), 0);
    for (at, op) in scene.volume.history().iter().enumerate() {
        disk.apply(op);
        truth.take(op, &disk);
        if at >= from && matches!(op, Op::Sync { .. } | Op::SyncFolder { .. }) {
            for style in [Arrived::Nothing, Arrived::Any] {
                let left = disk.after_power_cut(at as u64, style);
                told((at, style), || goes_on(&mut scene.on(left), &truth));
                tried += 1;
            }
        }
    }
    tried
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "what a killed writer had left to the operating system is durable before anything is built on it, and \
             the key that it needs is never overwritten before that",
    polarity = allow,
)]
fn a_death_and_a_power_cut_after_it_lose_nothing(ev: Ev) -> Proven {
    let (mut deaths, mut images) = (0, 0);
    // The next writer may be one for which the segment that was full is not.
    for (segment, next) in [(700, 700), (64 << 20, 64 << 20), (700, 64 << 20)] {
        for call in 0.. {
            let mut scene = written(segment);
            if !dies(&mut scene, call, work) {
                break;
            }
            scene.segment = next;
            let from = scene.volume.history().len();
            scene.open().unwrap();
            let _ = scene.append(1).unwrap();
            images += stopped_everywhere(&scene, from);
            deaths += 1;
        }
    }
    println!("{deaths} deaths, {images} images");
    ev.holds("a writer died at every one of its calls", deaths > 30);
    ev.holds("the machine stopped behind every sync after it", images > 5 * deaths);
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a recovery that is itself interrupted, by a death and then by a power cut, keeps what it puts aside",
    polarity = allow,
)]
fn an_interrupted_recovery_is_done_again(ev: Ev) -> Proven {
    let (mut deaths, mut images) = (0, 0);
    for call in 0.. {
        let mut scene = written(64 << 20);
        // How much room there is was asked for before: the first call is the write.
        let torn = dies(&mut scene, 0, |scene| scene.append(20).is_ok());
        ev.holds("a batch is torn", torn && scene.verify(false).verdict() != Verdict::Whole);
        if !dies(&mut scene, call, |scene| scene.open().is_ok()) {
            break;
        }
        let from = scene.volume.history().len();
        scene.open().unwrap();
        images += stopped_everywhere(&scene, from);
        deaths += 1;
    }
    println!("{deaths} deaths, {images} images");
    ev.holds("a recovery died at every one of its calls", deaths > 30);
    ev.proven()
}

#[test]
fn a_torn_segment_that_was_taken_away_does_not_come_back() {
    let mut scene = written(700);
    let _ = scene.append(5).unwrap();
    scene.kill();
    // Of the segment that has just begun, a part of the first line was durable; and it was not yet acknowledged.
    let (before, history) = (scene.volume.disk(), scene.volume.history());
    let (name, bytes) = before.in_folder("log").last().unwrap();
    let begins = |op: &Op| matches!(op, Op::Create { name: created } if created == name);
    let begun = history.iter().position(begins).unwrap();
    let mut torn = Disk::default();
    history[..=begun].iter().for_each(|op| torn.apply(op));
    let (file, bytes) = (torn.names[name], bytes[..100].to_vec());
    torn.apply(&Op::Write { file, offset: 0, bytes, done: 100 });
    let mut scene = scene.on(torn.after_power_cut(0, Arrived::All));
    // For this writer the segment before is not full: it makes no new name there that would have to be durable.
    scene.segment = 64 << 20;
    scene.open().unwrap();
    let _ = scene.append(1).unwrap();
    scene.kill();
    let left = scene.volume.disk().after_power_cut(0, Arrived::Nothing);
    assert_eq!(left.in_folder("log").count(), before.in_folder("log").count() - 1);
    assert_eq!(scene.on(left).verify(true).verdict(), Verdict::Whole);
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "who reads the audit log up to its mark while it is written reads nothing that a power cut takes back",
    polarity = allow,
)]
fn a_follower_reads_only_what_stays(ev: Ev) -> Proven {
    let mut looks = 0;
    for seed in 100..115 {
        let scene = super::steps::life(seed, 14);
        let (mut disk, mut truth) = (Disk::default(), Truth::default());
        for op in scene.volume.history() {
            disk.apply(&op);
            truth.take(&op, &disk);
            // Before that the stream is not listed, and nobody follows it.
            if truth.acknowledged() == 0 {
                continue;
            }
            for style in [Arrived::Nothing, Arrived::Any] {
                truth.check_follower(&disk.after_power_cut(looks, style));
                looks += 1;
            }
        }
    }
    println!("{looks} looks");
    ev.holds("a follower looked at least 3,000 times", looks >= 3000);
    ev.proven()
}
