//! Copies put back: what comes back, what does not, and who may do it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use medsec_kms::{
    ChangeError, CopyError, KeyServiceError, LocalStore, Present, Restored, Role, StoreError,
    StorePlace, contents_of_copy,
};

use crate::support::package::{open_with, seal};
use crate::support::{Person, Scene, at, change_as, key, spec};

fn copy_of(scene: &Scene) -> PathBuf {
    let copy = scene.home.path().join(format!("copy-{}", scene.store.generation()));
    scene.store.back_up(&copy).unwrap();
    copy
}

fn restore(
    scene: &Scene,
    copy: &Path,
    present: Present,
    by: &Person,
) -> Result<Restored, ChangeError> {
    LocalStore::restore(scene.place(), copy, present, by.administrator(), at(5000))
}

/// States that were set aside.
fn set_aside(scene: &Scene) -> Vec<PathBuf> {
    let files = scene.snapshot().into_keys();
    files.filter(|path| path.to_string_lossy().contains("replaced-before-")).collect()
}

#[test]
fn restore_refuses_to_replace_a_store_that_is_whole() {
    let mut scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    scene.change(|change| change.create_key(&spec("mri")));
    let before = scene.snapshot();
    let refused = restore(&scene, &copy, Present::Keep, &scene.root);
    assert!(matches!(refused, Err(ChangeError::NotOlder { present: 3, copy: 2 })));
    assert!(scene.snapshot() == before);
}

#[test]
fn restore_refuses_store_that_could_not_be_looked_at() {
    let scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    fs::set_permissions(scene.state(), fs::Permissions::from_mode(0o644)).unwrap();
    let before = scene.snapshot();
    let refused = restore(&scene, &copy, Present::Keep, &scene.root);
    assert!(matches!(refused, Err(ChangeError::Store(StoreError::Exposed { .. }))));
    assert!(scene.snapshot() == before);
}

#[test]
fn restore_refuses_copies_of_other_stores() {
    let scene = Scene::with("ct", &[]);
    let other = Scene::new();
    let copy = copy_of(&other);
    let before = scene.snapshot();
    for present in [Present::Keep, Present::GiveUp] {
        let refused = restore(&scene, &copy, present, &other.root);
        assert!(matches!(refused, Err(ChangeError::Copy(CopyError::OtherStore { .. }))));
    }
    assert!(scene.snapshot() == before);
    // The mark knows the store even if nothing is left of it.
    fs::remove_file(scene.state()).unwrap();
    let refused = restore(&scene, &copy, Present::GiveUp, &other.root);
    assert!(matches!(refused, Err(ChangeError::Copy(CopyError::OtherStore { .. }))));
    fs::remove_file(scene.mark()).unwrap();
    let place = StorePlace { expected: Some(scene.store.id()), ..scene.place() };
    let by = other.root.administrator();
    let refused = LocalStore::restore(place, &copy, Present::GiveUp, by, at(5000));
    assert!(matches!(refused, Err(ChangeError::Copy(CopyError::OtherStore { .. }))));
    assert!(!scene.state().exists());
}

#[test]
fn restore_refuses_damaged_copies() {
    let scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    let good = fs::read(&copy).unwrap();
    fs::remove_file(scene.state()).unwrap();
    let before = scene.snapshot().len();
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&copy, bad).unwrap();
        assert!(contents_of_copy(&copy).is_err());
        assert!(restore(&scene, &copy, Present::GiveUp, &scene.root).is_err());
    }
    assert_eq!(scene.snapshot().len(), before);
}

#[test]
fn restore_refuses_users_who_administer_nothing() {
    let ann = Person::new("ann");
    let scene = Scene::with("ct", &[&ann]);
    let copy = copy_of(&scene);
    fs::remove_file(scene.state()).unwrap();
    for by in [&ann, &Person::new("mallory")] {
        let refused = restore(&scene, &copy, Present::GiveUp, by);
        assert!(matches!(refused, Err(ChangeError::NotAdministrator)));
    }
    assert!(!scene.state().exists());
}

