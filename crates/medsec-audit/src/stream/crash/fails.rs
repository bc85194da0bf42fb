//! One call of a writer fails: the disk is full, broken, or takes a part of a write only.
//!
//! An append that was refused may be in the stream nevertheless, since a failing disk does not say what it has
//! kept; all of it or nothing. What was acknowledged is there.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::Random;

use super::check::{Truth, goes_on, told};
use super::disk::Disk;
use super::file::Arrived;
use super::follower::records;
use super::model::{Call, Failure};
use super::scene::{Scene, mark_of};
use super::steps::Step;
use crate::stream::AppendError;
use crate::verify::Verdict;

/// Every kind of call is in it, and a segment that ends.
const LIFE: [Step; 10] = [
    Step::Append(2),
    Step::Together(3),
    Step::Rotate,
    Step::Append(3),
    Step::ClockBack,
    Step::Append(1),
    Step::Close,
    Step::Together(2),
    Step::Leave,
    Step::Append(1),
];

/// Opens a writer, if there is none; where that fails, the next one must succeed.
fn opened(scene: &mut Scene) {
    if scene.open().is_err() {
        scene.kill();
        scene.open().unwrap();
    }
}

/// Records events. A writer whose disk was full goes on; one whose disk failed never writes again.
fn appended(scene: &mut Scene, count: u64) {
    opened(scene);
    match scene.append(count) {
        Ok(_) => {}
        Err(AppendError::NoSpace { .. }) => drop(scene.append(count).unwrap()),
        Err(AppendError::Broken(_)) => stays_broken(scene),
        Err(other) => panic!("{other:?}"),
    }
}

fn stays_broken(scene: &mut Scene) {
    for _ in 0..2 {
        assert!(matches!(scene.append(1), Err(AppendError::Broken(_))));
        let rotated = scene.writer.as_ref().unwrap().rotate();
        assert!(matches!(rotated, Err(AppendError::Broken(_))));
    }
    assert!(matches!(scene.close(), Err(AppendError::Broken(_))));
    scene.kill();
}

fn live(scene: &mut Scene) {
    for step in LIFE {
        match step {
            Step::Append(count) => (0..count).for_each(|_| appended(scene, 1)),
            Step::Together(count) => appended(scene, count),
            Step::Rotate => {
                opened(scene);
                match scene.writer.as_ref().unwrap().rotate() {
                    Err(AppendError::Broken(_)) => stays_broken(scene),
                    Err(AppendError::NoSpace { .. }) | Ok(()) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            Step::Close => {
                opened(scene);
                // What it refuses is a record of its own, and the next writer begins without it.
                let _ = scene.close();
            }
            other => other.run(scene),
        }
    }
}

/// All of what was recorded is there once; of what was refused all or nothing, once.
fn all_or_nothing(scene: &Scene) {
    let lines = records(&scene.volume.disk());
    let found = |number: u64| {
        let mark = mark_of(number);
        let has = |line: &[u8]| memchr::memmem::find(line, mark.as_bytes()).is_some();
        lines.iter().filter(|line| has(line)).count()
    };
    for tried in &scene.tried {
        let counts: Vec<_> = tried.events.clone().map(found).collect();
        let same = counts.iter().all(|count| *count == counts[0]);
        assert!(same && counts[0] <= 1, "{tried:?}: {counts:?}");
        assert!(counts[0] == 1 || !tried.recorded, "{tried:?}");
    }
}

/// The life with this call failing, and a power cut after it.
fn survives(call: usize, failure: Failure) {
    let mut scene = Scene::new(2_500);
    scene.volume.fail_at(call, failure);
    live(&mut scene);
    scene.volume.revive();
    let history = scene.volume.history();
    let mut truth = Truth::default();
    truth.take_all(Disk::default(), &history);
    truth.check(&scene.volume.disk());
    all_or_nothing(&scene);
    let report = scene.verify(true);
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    let mut random = Random::new(call as u64);
    for style in [Arrived::Nothing, Arrived::EVERY[random.below(Arrived::EVERY.len())]] {
        let disk = scene.volume.disk().after_power_cut(random.next_u64(), style);
        goes_on(&mut scene.on(disk), &truth);
    }
}

/// Every call of the life, the first with its number.
fn calls() -> Vec<(usize, Call)> {
    let mut scene = Scene::new(2_500);
    let begun = scene.volume.calls().len();
    live(&mut scene);
    scene.volume.calls().into_iter().enumerate().skip(begun).collect()
}

fn every_call(failure: Failure) -> usize {
    let concerned = calls().into_iter().filter(|(_, call)| failure.concerns(*call));
    concerned.map(|call| told((failure, call), || survives(call.0, failure))).count()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a disk that fails in any single call loses no acknowledged record, leaves none by half, and stops \
             the writer that can no longer know what is durable",
    polarity = allow,
)]
fn one_failing_call_loses_nothing(ev: Ev) -> Proven {
    let failed = every_call(Failure::Io) + every_call(Failure::Short);
    println!("{failed} calls failed");
    ev.holds("at least 100 calls failed, each by itself", failed >= 100);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a disk that is full in any single call loses no acknowledged record and leaves none by half",
    polarity = allow,
)]
fn one_call_on_a_full_disk_loses_nothing(ev: Ev) -> Proven {
    let failed = every_call(Failure::Full);
    println!("{failed} calls failed");
    ev.holds("at least 50 calls failed, each by itself", failed >= 50);
    ev.proven()
}

#[test]
fn a_disk_that_is_full_for_a_while_is_told_before_anything_is_written() {
    let mut scene = Scene::new(64 << 20);
    scene.open().unwrap();
    let mut refused = 0;
    // Room is taken a MiB ahead: a batch of some 100 KiB needs more now and then.
    for _ in 0..30 {
        let before = scene.volume.history().len();
        scene.volume.fail_every(Call::Allocate, Failure::Full);
        if let Err(error) = scene.append(250) {
            assert!(matches!(error, AppendError::NoSpace { .. }), "{error:?}");
            assert_eq!(scene.volume.history().len(), before);
            refused += 1;
        }
        scene.volume.revive();
        let _ = scene.append(1).unwrap();
    }
    assert!(refused > 1, "{refused}");
    scene.close().unwrap();
    assert_eq!(scene.verify(true).verdict(), Verdict::Whole);
}
