//! Files damaged at every byte, cut, deleted, swapped: each gives its error, and nothing is written.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::Path;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{ChangeError, LocalStore, Present, StoreError, StorePlace};

use crate::support::package::{open_with, seal};
use crate::support::{Person, Scene, at, key, place_in};

fn open(scene: &Scene) -> Result<LocalStore, StoreError> {
    LocalStore::open(scene.place())
}

/// To be changed in place: making the file anew for every bit would take minutes.
fn writable(path: &Path) -> File {
    OpenOptions::new().write(true).open(path).unwrap()
}

/// Opening and changing both fail with an error of that kind and leave all files as they are.
#[track_caller]
fn refuses(scene: &mut Scene, named: fn(&StoreError) -> bool) {
    let before = scene.snapshot();
    let error = open(scene).unwrap_err();
    assert!(named(&error), "{error:?}");
    let administrator = scene.root.administrator();
    match scene.store.change(administrator, at(9)).map(drop).unwrap_err() {
        ChangeError::Store(error) => assert!(named(&error), "{error:?}"),
        other => panic!("{other:?}"),
    }
    assert!(scene.snapshot() == before, "something was written");
}

const fn is_altered(error: &StoreError) -> bool {
    matches!(error, StoreError::Format | StoreError::NotAuthentic)
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(c)(1)"],
    claim = "a key store whose state was changed in any bit is refused and left as it is",
    polarity = deny,
)]
fn state_with_any_flipped_bit_is_refused(ev: Ev) -> Proven {
    let scene = Scene::with("ct", &[]);
    let (path, good) = (scene.state(), fs::read(scene.state()).unwrap());
    let file = writable(&path);
    for byte in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[byte] ^= 1 << bit;
            file.write_all_at(&bad[byte..=byte], byte as u64).unwrap();
            ev.denies(open(&scene), is_altered);
            assert!(fs::read(&path).unwrap() == bad);
        }
        file.write_all_at(&good[byte..=byte], byte as u64).unwrap();
    }
    ev.allows(open(&scene));
    println!("{} bits", good.len() * 8);
    ev.proven()
}

#[test]
fn every_byte_of_a_larger_state_is_guarded() {
    let people = [Person::new("ann"), Person::new("bob"), Person::new("cid")];
    let mut scene = Scene::with("ct", &people.each_ref());
    for _ in 0..3 {
        scene.change(|change| change.rotate_key(&key("ct")));
    }
    let good = fs::read(scene.state()).unwrap();
    let file = writable(&scene.state());
    for byte in 0..good.len() {
        file.write_all_at(&[good[byte] ^ 1 << (byte % 8)], byte as u64).unwrap();
        assert!(is_altered(&open(&scene).unwrap_err()), "byte {byte}");
        file.write_all_at(&good[byte..=byte], byte as u64).unwrap();
    }
    open(&scene).unwrap();
    println!("{} bytes", good.len());
}

#[test]
fn state_cut_anywhere_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    let good = fs::read(scene.state()).unwrap();
    let file = writable(&scene.state());
    for len in (0..good.len()).rev() {
        file.set_len(len as u64).unwrap();
        assert!(is_altered(&open(&scene).unwrap_err()), "{len} bytes");
    }
    fs::write(scene.state(), [&good[..], b"\n"].concat()).unwrap();
    refuses(&mut scene, is_altered);
    fs::write(scene.state(), good.repeat(2)).unwrap();
    refuses(&mut scene, is_altered);
}

#[test]
fn mark_with_any_flipped_bit_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    scene.change(|change| change.rotate_key(&key("ct")));
    let good = fs::read(scene.mark()).unwrap();
    let mut kinds = [0_u32; 4];
    let file = writable(&scene.mark());
    for byte in 0..good.len() {
        for bit in 0..8 {
            file.write_all_at(&[good[byte] ^ 1 << bit], byte as u64).unwrap();
            let before = scene.snapshot();
            let kind = match open(&scene).unwrap_err() {
                StoreError::Mark(None) => 0,
                StoreError::OtherStore { .. } => 1,
                StoreError::RolledBack { .. } => 2,
                StoreError::Forked => 3,
                other => panic!("{other:?}"),
            };
            kinds[kind] += 1;
            assert!(scene.snapshot() == before);
        }
        file.write_all_at(&good[byte..=byte], byte as u64).unwrap();
    }
    println!("damaged, other store, rolled back, forked: {kinds:?}");
    assert!(kinds.iter().all(|count| *count > 0));
}

#[test]
fn mark_cut_anywhere_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    let good = fs::read(scene.mark()).unwrap();
    let file = writable(&scene.mark());
    for len in (0..good.len()).rev() {
        file.set_len(len as u64).unwrap();
        assert!(matches!(open(&scene), Err(StoreError::Mark(None))), "{len} bytes");
    }
    fs::write(scene.mark(), vec![b' '; 1 << 20]).unwrap();
    refuses(&mut scene, |error| matches!(error, StoreError::Mark(None)));
}

#[test]
fn missing_state_is_named_and_nothing_made() {
    let mut scene = Scene::with("ct", &[]);
    fs::remove_file(scene.state()).unwrap();
    refuses(&mut scene, |error| matches!(error, StoreError::Missing));
    fs::remove_dir_all(scene.folder()).unwrap();
    assert!(matches!(open(&scene), Err(StoreError::Missing)));
    assert!(!scene.folder().exists());
}

