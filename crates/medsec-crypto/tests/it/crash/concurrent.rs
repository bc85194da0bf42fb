//! Several processes and threads at one package.

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use medsec_crypto::{Execution, Header, LockedPackage, RewrapError};
use tempfile::TempDir;

use crate::support::child::{child, number_in, output_of, task};
use crate::support::kek;
use crate::support::rewrap::rewrap;
use crate::support::sample::{Plan, Sample};

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
    assert!(matches!(
        LockedPackage::open(&path),
        Err(RewrapError::Locked)
    ));
    let other = output_of(child(HELPER, &[path.to_str().unwrap(), "once"]));
    assert_eq!(number_in(&other, "locked"), 1);
    assert_eq!(fs::read(&path).unwrap(), sample.package);
    drop(first);
    let other = output_of(child(HELPER, &[path.to_str().unwrap(), "once"]));
    assert_eq!(
        (number_in(&other, "locked"), number_in(&other, "done")),
        (0, 1)
    );
}

#[test]
fn two_rewrapping_processes_lose_no_rewrap() {
    let folder = TempDir::new().unwrap();
    let (sample, path) = package_in(&folder);
    let run = || output_of(child(HELPER, &[path.to_str().unwrap(), "often"]));
    let (one, two) = thread::scope(|scope| {
        let one = scope.spawn(run);
        (run(), one.join().unwrap())
    });
    let total: u64 = [&one, &two]
        .map(|text| number_in(text, "done"))
        .iter()
        .sum();
    let locked: u64 = [&one, &two]
        .map(|text| number_in(text, "locked"))
        .iter()
        .sum();
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
        let read = || read_until(&done, &sample, &path);
        let readers = [scope.spawn(read), scope.spawn(read)];
        for round in 0..200 {
            let to = [1, 2 + round % 2];
            rewrap(sample.plan, LockedPackage::open(&path).unwrap(), 1, &to).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        readers.map(|reader| reader.join().unwrap())
    });
    println!("reads during 200 rewraps: {reads:?}");
    assert!(reads.iter().all(|count| *count > 0));
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

/// `path`, how often: rewraps for the same key, waiting for locks if it is to do so often.
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
            Err(RewrapError::Locked) if rounds == 1 => {
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
