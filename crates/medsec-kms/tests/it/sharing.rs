//! Who else may read a store, and what reading it writes, makes and waits for.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use medsec_kms::{
    ChangeError, CopyError, LocalStore, Present, StoreError, StorePlace, contents_of_copy,
};

use crate::support::{Scene, at, key};
use medsec_testkit::child::{child, output_of, task};

/// A group that nobody here is in, and a user.
const GROUP: u32 = 4242;
const NOBODY: u32 = 65_534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

/// A store that its group may read.
fn shared() -> Scene {
    let scene = Scene::with("ct", &[]);
    set_mode(&scene.folder(), 0o750);
    set_mode(&scene.state(), 0o640);
    scene
}

/// Everything that a write would show.
fn stamps(folder: &Path) -> BTreeMap<PathBuf, (u64, i64, i64, u32)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = entries.chain([folder.to_owned()]);
    let stamp = |path: PathBuf| {
        let about = fs::metadata(&path).unwrap();
        (path, (about.ino(), about.mtime(), about.mtime_nsec(), about.mode()))
    };
    all.map(stamp).collect()
}

#[test]
fn store_of_its_owner_alone_stays_so() {
    let mut scene = Scene::with("ct", &[]);
    scene.change(|change| change.rotate_key(&key("ct")));
    assert_eq!(mode(&scene.state()), 0o600);
    // Neither is a right to write kept, nor made.
    set_mode(&scene.state(), 0o400);
    scene.change(|change| change.rotate_key(&key("ct")));
    assert_eq!(mode(&scene.state()), 0o600);
}

#[test]
fn group_that_may_read_keeps_the_right() {
    let mut scene = shared();
    // Only root gives files to any group.
    let chosen = chown(scene.state(), None, Some(GROUP)).is_ok();
    let group = fs::metadata(scene.state()).unwrap().gid();
    assert!(!chosen || group == GROUP);
    let copy = scene.home.path().join("copy");
    scene.store.back_up(&copy).unwrap();
    let kept = |scene: &Scene| {
        assert_eq!(mode(&scene.state()), 0o640);
        assert_eq!(fs::metadata(scene.state()).unwrap().gid(), group);
        assert_eq!(mode(&scene.folder().join("LOCK")), 0o600);
    };
    for _ in 0..2 {
        scene.change(|change| change.rotate_key(&key("ct")));
        kept(&scene);
    }
    let by = scene.root.administrator();
    LocalStore::restore(scene.place(), &copy, Present::GiveUp, by, at(900)).unwrap();
    kept(&scene);
    // Copies and states that were set aside are the owner's.
    for file in scene.snapshot().keys().filter(|file| **file != scene.state()) {
        assert_eq!(mode(file), 0o600);
    }
    fs::write(scene.state(), b"damaged").unwrap();
    LocalStore::restore(scene.place(), &copy, Present::GiveUp, by, at(900)).unwrap();
    kept(&scene);
}

#[test]
fn reader_writes_nothing_but_a_mark() {
    let scene = shared();
    let before = stamps(&scene.folder());
    let mark = scene.home.path().join("mark-of-a-reader");
    let place = StorePlace { mark: Some(mark.clone()), ..scene.place() };
    LocalStore::open(place).unwrap();
    assert!(mark.exists());
    assert_eq!(stamps(&scene.folder()), before);
}

#[test]
fn member_of_the_group_opens_and_others_do_not() {
    let scene = shared();
    if chown(scene.state(), None, Some(GROUP)).is_err() {
        return println!("only root can become somebody else");
    }
    chown(scene.folder(), None, Some(GROUP)).unwrap();
    set_mode(scene.home.path(), 0o711);
    let home = scene.home.path().to_str().unwrap();
    let as_member_of = |group: u32| {
        let mut command = child("sharing::helper_opens", &[home]);
        command.uid(NOBODY).gid(group);
        command
    };
    // Where the user cannot run the tests' program at all, nothing is shown.
    let runs = |mut command: Command| command.status().is_ok_and(|status| status.success());
    let mut idle = child("sharing::helper_opens", &["none"]);
    idle.uid(NOBODY).gid(GROUP);
    if !runs(idle) {
        return println!("another user cannot run this program");
    }
    assert!(output_of(as_member_of(GROUP)).contains("opened"));
    assert!(!output_of(as_member_of(NOBODY)).contains("opened"));
}

