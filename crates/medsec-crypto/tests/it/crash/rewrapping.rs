//! A process killed at every write and every sync of a rewrap.

use std::fs::{self, OpenOptions};
use std::path::Path;

use medsec_crypto::{Header, LockedPackage, SlotCondition};
use medsec_testkit::{CrashFile, CrashPoint, Outcome};
use tempfile::TempDir;

use super::is_killed;
use crate::support::rewrap::{EVENTS, lock, rewrap};
use crate::support::sample::{Plan, Sample};
use medsec_testkit::child::{child, task};

const HELPER: &str = "crash::rewrapping::helper_rewraps";

/// Which local key opens the package: 1 before a rewrap, 2 after it, 3 after another; exactly one must.
#[track_caller]
pub(super) fn opener(sample: &Sample, package: &[u8]) -> u8 {
    let opens = |key: &u8| match sample.plan.open_as(*key, package) {
        Ok((content, _)) => {
            assert!(content == sample.content);
            true
        }
        Err(_) => false,
    };
    let openers: Vec<u8> = (1..=3).filter(opens).collect();
    assert_eq!(openers.len(), 1, "opened by {openers:?}");
    openers[0]
}

/// Everything outside the slots must be as it was.
#[track_caller]
pub(super) fn assert_untouched(sample: &Sample, package: &[u8]) {
    let layout = &sample.layout;
    assert_eq!(package.len(), sample.package.len());
    for part in [0..layout.slot_a.start, layout.slot_b.end..package.len()] {
        assert!(package[part.clone()] == sample.package[part]);
    }
}

/// Kills a rewrap from local key 1 to 2 there; gives the key that opens afterwards.
fn kill_at(sample: &Sample, path: &Path, event: u32, point: usize) -> u8 {
    fs::write(path, &sample.package).unwrap();
    let blind = sample.plan == sample.plan.blind();
    let words = [
        path.to_str().unwrap(),
        &event.to_string(),
        &point.to_string(),
        if blind { "blind" } else { "" },
    ];
    assert!(is_killed(child(HELPER, &words)));
    let package = fs::read(path).unwrap();
    assert_untouched(sample, &package);
    opener(sample, &package)
}

fn kill_everywhere(plan: Plan) {
    let sample = plan.seal();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("package");
    let mut openers = Vec::new();
    for event in 0..EVENTS {
        for point in 0..CrashPoint::ALL.len() {
            let by = kill_at(&sample, &path, event, point);
            openers.push(by);
            // The dead process's lock is gone, and the next rewrap finishes the work.
            rewrap(plan, lock(&path), by, &[3]).unwrap();
            let package = fs::read(&path).unwrap();
            let (content, opened) = plan.open_as(3, &package).unwrap();
            assert!(content == sample.content);
            assert_eq!(opened.slots, SlotCondition::Clean);
            assert_untouched(&sample, &package);
        }
    }
    println!("killed at {} points, opened afterwards by {openers:?}", openers.len());
    let first_new = openers.iter().position(|by| *by == 2).unwrap();
    assert!(openers[first_new..].iter().all(|by| *by == 2));
    assert_eq!(openers.len(), 12);
    assert!(first_new > 0);
}

#[test]
fn killed_rewrap_leaves_one_set_of_recipients() {
    kill_everywhere(Plan::new(50_000).signed().with_metadata());
}

#[test]
fn killed_blind_rewrap_leaves_one_set_of_recipients() {
    kill_everywhere(Plan::new(50_000).blind());
}

#[test]
fn rewrap_has_no_more_events_than_tested() {
    let sample = Plan::new(10).seal();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("package");
    fs::write(&path, &sample.package).unwrap();
    let words = [path.to_str().unwrap(), &EVENTS.to_string(), "0", ""];
    assert!(!is_killed(child(HELPER, &words)));
    let package = fs::read(&path).unwrap();
    assert_eq!(opener(&sample, &package), 2);
    let header = Header::read(&mut &package[..]).unwrap();
    assert_eq!((header.generation(), header.slot_condition()), (2, SlotCondition::Clean));
}

/// `path`, event, point, profile: rewraps from local key 1 to 2 and is killed on the way.
#[test]
fn helper_rewraps() {
    let Some(words) = task() else { return };
    let (event, point) = (words[1].parse().unwrap(), words[2].parse::<usize>().unwrap());
    let file = OpenOptions::new().read(true).write(true).open(&words[0]).unwrap();
    file.lock().unwrap();
    let file = CrashFile::new(file, event, CrashPoint::ALL[point], Outcome::Kill);
    let plan = match words[3].as_str() {
        "blind" => Plan::new(0).blind(),
        // What the opener expects of the signature makes no difference here.
        _ => Plan::new(0),
    };
    rewrap(plan, LockedPackage::over(file).unwrap(), 1, &[2]).unwrap();
}
