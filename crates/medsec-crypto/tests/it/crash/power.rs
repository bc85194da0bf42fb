//! A cut of power at every write and sync: what was not synced is lost, kept, or kept in part, sector
//! by sector, in any order.

use medsec_crypto::{LockedPackage, RewrapError, Rewrapped};
use medsec_testkit::{CrashFile, CrashPoint, MemoryFile, Outcome, Random};

use super::rewrapping::{assert_untouched, opener};
use crate::support::rewrap::{EVENTS, SCRUB, rewrap, rewrap_in_group};
use crate::support::sample::{Plan, Sample};

const SECTOR: usize = 512;
/// Random mixtures of old and new sectors per crash.
const MIXTURES: u64 = 40;

/// Each sector from one or the other.
fn mixture(one: &[u8], other: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let pairs = one.chunks(SECTOR).zip(other.chunks(SECTOR));
    pairs.flat_map(|(one, other)| if random.below(2) == 0 { one } else { other }).copied().collect()
}

/// Where a rewrap starts from.
#[derive(Clone, Copy)]
enum Start {
    /// A package as sealed, for local key 1.
    Sealed,
    /// One whose rewrap to local key 2 was killed before its first sync: whole in the page cache only.
    Unsynced,
    /// One whose rewrap to local key 2 was killed before the scrub.
    Unfinished,
}

impl Start {
    /// The file, the key that opens it now and the number of writes and syncs of the next rewrap.
    fn make(self, sample: &Sample) -> (MemoryFile, u8, u32) {
        let memory = MemoryFile::new(&sample.package);
        let killed_at = match self {
            Self::Sealed => return (memory, 1, EVENTS),
            Self::Unsynced => 1,
            Self::Unfinished => SCRUB,
        };
        let point = CrashPoint::Before;
        let file = CrashFile::new(memory.clone(), killed_at, point, Outcome::Fail);
        let package = LockedPackage::over(file).unwrap();
        rewrap(sample.plan, package, 1, &[2]).unwrap_err();
        (memory, 2, EVENTS + 2)
    }
}

/// One of the ways to rewrap.
type Way =
    fn(Plan, LockedPackage<CrashFile<MemoryFile>>, u8, &[u8]) -> Result<Rewrapped, RewrapError>;

fn cut_everywhere(plan: Plan, start: Start) {
    for way in [rewrap, rewrap_in_group] as [Way; 2] {
        cut_one_way(plan, start, way);
    }
}

fn cut_one_way(plan: Plan, start: Start, way: Way) {
    let sample = plan.seal();
    let (mut states, mut crashes) = (0, 0);
    loop {
        let event = crashes / 3;
        let point = CrashPoint::ALL[usize::try_from(crashes % 3).unwrap()];
        let (memory, from, events) = start.make(&sample);
        let file = CrashFile::new(memory.clone(), event, point, Outcome::Fail);
        let result = way(plan, LockedPackage::over(file).unwrap(), from, &[from + 1]);
        if event == events {
            result.unwrap();
            break;
        }
        assert!(matches!(result, Err(RewrapError::Write(_) | RewrapError::NotScrubbed(..))));
        crashes += 1;
        let (durable, seen) = (memory.durable(), memory.contents());
        let mixed = (0..MIXTURES).map(|seed| mixture(&durable, &seen, seed));
        for package in [durable.clone(), seen.clone()].into_iter().chain(mixed) {
            assert_untouched(&sample, &package);
            let by = opener(&sample, &package);
            let file = MemoryFile::new(&package);
            let locked = LockedPackage::over(file.clone()).unwrap();
            rewrap(plan, locked, by, &[9]).unwrap();
            assert!(plan.open_as(9, &file.contents()).unwrap().0 == sample.content);
            states += 1;
        }
    }
    println!("{crashes} cuts of power, {states} states after them open");
    assert_eq!(states, crashes * (2 + u32::try_from(MIXTURES).unwrap()));
}

#[test]
fn cut_of_power_leaves_one_set_of_recipients() {
    cut_everywhere(Plan::new(3000).signed().with_metadata(), Start::Sealed);
}

#[test]
fn cut_of_power_leaves_blind_package_openable() {
    cut_everywhere(Plan::new(3000).blind(), Start::Sealed);
}

#[test]
fn cut_of_power_after_a_killed_rewrap_loses_nothing() {
    cut_everywhere(Plan::new(3000), Start::Unsynced);
}

#[test]
fn cut_of_power_while_finishing_a_rewrap_loses_nothing() {
    cut_everywhere(Plan::new(3000), Start::Unfinished);
}
