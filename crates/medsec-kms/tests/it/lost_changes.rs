//! Copies that are older than what is known of the store: nothing comes back unasked, and no number twice.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use medsec_evidence::{Ev, Proven, evidence};
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

fn restore(scene: &Scene, copy: &Path, present: Present) -> Result<Restored, ChangeError> {
    LocalStore::restore(scene.place(), copy, present, scene.root.administrator(), at(9000))
}

/// What may have happened to a state before a copy is put back.
const DAMAGES: [fn(&Scene); 3] = [
    |scene| fs::remove_file(scene.state()).unwrap(),
    |scene| fs::remove_dir_all(scene.folder()).unwrap(),
    |scene| fs::write(scene.state(), b"damaged").unwrap(),
];

#[evidence(
    hipaa2013::["164.308(a)(3)(ii)(C)", "164.308(a)(7)(ii)(B)"],
    claim = "a copy of the key store brings back nobody whose access ended since, unless that is asked for",
    polarity = deny,
)]
fn restore_denies_a_return_unasked(ev: Ev) -> Proven {
    for damage in DAMAGES {
        let ann = Person::new("ann");
        let mut scene = Scene::with("ct", &[&ann]);
        let copy = copy_of(&scene);
        scene.change(|change| change.offboard(&ann.name));
        damage(&scene);
        let there = fs::read(scene.state()).ok();
        let behind = |e: &ChangeError| matches!(e, ChangeError::NotOlder { present: 3, copy: 2 });
        ev.denies(restore(&scene, &copy, Present::Keep), behind);
        ev.holds("nothing was written", fs::read(scene.state()).ok() == there);
        let restored = restore(&scene, &copy, Present::GiveUp).unwrap();
        ev.equal("what is lost is told", &restored.lost, &1);
    }
    ev.proven()
}

#[test]
fn error_says_how_far_behind_a_copy_is() {
    let mut scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    scene.change(|change| change.create_key(&spec("mri")));
    scene.change(|change| change.create_key(&spec("us")));
    fs::remove_file(scene.state()).unwrap();
    let refused = restore(&scene, &copy, Present::Keep).unwrap_err();
    assert!(refused.to_string().contains("at change 2, 2 behind"), "{refused}");
    assert!(!refused.is_done());
}

#[test]
fn latest_copy_loses_nothing() {
    for damage in DAMAGES {
        let scene = Scene::with("ct", &[]);
        let copy = copy_of(&scene);
        damage(&scene);
        assert_eq!(restore(&scene, &copy, Present::Keep).unwrap().lost, 0);
    }
}

/// Versions made in changes that a restore lost, and one made after it, all of `ct`.
fn made_twice(scene: &mut Scene, damage: fn(&Scene), rounds: usize) -> [Vec<Vec<u8>>; 2] {
    let copy = copy_of(scene);
    let mut lost = Vec::new();
    for _ in 0..rounds {
        scene.change(|change| change.rotate_key(&key("ct")));
        lost.push(seal(&scene.keys(&scene.root), "ct").unwrap());
    }
    damage(scene);
    scene.store = restore(scene, &copy, Present::GiveUp).unwrap().store;
    let mut made = Vec::new();
    for _ in 0..rounds {
        scene.change(|change| change.rotate_key(&key("ct")));
        made.push(seal(&scene.keys(&scene.root), "ct").unwrap());
    }
    [lost, made]
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "after a restore no version of a key has the name of one that the restore lost",
    polarity = deny,
)]
fn lost_versions_are_not_mistaken_for_others(ev: Ev) -> Proven {
    let damages: [fn(&Scene); 4] = [DAMAGES[0], DAMAGES[1], DAMAGES[2], |_| ()];
    for damage in damages {
        let mut scene = Scene::with("ct", &[]);
        let first = seal(&scene.keys(&scene.root), "ct").unwrap();
        // Twice, from the first copy both times.
        for _ in 0..2 {
            let [lost, made] = made_twice(&mut scene, damage, 3);
            let keys = scene.keys(&scene.root);
            for package in &lost {
                let unknown = |e: &KeyServiceError| matches!(e, KeyServiceError::NoSuchVersion);
                ev.denies(open_with(package, &keys), unknown);
            }
            for package in made.iter().chain([&first]) {
                ev.allows(open_with(package, &keys));
            }
        }
    }
    ev.proven()
}