#[test]
fn missing_or_filled_lock_hinders_nobody() {
    let mut scene = Scene::with("ct", &[]);
    fs::remove_file(scene.folder().join("LOCK")).unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    fs::write(scene.folder().join("LOCK"), b"anything").unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    assert_eq!(open(&scene).unwrap().generation(), 4);
}

#[test]
fn missing_mark_is_made_anew() {
    let scene = Scene::with("ct", &[]);
    let mark = fs::read(scene.mark()).unwrap();
    fs::remove_file(scene.mark()).unwrap();
    open(&scene).unwrap();
    assert!(fs::read(scene.mark()).unwrap() == mark);
}

#[test]
fn state_of_another_store_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    let other = Scene::with("ct", &[]);
    let own = scene.store.id();
    fs::copy(other.state(), scene.state()).unwrap();
    refuses(&mut scene, |error| matches!(error, StoreError::OtherStore { .. }));
    let by_id = StorePlace { mark: None, expected: Some(own), ..scene.place() };
    let error = LocalStore::open(by_id).unwrap_err();
    let found = other.store.id();
    assert!(
        matches!(error, StoreError::OtherStore { expected, found: f } if expected == own && f == found)
    );
}

#[test]
fn mark_of_another_store_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    fs::copy(Scene::new().mark(), scene.mark()).unwrap();
    let before = scene.snapshot();
    assert!(matches!(open(&scene), Err(StoreError::OtherStore { .. })));
    assert!(scene.snapshot() == before);
    refuses(&mut scene, |error| matches!(error, StoreError::OtherStore { .. }));
}

#[evidence(
    hipaa2013::"164.312(c)(1)",
    claim = "an older state put in a key store's place is noticed and refused",
    polarity = deny,
)]
fn older_state_is_refused(ev: Ev) -> Proven {
    let mut scene = Scene::with("ct", &[]);
    let older = fs::read(scene.state()).unwrap();
    scene.change(|change| change.rotate_key(&key("ct")));
    fs::write(scene.state(), older).unwrap();
    let rolled_back =
        |error: &StoreError| matches!(error, StoreError::RolledBack { seen: 3, found: 2 });
    ev.denies(open(&scene), rolled_back);
    // A process that has the store open notices it without a mark.
    fs::remove_file(scene.mark()).unwrap();
    let change = scene.store.change(scene.root.administrator(), at(9)).map(drop);
    ev.denies(change, |e| matches!(e, ChangeError::Store(StoreError::RolledBack { .. })));
    ev.proven()
}

#[test]
fn store_open_to_others_is_refused() {
    let mut scene = Scene::with("ct", &[]);
    for (path, mode) in [(scene.folder(), 0o755), (scene.folder(), 0o770), (scene.state(), 0o644)] {
        let good = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refuses(&mut scene, |error| matches!(error, StoreError::Exposed { .. }));
        fs::set_permissions(&path, good).unwrap();
    }
    open(&scene).unwrap();
}

#[test]
fn backup_mends_every_kind_of_damage() {
    type Damage = fn(&Scene);
    let damages: [Damage; 5] = [
        |scene| fs::remove_file(scene.state()).unwrap(),
        |scene| fs::remove_dir_all(scene.folder()).unwrap(),
        |scene| fs::write(scene.state(), b"").unwrap(),
        |scene| fs::write(scene.state(), vec![b'x'; 5000]).unwrap(),
        |scene| {
            let mut bad = fs::read(scene.state()).unwrap();
            bad[900] ^= 1;
            fs::write(scene.state(), bad).unwrap();
        },
    ];
    for damage in damages {
        let scene = Scene::with("ct", &[]);
        let package = seal(&scene.keys(&scene.root), "ct").unwrap();
        let copy = scene.home.path().join("copy");
        scene.store.back_up(&copy).unwrap();
        damage(&scene);
        assert!(open(&scene).is_err());
        let by = scene.root.administrator();
        LocalStore::restore(scene.place(), &copy, Present::Keep, by, at(5)).unwrap();
        let store = open(&scene).unwrap();
        assert_eq!(store.generation(), 3);
        open_with(&package, &scene.keys(&scene.root)).unwrap();
    }
}

#[test]
fn existing_store_is_never_founded_over() {
    let scene = Scene::with("ct", &[]);
    let before = scene.snapshot();
    let root = &scene.root;
    let again = |place: StorePlace| {
        LocalStore::create(place, &root.name, &root.identity, &root.signer, at(0)).map(drop)
    };
    assert!(matches!(again(scene.place()), Err(ChangeError::Output(_))));
    let unmarked = StorePlace { mark: None, ..scene.place() };
    assert!(matches!(again(unmarked), Err(ChangeError::Output(_))));
    assert!(scene.snapshot() == before);
    // Nor a new one beside the mark of another.
    let elsewhere = StorePlace { folder: scene.home.path().join("new"), ..scene.place() };
    assert!(matches!(again(elsewhere), Err(ChangeError::Store(StoreError::OtherStore { .. }))));
    assert!(!scene.home.path().join("new/state").exists());
}

#[test]
fn unusable_mark_is_told_when_the_change_is_made() {
    let mut scene = Scene::with("ct", &[]);
    let mark = scene.mark();
    let mut change = scene.store.change(scene.root.administrator(), at(9)).unwrap();
    change.rotate_key(&key("ct")).unwrap();
    fs::remove_file(&mark).unwrap();
    fs::create_dir(&mark).unwrap();
    assert!(matches!(change.commit(), Err(ChangeError::NotRemembered(_))));
    let unmarked = StorePlace { mark: None, ..place_in(scene.home.path()) };
    assert_eq!(LocalStore::open(unmarked).unwrap().generation(), 3);
}
