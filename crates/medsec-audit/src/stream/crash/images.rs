//! Crash images of whole lives of a stream.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::Random;

use super::check::{Truth, goes_on, told};
use super::disk::{Disk, Op};
use super::file::Arrived;
use super::scene::Scene;
use super::steps::life;

/// Where an image was taken, to be told when something is wrong with it.
#[derive(Clone, Copy, Debug)]
#[expect(dead_code, reason = "printed")]
struct Taken {
    /// Seed of the life.
    life: u64,
    /// Operations before the crash.
    at: usize,
    style: Arrived,
    seed: u64,
    /// The same of a second crash, while a writer recovers from the first.
    again: Option<(usize, Arrived, u64)>,
}

/// Takes images at places of a history, all about equally far from each other.
fn images(
    scene: &Scene,
    seed: u64,
    count: usize,
    mut with: impl FnMut(&Truth, Disk, (usize, Arrived, u64)),
) {
    let (history, mut random) = (scene.volume.history(), Random::new(seed));
    let (mut disk, mut truth) = (Disk::default(), Truth::default());
    let begun = history.iter().take_while(|op| !matches!(op, Op::Acknowledged { .. })).count();
    let (mut due, places) = (0, history.len() - begun.min(history.len()));
    for (at, op) in history.iter().enumerate() {
        disk.apply(op);
        truth.take(op, &disk);
        if at < begun {
            continue;
        }
        due += count;
        while due >= places {
            due -= places;
            let style = Arrived::EVERY[random.below(Arrived::EVERY.len())];
            let seed = random.next_u64();
            with(&truth, disk.after_power_cut(seed, style), (at, style, seed));
        }
    }
}

/// Tries images of a life, and one image each of the recovery from them; how many there were.
fn try_life(seed: u64, count: usize) -> (usize, usize) {
    let scene = life(seed, 14);
    let (mut tried, mut acknowledged) = (0, 0);
    images(&scene, seed, count, |truth, disk, (at, style, image)| {
        let mut taken = Taken { life: seed, at, style, seed: image, again: None };
        let mut first = scene.on(disk.clone());
        told(taken, || goes_on(&mut first, truth));
        let (history, mut random) = (first.volume.history(), Random::new(image));
        let upto = random.below(history.len() + 1);
        let (mut live, mut truth) = (disk, truth.clone());
        for op in history.iter().take(upto) {
            live.apply(op);
            truth.take(op, &live);
        }
        let style = Arrived::EVERY[random.below(Arrived::EVERY.len())];
        taken.again = Some((upto, style, image));
        let mut second = scene.on(live.after_power_cut(image, style));
        told(taken, || goes_on(&mut second, &truth));
        tried += 2;
        acknowledged = acknowledged.max(truth.acknowledged());
    });
    (tried, acknowledged)
}

fn lives() -> u64 {
    if std::env::var_os("MEDSEC_FULL").is_some() { 120 } else { 20 }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "after a power cut at any place, with any part of what was not yet durable lost, torn or reordered, \
             every acknowledged record is in the audit log, and nothing that was not written",
    polarity = allow,
)]
fn no_power_cut_loses_an_acknowledged_record(ev: Ev) -> Proven {
    let (mut tried, mut records) = (0, 0);
    for seed in 0..lives() {
        let (images, acknowledged) = try_life(seed, 40);
        tried += images;
        records += acknowledged;
    }
    println!("{tried} images, {records} acknowledged records in {} lives", lives());
    ev.holds("at least 1,500 crash images were tried", tried >= 1500);
    ev.proven()
}