/// Home: opens the store in it without a mark.
#[test]
fn helper_opens() {
    let Some(words) = task() else { return };
    let place = StorePlace { mark: None, ..crate::support::place_in(words[0].as_ref()) };
    if LocalStore::open(place).is_ok() {
        println!("opened");
    }
}

#[test]
fn inspecting_compares_and_writes_nothing() {
    let mut scene = Scene::with("ct", &[]);
    let (older, mark) = (fs::read(scene.state()).unwrap(), fs::read(scene.mark()).unwrap());
    scene.change(|change| change.rotate_key(&key("ct")));
    // A mark that is behind, or missing, stays so.
    fs::write(scene.mark(), &mark).unwrap();
    let before = scene.snapshot();
    assert_eq!(LocalStore::inspect(scene.place()).unwrap().generation(), 3);
    assert!(scene.snapshot() == before);
    fs::remove_file(scene.mark()).unwrap();
    LocalStore::inspect(scene.place()).unwrap();
    assert!(!scene.mark().exists());
    LocalStore::open(scene.place()).unwrap();
    fs::write(scene.state(), older).unwrap();
    let refused = LocalStore::inspect(scene.place());
    assert!(matches!(refused, Err(StoreError::RolledBack { seen: 3, found: 2 })));
}

#[test]
fn missing_folders_of_a_mark_are_made_for_their_owner() {
    let scene = Scene::with("ct", &[]);
    let folder = scene.home.path().join("a/b");
    let place = StorePlace { mark: Some(folder.join("mark")), ..scene.place() };
    LocalStore::open(place.clone()).unwrap();
    assert!(folder.join("mark").exists());
    assert_eq!([mode(&folder), mode(folder.parent().unwrap())], [0o700, 0o700]);
    LocalStore::open(place).unwrap();
}

fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg("-m").arg("600").arg(path).status().unwrap().success());
}

#[test]
fn pipes_are_refused_without_waiting() {
    let mut scene = Scene::with("ct", &[]);
    let copy = scene.home.path().join("copy");
    scene.store.back_up(&copy).unwrap();
    let by = scene.root.administrator();
    let fifo = scene.home.path().join("fifo");
    pipe(&fifo);
    assert!(matches!(contents_of_copy(&fifo), Err(CopyError::Format)));
    let refused = LocalStore::restore(scene.place(), &fifo, Present::GiveUp, by, at(900));
    assert!(matches!(refused, Err(ChangeError::Copy(CopyError::Format))));
    let marked = StorePlace { mark: Some(fifo), ..scene.place() };
    assert!(matches!(LocalStore::open(marked), Err(StoreError::Mark(None))));
    pipe(&scene.state());
    assert!(matches!(LocalStore::open(scene.place()), Err(StoreError::Format)));
    let refused = scene.store.change(by, at(900)).map(drop);
    assert!(matches!(refused, Err(ChangeError::Store(StoreError::Format))));
    // A copy takes its place.
    LocalStore::restore(scene.place(), &copy, Present::Keep, by, at(900)).unwrap();
    LocalStore::open(scene.place()).unwrap();
}

#[test]
fn pipe_in_the_state_s_place_is_not_written_over() {
    let mut scene = Scene::with("ct", &[]);
    let state = scene.state();
    let mut change = scene.store.change(scene.root.administrator(), at(900)).unwrap();
    change.rotate_key(&key("ct")).unwrap();
    pipe(&state);
    assert!(matches!(change.commit(), Err(ChangeError::Store(StoreError::Format))));
    assert!(!fs::metadata(&state).unwrap().is_file());
}