#[test]
fn versions_that_the_mark_never_saw_keep_their_names_too() {
    let mut scene = Scene::with("ct", &[]);
    // Another administrator's changes: this mark stays behind.
    let mark = fs::read(scene.mark()).unwrap();
    let [lost, made] = made_twice_behind(&mut scene, &mark);
    let keys = scene.keys(&scene.root);
    assert!(matches!(open_with(&lost, &keys), Err(KeyServiceError::NoSuchVersion)));
    open_with(&made, &keys).unwrap();
}

fn made_twice_behind(scene: &mut Scene, mark: &[u8]) -> [Vec<u8>; 2] {
    let copy = copy_of(scene);
    scene.change(|change| change.rotate_key(&key("ct")));
    let lost = seal(&scene.keys(&scene.root), "ct").unwrap();
    fs::remove_file(scene.state()).unwrap();
    fs::write(scene.mark(), mark).unwrap();
    let restored = restore(scene, &copy, Present::Keep).unwrap();
    assert_eq!(restored.lost, 0);
    scene.store = restored.store;
    scene.change(|change| change.rotate_key(&key("ct")));
    [lost, seal(&scene.keys(&scene.root), "ct").unwrap()]
}

#[test]
fn one_change_gives_a_key_one_version_at_most() {
    let (ann, bob) = (Person::new("ann"), Person::new("bob"));
    let mut scene = Scene::with("ct", &[&ann, &bob]);
    scene.change(|change| {
        assert_eq!(change.revoke(&ann.name, &key("ct"))?, [1]);
        assert_eq!(change.revoke(&bob.name, &key("ct"))?, [1]);
        change.rotate_key(&key("ct"))?;
        // Granted and taken back before anybody saw it.
        change.grant(&ann.name, &key("ct"))?;
        assert_eq!(change.revoke(&ann.name, &key("ct"))?, [1]);
        Ok(())
    });
    let view = scene.store.key(&key("ct")).unwrap();
    assert!(view.versions().eq([1, 2]));
    assert!(view.holders().eq([&scene.root.name]));
    let package = seal(&scene.keys(&scene.root), "ct").unwrap();
    open_with(&package, &scene.keys(&scene.root)).unwrap();
}

