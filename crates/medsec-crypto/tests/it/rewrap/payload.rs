//! A rewrap does not touch the payload: counted, and on a file that claims to be huge.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Instant;

use medsec_crypto::LockedPackage;
use medsec_testkit::{MemoryFile, Metered, Traffic};
use tempfile::TempDir;

use crate::support::rewrap::rewrap;
use crate::support::sample::{Plan, Sample};

/// A buffered reader's size: the header may be read that far too much.
const READ_AHEAD: u64 = 8192;

/// Rewraps a file of `len` bytes that starts with the sample, the rest of it sparse.
fn traffic_at(sample: &Sample, path: &Path, len: u64) -> Traffic {
    std::fs::write(path, &sample.package).unwrap();
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.set_len(len).unwrap();
    let (file, meter) = Metered::new(file);
    let start = Instant::now();
    rewrap(sample.plan, LockedPackage::over(file).unwrap(), 1, &[2]).unwrap();
    println!("rewrap at {len} bytes: {:?}, {:?}", start.elapsed(), meter.traffic());
    meter.traffic()
}

#[test]
fn rewrap_work_does_not_grow_with_payload() {
    let sample = Plan::new(100_000).seal();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("package");
    let small = traffic_at(&sample, &path, sample.package.len() as u64);
    for len in [1 << 28, 1 << 40] {
        assert_eq!(traffic_at(&sample, &path, len), small);
    }
    let slots_end = sample.layout.slot_b.end as u64;
    assert!(small.reach <= slots_end + READ_AHEAD);
    assert_eq!(small.written, 2 * sample.layout.slot_a.len() as u64);
    assert_eq!(small.syncs, 2);
}

#[test]
fn rewrap_changes_nothing_but_slots() {
    for plan in [Plan::new(100_000).signed().with_metadata(), Plan::new(5).blind()] {
        let sample = plan.seal();
        let file = MemoryFile::new(&sample.package);
        for (from, to) in [(1, 2), (2, 3), (3, 1)] {
            rewrap(plan, LockedPackage::over(file.clone()).unwrap(), from, &[to]).unwrap();
        }
        let (before, after) = (&sample.package, file.contents());
        let slots = sample.layout.slot_a.start..sample.layout.slot_b.end;
        assert!(before[..slots.start] == after[..slots.start]);
        assert!(before[slots.end..] == after[slots.end..]);
        assert!(before[slots.clone()] != after[slots]);
    }
}
