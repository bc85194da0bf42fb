//! The machine stops while a checkpoint is made: the one before, and its tiles, are there as they were.

use super::check::{Truth, check_tiles, goes_on, told};
use super::file::Arrived;
use super::scene::Scene;
use super::twice::dies;

/// A stream with more than one full tile and a checkpoint, and then so many more records.
fn grown(more: u64) -> Scene {
    let mut scene = Scene::new(64 << 20);
    scene.open().unwrap();
    let _ = scene.append(250).unwrap();
    let _ = scene.append(60).unwrap();
    let _ = scene.publish().unwrap();
    let _ = scene.append(more).unwrap();
    scene
}

#[test]
fn a_power_cut_while_a_checkpoint_is_made_leaves_the_tiles_of_the_one_before() {
    let mut images = 0;
    // With the same tile above level 0 as before, and with another one.
    for more in [90, 250] {
        let scene = grown(more);
        let before = scene.volume.disk();
        let from = scene.volume.history().len();
        let size = scene.published().unwrap().size();
        let _ = scene.publish().unwrap();
        let (mut disk, mut truth) = (before, Truth::default());
        let history = scene.volume.history();
        truth.take_all(super::disk::Disk::default(), &history[..from]);
        for (at, op) in history.iter().enumerate().skip(from) {
            disk.apply(op);
            for style in Arrived::EVERY {
                let mut left = scene.on(disk.after_power_cut(at as u64, style));
                assert!(left.published().unwrap().size() >= size);
                told((more, at, style), || goes_on(&mut left, &truth));
                images += 1;
            }
        }
    }
    println!("{images} images");
    assert!(images > 100, "{images}");
}

#[test]
fn a_checkpoint_whose_making_was_killed_is_made_by_the_next() {
    let mut deaths = 0;
    for call in 0.. {
        let mut scene = grown(90);
        if !dies(&mut scene, call, |scene| scene.publish().is_ok()) {
            break;
        }
        check_tiles(&scene);
        let published = scene.publish().unwrap().checkpoint;
        check_tiles(&scene);
        let left = scene.on(scene.volume.disk().after_power_cut(0, Arrived::Nothing));
        assert_eq!(left.published().unwrap().size(), published.size());
        check_tiles(&left);
        deaths += 1;
    }
    assert!(deaths > 20, "{deaths}");
}
