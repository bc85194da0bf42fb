//! A cut of power at every write and sync: what was not synced is lost, kept, or kept in part, sector
//! by sector, in any order.

use medsec_crypto::{LockedPackage, RewrapError};
use medsec_testkit::{CrashFile, CrashPoint, MemoryFile, Outcome, Random};

use super::rewrapping::{assert_untouched, opener};
use crate::support::rewrap::{EVENTS, rewrap};
use crate::support::sample::Plan;

const SECTOR: usize = 512;
/// Random mixtures of old and new sectors per crash.
const MIXTURES: u64 = 40;

/// Each sector from one or the other.
fn mixture(one: &[u8], other: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let pairs = one.chunks(SECTOR).zip(other.chunks(SECTOR));
    pairs
        .flat_map(|(one, other)| if random.below(2) == 0 { one } else { other })
        .copied()
        .collect()
}

fn cut_everywhere(plan: Plan) {
    let sample = plan.seal();
    let mut states = 0;
    for event in 0..EVENTS {
        for point in CrashPoint::ALL {
            let memory = MemoryFile::new(&sample.package);
            let file = CrashFile::new(memory.clone(), event, point, Outcome::Fail);
            let result = rewrap(plan, LockedPackage::over(file).unwrap(), 1, &[2]);
            assert!(matches!(result, Err(RewrapError::Io(_))));
            let (durable, seen) = (memory.durable(), memory.contents());
            let mixed = (0..MIXTURES).map(|seed| mixture(&durable, &seen, seed));
            for package in [durable.clone(), seen.clone()].into_iter().chain(mixed) {
                assert_untouched(&sample, &package);
                let by = opener(&sample, &package);
                let file = MemoryFile::new(&package);
                rewrap(plan, LockedPackage::over(file.clone()).unwrap(), by, &[3]).unwrap();
                assert!(plan.open_as(3, &file.contents()).unwrap().0 == sample.content);
                states += 1;
            }
        }
    }
    println!("{states} states after a cut of power open");
    assert_eq!(states, 12 * (2 + 40));
}

#[test]
fn cut_of_power_leaves_one_set_of_recipients() {
    cut_everywhere(Plan::new(3000).signed().with_metadata());
}

#[test]
fn cut_of_power_leaves_blind_package_openable() {
    cut_everywhere(Plan::new(3000).blind());
}