/// A store that lost its state, with a copy from before `second` was dismissed.
fn dismissed_and_lost() -> (Scene, Person, PathBuf) {
    let mut scene = Scene::with("ct", &[]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let copy = copy_of(&scene);
    scene.change(|change| change.dismiss(&second.name));
    fs::remove_file(scene.state()).unwrap();
    (scene, second, copy)
}

#[test]
fn older_administrators_come_back_only_when_told_so() {
    let (scene, second, copy) = dismissed_and_lost();
    let others = scene.home.path().join("mark-of-another");
    fs::copy(scene.mark(), &others).unwrap();
    let refused = restore(&scene, &copy, Present::Keep);
    assert!(matches!(refused, Err(ChangeError::NotOlder { present: 4, copy: 3 })));
    let refused = restore(&scene, &copy, Present::GiveUp);
    assert!(matches!(refused, Err(ChangeError::AdministratorsChanged)));
    assert!(!scene.state().exists());
    let Restored { mut store, lost, .. } = restore(&scene, &copy, Present::GiveUpAll).unwrap();
    assert_eq!((lost, store.administrators().len()), (1, 2));
    LocalStore::open(scene.place()).unwrap();
    change_as(&mut store, &second, |change| change.rotate_key(&key("ct"))).unwrap();
    // Whoever saw the dismissal does not follow by itself.
    let other = StorePlace { mark: Some(others.clone()), ..scene.place() };
    assert!(matches!(LocalStore::open(other.clone()), Err(StoreError::Forked)));
    fs::remove_file(others).unwrap();
    LocalStore::open(other).unwrap();
}

#[test]
fn giving_up_all_does_not_undo_a_dismissal_that_is_there() {
    let mut scene = Scene::with("ct", &[]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let copy = copy_of(&scene);
    scene.change(|change| change.dismiss(&second.name));
    let store = restore(&scene, &copy, Present::GiveUpAll).unwrap().store;
    assert_eq!(store.administrators().len(), 1);
}

#[test]
fn giving_up_all_takes_no_other_history() {
    // The copy's chain is as long as the one that was seen, and another.
    let (scene, second, copy) = dismissed_and_lost();
    let place = StorePlace { mark: None, ..scene.place() };
    let by = second.administrator();
    let mut own = LocalStore::restore(place, &copy, Present::GiveUpAll, by, at(1)).unwrap().store;
    change_as(&mut own, &second, |change| change.dismiss(&scene.root.name)).unwrap();
    let forked = scene.home.path().join("forked");
    own.back_up(&forked).unwrap();
    fs::remove_file(scene.state()).unwrap();
    let refused = LocalStore::restore(scene.place(), &forked, Present::GiveUpAll, by, at(2));
    assert!(matches!(refused, Err(ChangeError::Copy(CopyError::Forked))));
    assert!(!scene.state().exists());
}

#[test]
fn who_was_appointed_after_the_copy_is_no_administrator() {
    let mut scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let mut store = restore(&scene, &copy, Present::GiveUp).unwrap().store;
    assert_eq!(store.administrators().len(), 1);
    assert_eq!(LocalStore::open(scene.place()).unwrap().users().count(), 1);
    let refused = change_as(&mut store, &second, |change| change.rotate_key(&key("ct")));
    assert!(matches!(refused, Err(ChangeError::NotAdministrator)));
}

#[test]
fn faults_of_a_copy_are_not_told_as_the_stores() {
    let scene = Scene::with("ct", &[]);
    let copy = scene.home.path().join("copy");
    type Named = fn(&CopyError) -> bool;
    let faults: [(&[u8], Named); 2] = [
        (b"", |e| matches!(e, CopyError::Format)),
        (b"medsec key store v1\nsignature: AA==\n{}\n", |e| matches!(e, CopyError::Format)),
    ];
    assert!(matches!(contents_of_copy(&copy), Err(CopyError::Missing)));
    let missing = restore(&scene, &copy, Present::GiveUp);
    assert!(matches!(missing, Err(ChangeError::Copy(CopyError::Missing))));
    for (content, named) in faults {
        fs::write(&copy, content).unwrap();
        assert!(named(&contents_of_copy(&copy).unwrap_err()));
        match restore(&scene, &copy, Present::GiveUp).unwrap_err() {
            ChangeError::Copy(error) => assert!(named(&error)),
            other => panic!("{other:?}"),
        }
    }
    // What is wrong with the store itself is still told as that.
    let good = copy_of(&scene);
    fs::write(scene.mark(), b"damaged").unwrap();
    let refused = restore(&scene, &good, Present::GiveUp);
    assert!(matches!(refused, Err(ChangeError::Store(StoreError::Mark(None)))));
}

#[test]
fn restore_leaves_one_file_of_what_it_replaced() {
    let mut scene = Scene::with("ct", &[]);
    let copy = copy_of(&scene);
    scene.change(|change| change.create_key(&spec("mri")));
    let before = fs::read(scene.state()).unwrap();
    let mut replaced = File::open(scene.state()).unwrap();
    restore(&scene, &copy, Present::GiveUp).unwrap();
    let mut text = Vec::new();
    replaced.read_to_end(&mut text).unwrap();
    assert!(text.len() == before.len() && text.iter().all(|byte| *byte == 0));
    assert!(scene.snapshot().values().any(|file| *file == before));
}
