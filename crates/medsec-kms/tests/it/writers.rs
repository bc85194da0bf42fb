//! Two writers and many readers at one store, as threads and as processes.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use medsec_kms::{ChangeError, LocalStore, Role, StorePlace};

use crate::support::package::seal;
use crate::support::{Person, Scene, change_as, key};
use medsec_testkit::child::{child, output_of, task};

const COMMITS: u32 = 40;

/// Makes that many changes, waiting its turn.
fn write(place: &StorePlace, by: &Person) {
    let mut store = LocalStore::open(place.clone()).unwrap();
    let mut made = 0;
    let begun = Instant::now();
    while made < COMMITS {
        assert!(begun.elapsed() < Duration::from_secs(300), "{made} changes");
        match change_as(&mut store, by, |change| change.rotate_key(&key("ct"))) {
            Ok(()) => made += 1,
            Err(ChangeError::Locked) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Reads until told to stop; every state that is seen must be whole and not older than the last.
fn read(place: &StorePlace, person: &Person, stop: &AtomicBool) -> u32 {
    let (mut reads, mut last) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let store = LocalStore::open(place.clone()).unwrap();
        assert!(store.generation() >= last);
        last = store.generation();
        seal(&store.unlock(person.identity()).unwrap(), "ct").unwrap();
        reads += 1;
    }
    reads
}

#[test]
fn threads_lose_no_change_and_no_reader_fails() {
    let ann = Person::new("ann");
    let mut scene = Scene::with("ct", &[&ann]);
    let second = Person::new("second");
    scene.change(|change| change.add_user(second.as_new(Role::Administrator)));
    let (place, stop, reads) = (scene.place(), AtomicBool::new(false), AtomicU32::new(0));
    // One reader with the writers' mark, one with a mark of its own, one without.
    let places = [
        place.clone(),
        StorePlace { mark: Some(scene.home.path().join("mark-of-ann")), ..place.clone() },
        StorePlace { mark: None, ..place.clone() },
    ];
    thread::scope(|scope| {
        for place in &places {
            scope.spawn(|| reads.fetch_add(read(place, &ann, &stop), Ordering::Relaxed));
        }
        let writers = [&scene.root, &second].map(|by| scope.spawn(|| write(&place, by)));
        let ended = writers.map(|writer| writer.join().is_ok());
        stop.store(true, Ordering::Relaxed);
        assert_eq!(ended, [true, true]);
    });
    let store = LocalStore::open(place).unwrap();
    println!("{} changes, {} reads", 2 * COMMITS, reads.into_inner());
    assert_eq!(store.generation(), u64::from(3 + 2 * COMMITS));
    assert_eq!(store.key(&key("ct")).unwrap().versions().count(), 1 + 2 * COMMITS as usize);
}

#[test]
fn lock_whose_name_was_taken_keeps_nobody_out() {
    let mut scene = Scene::with("ct", &[]);
    let path = scene.folder().join("LOCK");
    let first = File::open(&path).unwrap();
    first.lock().unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            scene.change(|change| change.rotate_key(&key("ct")));
            ended.store(true, Ordering::SeqCst);
        });
        thread::sleep(Duration::from_millis(200));
        // Now it waits for a file that is no longer the store's.
        std::fs::remove_file(&path).unwrap();
        let second = File::create(&path).unwrap();
        second.lock().unwrap();
        drop(first);
        thread::sleep(Duration::from_millis(300));
        assert!(!ended.load(Ordering::SeqCst), "two writers at once");
        drop(second);
    });
    assert_eq!(scene.store.generation(), 3);
}

#[test]
fn processes_lose_no_change_and_no_reader_fails() {
    let scene = Scene::with("ct", &[]);
    let keys = |number: u8| {
        [
            hex(scene.root.identity.expose_secret()),
            hex(scene.root.signer.expose_seed()),
            number.to_string(),
        ]
    };
    let home = scene.home.path().to_str().unwrap().to_owned();
    let outputs: Vec<String> = thread::scope(|scope| {
        let started: Vec<_> = (0..4)
            .map(|number| {
                let [identity, signer, role] = keys(number % 2);
                let words = [home.clone(), identity, signer, role];
                scope.spawn(move || {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    output_of(child("writers::helper_reads_or_writes", &words))
                })
            })
            .collect();
        started.into_iter().map(|child| child.join().unwrap()).collect()
    });
    assert_eq!(outputs.len(), 4);
    let store = LocalStore::open(scene.place()).unwrap();
    assert_eq!(store.generation(), u64::from(2 + 2 * COMMITS));
}

/// Home, identity, signer, `0` to write or `1` to read.
#[test]
fn helper_reads_or_writes() {
    let Some(words) = task() else { return };
    let person = Person::of(unhex(&words[1]), unhex(&words[2]));
    let place = crate::support::place_in(words[0].as_ref());
    if words[3] == "0" {
        return write(&place, &person);
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_secs(2));
            stop.store(true, Ordering::Relaxed);
        });
        println!("{} reads", read(&place, &person, &stop));
    });
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
}