#[test]
fn restore_keeps_a_dismissed_administrator_dismissed() {
    let mut scene = Scene::with("ct", &[]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let copy = copy_of(&scene);
    scene.change(|change| change.offboard(&second.name));
    let refused = restore(&scene, &copy, Present::GiveUp, &second);
    assert!(matches!(refused, Err(ChangeError::NotAdministrator)));
    let mut store = restore(&scene, &copy, Present::GiveUp, &scene.root).unwrap().store;
    assert_eq!(store.administrators().len(), 1);
    let refused = change_as(&mut store, &second, |change| change.rotate_key(&key("ct")));
    assert!(matches!(refused, Err(ChangeError::NotAdministrator)));
    // He is a user again, as the copy had it, until he is removed again.
    let held = change_as(&mut store, &scene.root, |change| change.offboard(&second.name)).unwrap();
    assert_eq!(held, [(key("ct"), vec![1])]);
}

#[test]
fn mark_alone_keeps_a_dismissed_administrator_dismissed() {
    let mut scene = Scene::with("ct", &[]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let copy = copy_of(&scene);
    scene.change(|change| change.dismiss(&second.name));
    fs::remove_file(scene.state()).unwrap();
    for by in [&second, &scene.root] {
        let refused = restore(&scene, &copy, Present::GiveUp, by);
        assert!(matches!(refused, Err(ChangeError::AdministratorsChanged)));
    }
    assert!(!scene.state().exists());
}

#[test]
fn restored_store_is_newer_than_all_that_was_seen() {
    let ann = Person::new("ann");
    let mut scene = Scene::with("ct", &[&ann]);
    let copy = copy_of(&scene);
    scene.change(|change| change.revoke(&ann.name, &key("ct")));
    scene.change(|change| change.create_key(&spec("mri")));
    let given_up = fs::read(scene.state()).unwrap();
    let package = seal(&scene.keys(&scene.root), "ct").unwrap();
    let Restored { store, lost, .. } =
        restore(&scene, &copy, Present::GiveUp, &scene.root).unwrap();
    assert_eq!(lost, 2);
    let contents = contents_of_copy(&copy).unwrap();
    assert_eq!((store.generation(), contents.generation), (5, 2));
    assert_eq!(contents.store, store.id());
    assert_eq!(LocalStore::open(scene.place()).unwrap().generation(), 5);
    // What was revoked is back, what was made is gone, and packages under it do not open.
    assert!(scene.keys(&ann).newest(&key("ct")).is_ok());
    assert!(store.key(&key("mri")).is_none());
    let lost = open_with(&package, &scene.keys(&scene.root));
    assert!(matches!(lost, Err(KeyServiceError::NoSuchVersion)));
    // What was given up is kept, and opens again.
    let [aside] = set_aside(&scene).try_into().unwrap();
    assert!(fs::read(&aside).unwrap() == given_up);
    restore(&scene, &aside, Present::GiveUp, &scene.root).unwrap();
    open_with(&package, &scene.keys(&scene.root)).unwrap();
    assert!(scene.keys(&ann).newest(&key("ct")).is_err());
}

#[test]
fn damaged_state_is_kept_beside_the_restored_one() {
    let scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    fs::write(scene.state(), b"damaged").unwrap();
    restore(&scene, &copy, Present::Keep, &scene.root).unwrap();
    let [aside] = set_aside(&scene).try_into().unwrap();
    assert_eq!(fs::read(aside).unwrap(), b"damaged");
}

#[test]
fn backup_refuses_what_the_store_no_longer_is() {
    let mut scene = Scene::with("ct", &[]);
    let older = fs::read(scene.state()).unwrap();
    let copy = copy_of(&scene);
    assert!(matches!(scene.store.back_up(&copy), Err(ChangeError::Output(_))));
    scene.change(|change| change.rotate_key(&key("ct")));
    fs::write(scene.state(), older).unwrap();
    let out = scene.home.path().join("out");
    let refused = scene.store.back_up(&out);
    assert!(matches!(refused, Err(ChangeError::Store(StoreError::RolledBack { .. }))));
    assert!(!out.exists());
}
