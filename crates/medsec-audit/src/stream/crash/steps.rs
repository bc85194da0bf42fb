//! What a writer does, and what is done to it, in an order that a seed draws.

use medsec_testkit::Random;

use super::disk::Op;
use super::file::Arrived;
use super::model::Failure;
use super::scene::Scene;

/// One step of a stream's life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// So many events, each under its own commit.
    Append(u64),
    /// So many events under one commit.
    Together(u64),
    Rotate,
    /// Another process makes a checkpoint.
    Publish,
    Close,
    /// The writer ends without closing.
    Leave,
    /// The process dies within its next calls, at the one with this number.
    KilledAfter(usize),
    /// The machine stops.
    PowerCut(Arrived, u64),
    ClockBack,
    ClockForward,
}

impl Step {
    fn draw(random: &mut Random) -> Self {
        match random.below(22) {
            0..=6 => Self::Append(1 + random.next_u64() % 4),
            7..=8 => Self::Together(2 + random.next_u64() % 6),
            9 => Self::Together(150 + random.next_u64() % 100),
            10..=12 => Self::Rotate,
            13 => Self::Close,
            14 => Self::Leave,
            15..=16 => Self::KilledAfter(random.below(40)),
            17 => {
                let style = Arrived::EVERY[random.below(Arrived::EVERY.len())];
                Self::PowerCut(style, random.next_u64())
            }
            18 => Self::ClockBack,
            19..=20 => Self::Publish,
            _ => Self::ClockForward,
        }
    }

    /// Does it. A writer is opened where one is needed; where none can be, that is a failure of the test.
    pub(super) fn run(self, scene: &mut Scene) {
        match self {
            Self::Append(count) => {
                scene.open().unwrap();
                for _ in 0..count {
                    let _ = scene.append(1).unwrap();
                }
            }
            Self::Together(count) => {
                scene.open().unwrap();
                let _ = scene.append(count).unwrap();
            }
            Self::Rotate => scene.open().unwrap().rotate().unwrap(),
            Self::Publish => {
                // After a power cut the mark may be older than the checkpoint, until the next writer sets it.
                scene.open().unwrap();
                let _ = scene.publish().unwrap();
            }
            Self::Close => {
                scene.open().unwrap();
                scene.close().unwrap();
            }
            Self::Leave => scene.kill(),
            Self::KilledAfter(calls) => killed(scene, calls),
            Self::PowerCut(style, seed) => {
                scene.writer = None;
                let disk = scene.volume.disk().after_power_cut(seed, style);
                scene.volume.note(Op::PowerCut(disk));
                scene.volume.revive();
            }
            Self::ClockBack => scene.clock.back(60_000),
            Self::ClockForward => scene.clock.forward(90_000_000),
        }
    }
}

/// Works until it dies.
fn killed(scene: &mut Scene, calls: usize) {
    scene.volume.fail_at(scene.volume.calls().len() + calls, Failure::Killed);
    if scene.open().is_ok() {
        for round in 0..40 {
            let done = match round % 7 {
                2 | 5 => scene.open().unwrap().rotate().is_ok(),
                6 => scene.publish().is_ok(),
                _ => scene.append(1 + round % 2).is_ok(),
            };
            if !done {
                break;
            }
        }
    }
    scene.kill();
}

/// A life of so many steps. It always begins with records, so that something is there to lose.
pub(super) fn life(seed: u64, steps: usize) -> Scene {
    let mut random = Random::new(seed);
    let segment = [2_500, 6_000, 64 << 20][random.below(3)];
    let mut scene = Scene::new(segment);
    Step::Append(2).run(&mut scene);
    for _ in 0..steps {
        Step::draw(&mut random).run(&mut scene);
    }
    scene
}
