//! What a change does by itself: nothing, if nothing was changed, and the destructions that are due. What clock
//! counts. What follows although something failed.

use std::fs::{self, File};
use std::io::Read as _;

use super::*;
use crate::service::KeyState;
use crate::steps::fail_sync;

fn state_of(store: &LocalStore, key: &str) -> KeyState {
    store.key(&name(key)).unwrap().describe().state
}

/// A store with two keys, of which `ct` is to be destroyed at 50.
fn condemned(home: &Path) -> LocalStore {
    let mut store = create(home).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(1)).unwrap();
    change.create_key(&spec("ct")).unwrap();
    change.create_key(&spec("mri")).unwrap();
    change.schedule_destruction(&name("ct"), at(50)).unwrap();
    assert!(change.shredded().is_empty());
    change.commit().unwrap();
    store
}

#[test]
fn change_that_changes_nothing_is_not_written() {
    let home = home();
    let mut store = condemned(home.path());
    let path = home.path().join("store/state");
    let before = fs::read(&path).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(49)).unwrap();
    assert!(change.enable_key(&name("mri")).is_err());
    change.set_max_age(&name("mri"), Some(365)).unwrap();
    change.disable_key(&name("mri")).unwrap();
    assert!(change.is_changed());
    change.enable_key(&name("mri")).unwrap();
    assert!(!change.is_changed());
    change.commit().unwrap();
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(store.generation(), 2);
    let change = store.change(root.administrator(), at(49)).unwrap();
    assert!(change.carry_out().unwrap().is_empty());
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn change_names_the_keys_it_destroys_unasked() {
    let home = home();
    let mut store = condemned(home.path());
    assert!(store.due_for_destruction(at(49)).is_empty());
    assert_eq!(store.due_for_destruction(at(50)), [name("ct")]);
    let root = Keys::new(1);
    let change = store.change(root.administrator(), at(49)).unwrap();
    assert!(change.shredded().is_empty() && !change.is_changed());
    drop(change);
    let change = store.change(root.administrator(), at(50)).unwrap();
    assert_eq!(change.shredded(), [name("ct")]);
    assert!(change.is_changed());
    drop(change);
    // Dropped, it has not happened.
    assert!(matches!(state_of(&store, "ct"), KeyState::PendingDestruction { .. }));
    let change = store.change(root.administrator(), at(50)).unwrap();
    assert_eq!(change.carry_out().unwrap(), [name("ct")]);
    assert!(matches!(state_of(&store, "ct"), KeyState::Destroyed { .. }));
    assert!(store.due_for_destruction(at(1000)).is_empty());
}

#[test]
fn one_clock_tells_whether_a_key_is_overdue() {
    const YEAR: u64 = 365 * 86_400;
    let home = home();
    let mut store = create(home.path()).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(0)).unwrap();
    change.create_key(&spec("ct")).unwrap();
    change.commit().unwrap();
    // A clock that was ten years ahead, once.
    let mut change = store.change(root.administrator(), at(10 * YEAR)).unwrap();
    change.create_key(&spec("mri")).unwrap();
    change.commit().unwrap();
    let overdue = |store: &mut LocalStore, now: u64| {
        let told: Vec<KeyName> = store
            .keys()
            .map(|key| key.describe())
            .filter(|key| key.is_overdue(at(now)))
            .map(|key| key.name)
            .collect();
        let change = store.change(root.administrator(), at(now)).unwrap();
        assert_eq!(change.overdue_keys(), told, "{now}");
        told
    };
    assert!(overdue(&mut store, 100).is_empty());
    assert_eq!(overdue(&mut store, YEAR + 1), [name("ct")]);
    // A version made by a right clock is not stamped with the wrong one.
    let mut change = store.change(root.administrator(), at(YEAR + 1)).unwrap();
    change.rotate_key(&name("ct")).unwrap();
    change.create_key(&spec("us")).unwrap();
    change.commit().unwrap();
    for key in ["ct", "us"] {
        let told = store.key(&name(key)).unwrap().describe();
        assert_eq!(told.rotated, Some(at(YEAR + 1).into()));
    }
    assert_eq!(overdue(&mut store, 2 * YEAR + 2), [name("ct"), name("us")]);
    assert_eq!(store.changed(), at(10 * YEAR).into());
}

#[test]
fn replaced_state_stays_where_the_new_name_may_not_last() {
    let home = home();
    let mut store = condemned(home.path());
    let path = home.path().join("store/state");
    let before = fs::read(&path).unwrap();
    let mut replaced = File::open(&path).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(2)).unwrap();
    change.destroy_key(&name("mri")).unwrap();
    fail_sync(true);
    let committed = change.commit();
    fail_sync(false);
    let error = committed.unwrap_err();
    assert!(matches!(error, ChangeError::Output(OutputError::NameNotDurable(_))));
    assert!(error.is_done());
    let mut text = Vec::new();
    replaced.read_to_end(&mut text).unwrap();
    // After a power failure it may be the state again.
    assert!(text == before);
    // It is in place, for this process and for others, and the mark knows it.
    assert_eq!(store.generation(), 3);
    assert_eq!(LocalStore::inspect(place_in(home.path())).unwrap().generation(), 3);
    let mark = fs::read_to_string(home.path().join("mark")).unwrap();
    assert!(mark.contains("\"generation\": 3"));
}

#[test]
fn restore_whose_name_may_not_last_is_in_place() {
    let home = home();
    let store = condemned(home.path());
    let copy = home.path().join("copy");
    store.back_up(&copy).unwrap();
    let mut replaced = File::open(home.path().join("store/state")).unwrap();
    let root = Keys::new(1);
    let (place, by) = (place_in(home.path()), root.administrator());
    fail_sync(true);
    let restored = LocalStore::restore(place.clone(), &copy, Present::GiveUp, by, at(3));
    fail_sync(false);
    assert!(restored.unwrap_err().is_done());
    let mut text = Vec::new();
    replaced.read_to_end(&mut text).unwrap();
    // After a power failure it may be the state again.
    assert!(text.starts_with(b"medsec key store"));
    assert_eq!(LocalStore::inspect(place).unwrap().generation(), 3);
}

#[test]
fn errors_before_the_change_are_not_told_as_done() {
    let errors = [
        ChangeError::Locked,
        ChangeError::AdministratorsChanged,
        ChangeError::NotOlder { present: 3, copy: 2 },
        ChangeError::Copy(CopyError::Missing),
        ChangeError::Store(StoreError::Missing),
        ChangeError::Output(OutputError::Exists),
        ChangeError::Full { what: "bytes" },
    ];
    assert!(errors.iter().all(|error| !error.is_done()));
    let other = || std::io::Error::other("any");
    let done = [
        ChangeError::NotErased(other()),
        ChangeError::NotRemembered(StoreError::Forked),
        ChangeError::Output(OutputError::NameNotDurable(other())),
    ];
    assert!(done.iter().all(ChangeError::is_done));
}
