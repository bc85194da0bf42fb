//! Several processes and threads at one package.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use medsec_crypto::{Execution, Header, LockedPackage, RewrapError};
use tempfile::TempDir;

use crate::support::kek;
use crate::support::rewrap::{lock, rewrap};
use crate::support::sample::{Plan, Sample};
use medsec_testkit::child::{child, number_in, output_of, task};

const HELPER: &str = "crash::concurrent::helper_rewraps_often";
/// Rewraps of each process.
const ROUNDS: u64 = 25;

fn package_in(folder: &TempDir) -> (Sample, std::path::PathBuf) {
    let sample = Plan::new(100_000).signed().with_metadata().seal();
    let path = folder.path().join("package");
    fs::write(&path, &sample.package).unwrap();
    (sample, path)
}

#[test]
fn second_rewrapper_is_locked_out() {
    let folder = TempDir::new().unwrap();
    let (sample, path) = package_in(&folder);
    let first = LockedPackage::open(&path).unwrap();
    assert!(matches!(LockedPackage::open(&path), Err(RewrapError::Locked)));
    let other = output_of(child(HELPER, &[path.to_str().unwrap(), "once", "at once"]));
    assert_eq!((number_in(&other, "locked"), number_in(&other, "done")), (1, 0));
    assert_eq!(fs::read(&path).unwrap(), sample.package);
    drop(first);
    let other = output_of(child(HELPER, &[path.to_str().unwrap(), "once", "wait"]));
    assert_eq!(number_in(&other, "done"), 1);
}

#[test]
fn spawned_processes_keep_no_lock() {
    // Between fork and exec a process started by another thread has a copy of the lock's descriptor.
    let folder = TempDir::new().unwrap();
    let (_, path) = package_in(&folder);
    let done = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        let stop = StopOnDrop(&done);
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let refused = (0..5000).filter(|_| LockedPackage::open(&path).is_err()).count();
        drop(stop);
        refused
    });
    assert_eq!(refused, 0, "locked although nobody rewraps");
}

#[test]
fn two_rewrapping_processes_lose_no_rewrap() {
    let folder = TempDir::new().unwrap();
    let (sample, path) = package_in(&folder);
    let run = || output_of(child(HELPER, &[path.to_str().unwrap(), "often", "wait"]));
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(run);
        (run(), one.join().unwrap())
    });
    let total: u64 = [&one, &two].map(|text| number_in(text, "done")).iter().sum();
    let locked: u64 = [&one, &two].map(|text| number_in(text, "locked")).iter().sum();
    println!("{total} rewraps by two processes, locked out {locked} times");
    assert_eq!(total, 2 * ROUNDS);
    let package = fs::read(&path).unwrap();
    let header = Header::read(&mut &package[..]).unwrap();
    assert_eq!(header.generation(), 1 + total);
    assert!(sample.plan.open(&package).unwrap().0 == sample.content);
}

#[test]
fn readers_never_fail_during_rewraps() {
    let folder = TempDir::new().unwrap();
    let (sample, path) = package_in(&folder);
    let done = AtomicBool::new(false);
    let reads = thread::scope(|scope| {
        // Also if a rewrap panics, lest the readers go on for ever.
        let stop = StopOnDrop(&done);
        let read = || read_until(&done, &sample, &path);
        let readers = [scope.spawn(read), scope.spawn(read)];
        for round in 0..200 {
            let to = [1, 2 + round % 2];
            rewrap(sample.plan, lock(&path), 1, &to).unwrap();
        }
        drop(stop);
        readers.map(|reader| reader.join().unwrap())
    });
    println!("reads during 200 rewraps: {reads:?}");
    assert!(reads.iter().all(|count| *count > 0));
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Opens the package again and again as local key 1, which stays a recipient.
fn read_until(done: &AtomicBool, sample: &Sample, path: &Path) -> usize {
    let mut count = 0;
    loop {
        let last = done.load(Ordering::Relaxed);
        let mut file = File::open(path).unwrap();
        let header = Header::read_patiently(&mut file).unwrap();
        let checked = header.check(sample.plan.expectation(1)).unwrap();
        let unlocked = checked.unlock_with(&[&kek(1)]).unwrap();
        let opened = unlocked.open_to_memory(file, 1 << 20, &Execution::default());
        assert!(*opened.unwrap().0 == sample.content);
        count += 1;
        if last {
            return count;
        }
    }
}

/// `path`, how often, whether to wait for locks: rewraps for the same key.
#[test]
fn helper_rewraps_often() {
    let Some(words) = task() else { return };
    let rounds = if words[1] == "often" { ROUNDS } else { 1 };
    let plan = Plan::new(0).signed().with_metadata();
    let (mut done, mut locked) = (0, 0);
    while done < rounds {
        match LockedPackage::open(Path::new(&words[0])) {
            Ok(package) => {
                rewrap(plan, package, 1, &[1]).unwrap();
                done += 1;
            }
            Err(RewrapError::Locked) if words[2] != "wait" => {
                locked += 1;
                break;
            }
            Err(RewrapError::Locked) => {
                locked += 1;
                thread::yield_now();
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    println!("done={done} locked={locked}");
}
