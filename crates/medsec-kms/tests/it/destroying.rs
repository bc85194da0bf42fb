//! After a key was destroyed nothing of it is in the store's files.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{ChangeError, KeyServiceError, LocalStore, Present, StoreError};

use crate::support::package::{open_with, seal};
use crate::support::raw::{RawWrap, wraps_in};
use crate::support::{Person, Scene, at, key, spec};

/// Whether any file of the scene holds `bytes`, raw, in base64 or in hexadecimal.
fn holds(scene: &Scene, bytes: &[u8]) -> bool {
    // Cut to whole groups, so that the text does not depend on what follows.
    let whole = &bytes[..bytes.len() / 3 * 3];
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let texts = [
        STANDARD.encode(whole),
        STANDARD_NO_PAD.encode(whole),
        URL_SAFE_NO_PAD.encode(whole),
        hex.to_uppercase(),
        hex,
    ];
    let parts: Vec<&[u8]> = texts.iter().map(String::as_bytes).chain([bytes]).collect();
    scene
        .snapshot()
        .values()
        .any(|file| parts.iter().any(|part| file.windows(part.len()).any(|window| window == *part)))
}

fn wraps_of(scene: &Scene, name: &str) -> Vec<RawWrap> {
    wraps_in(&scene.state()).into_iter().filter(|wrap| wrap.key == name).collect()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "after a key was destroyed no file of the key store holds it, and packages under it stay closed",
    polarity = deny,
)]
fn destroyed_key_is_in_no_file(ev: Ev) -> Proven {
    let ann = Person::new("ann");
    let mut scene = Scene::with("ct", &[&ann]);
    scene.change(|change| change.create_key(&spec("mri")));
    scene.change(|change| change.rotate_key(&key("ct")));
    let (ct, mri) = (wraps_of(&scene, "ct"), wraps_of(&scene, "mri"));
    let keks = ct.iter().map(|wrap| {
        let owner = if wrap.user == "ann" { &ann } else { &scene.root };
        wrap.unwrap_with(&owner.identity).unwrap()
    });
    let keks: Vec<_> = keks.collect();
    let package = seal(&scene.keys(&scene.root), "ct").unwrap();
    ev.equal(
        "wraps are found where they are",
        &ct.iter().filter(|w| holds(&scene, &w.bytes())).count(),
        &4,
    );
    scene.change(|change| change.destroy_key(&key("ct")));
    for wrap in &ct {
        ev.holds("no wrap is left", !holds(&scene, &wrap.bytes()));
    }
    for kek in &keks {
        ev.holds("no key is left", !holds(&scene, kek));
    }
    ev.holds("other keys stay", mri.iter().all(|wrap| holds(&scene, &wrap.bytes())));
    for person in [&ann, &scene.root] {
        let refused = open_with(&package, &scene.keys(person));
        ev.denies(refused, |e| matches!(e, KeyServiceError::Destroyed));
    }
    ev.proven()
}

#[test]
fn replaced_state_reads_zeros() {
    let mut scene = Scene::with("ct", &[]);
    let len = fs::metadata(scene.state()).unwrap().len();
    let mut file = File::open(scene.state()).unwrap();
    scene.change(|change| change.destroy_key(&key("ct")));
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    assert_eq!(text.len() as u64, len);
    assert!(text.iter().all(|byte| *byte == 0));
}

#[test]
fn destroyed_version_alone_is_gone() {
    let mut scene = Scene::with("ct", &[]);
    let old = seal(&scene.keys(&scene.root), "ct").unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    let new = seal(&scene.keys(&scene.root), "ct").unwrap();
    let wraps = wraps_of(&scene, "ct");
    scene.change(|change| change.destroy_version(&key("ct"), 1));
    assert!(!holds(&scene, &wraps[0].bytes()) && holds(&scene, &wraps[1].bytes()));
    let keys = scene.keys(&scene.root);
    assert!(matches!(open_with(&old, &keys), Err(KeyServiceError::Destroyed)));
    open_with(&new, &keys).unwrap();
    let mut change = scene.store.change(scene.root.administrator(), at(900)).unwrap();
    for number in [0, 1, 2, 3, u32::MAX] {
        let refused = change.destroy_version(&key("ct"), number);
        assert!(matches!(refused, Err(ChangeError::NoSuchVersion)), "{number}");
    }
}

#[test]
fn states_set_aside_go_with_the_key() {
    let mut scene = Scene::with("ct", &[]);
    let copy = scene.home.path().join("copy");
    scene.store.back_up(&copy).unwrap();
    scene.change(|change| change.create_key(&spec("mri")));
    let by = scene.root.administrator();
    let restored = LocalStore::restore(scene.place(), &copy, Present::GiveUp, by, at(900)).unwrap();
    scene.store = restored.store;
    fs::remove_file(&copy).unwrap();
    let wrap = wraps_of(&scene, "ct").remove(0).bytes();
    assert_eq!(fs::read_dir(scene.folder()).unwrap().count(), 3);
    scene.change(|change| change.rotate_key(&key("ct")));
    assert_eq!(fs::read_dir(scene.folder()).unwrap().count(), 3);
    scene.change(|change| change.destroy_key(&key("ct")));
    assert!(!holds(&scene, &wrap));
    assert_eq!(fs::read_dir(scene.folder()).unwrap().count(), 2);
}

#[test]
fn what_a_killed_writer_left_goes_with_the_next_change() {
    let mut scene = Scene::with("ct", &[]);
    let part = scene.folder().join(".medsec-0123456789abcdef.part");
    fs::copy(scene.state(), &part).unwrap();
    let mut file = File::open(&part).unwrap();
    let wrap = wraps_of(&scene, "ct").remove(0).bytes();
    scene.change(|change| change.destroy_key(&key("ct")));
    assert!(!part.exists() && !holds(&scene, &wrap));
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    assert!(text.iter().all(|byte| *byte == 0));
}

#[test]
fn link_under_a_leftovers_name_is_not_followed() {
    let mut scene = Scene::with("ct", &[]);
    let outside = scene.home.path().join("outside");
    fs::write(&outside, b"somebody's").unwrap();
    let part = scene.folder().join(".medsec-0123456789abcdef.part");
    std::os::unix::fs::symlink(&outside, &part).unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    assert_eq!(fs::read(&outside).unwrap(), b"somebody's");
    assert!(!part.exists());
}

#[test]
fn hard_link_of_the_old_state_is_told() {
    let mut scene = Scene::with("ct", &[]);
    let link = scene.home.path().join("link");
    fs::hard_link(scene.state(), &link).unwrap();
    let old = fs::read(&link).unwrap();
    let mut change = scene.store.change(scene.root.administrator(), at(900)).unwrap();
    change.destroy_key(&key("ct")).unwrap();
    assert!(matches!(change.commit(), Err(ChangeError::NotErased(_))));
    // The change is made, and the copy that somebody keeps is his.
    assert!(fs::read(&link).unwrap() == old);
    assert_eq!(LocalStore::open(scene.place()).unwrap().generation(), 3);
    assert_eq!(scene.store.generation(), 3);
}

#[test]
fn state_changed_behind_the_lock_is_not_replaced() {
    let mut scene = Scene::with("ct", &[]);
    let older = fs::read(scene.state()).unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    let path = scene.state();
    let mut change = scene.store.change(scene.root.administrator(), at(900)).unwrap();
    change.rotate_key(&key("ct")).unwrap();
    fs::write(&path, &older).unwrap();
    assert!(matches!(change.commit(), Err(ChangeError::Store(StoreError::Forked))));
    assert!(fs::read(&path).unwrap() == older);
}

#[test]
fn state_that_cannot_be_written_is_not_replaced() {
    let mut scene = Scene::with("ct", &[]);
    let place = scene.place();
    let mut change = scene.store.change(scene.root.administrator(), at(900)).unwrap();
    change.destroy_key(&key("ct")).unwrap();
    fs::remove_file(place.folder.join("state")).unwrap();
    fs::create_dir(place.folder.join("state")).unwrap();
    fs::set_permissions(place.folder.join("state"), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(change.commit().is_err());
    assert!(place.folder.join("state").is_dir());
}
