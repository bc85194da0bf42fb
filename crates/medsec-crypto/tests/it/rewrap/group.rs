//! Rewraps that become durable together: each package opens with the old or the new recipients.

use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};

use medsec_crypto::{
    Confirmation, GroupLimits, LockedPackage, PackageFile, RewrapError, RewrapGroup,
};
use medsec_testkit::MemoryFile;
use tempfile::TempDir;

use crate::support::rewrap::{confirm, lock, rewrap, start};
use crate::support::sample::{Plan, Sample};

fn plan() -> Plan {
    Plan::new(3000).signed().with_metadata()
}

fn group<F: PackageFile>() -> RewrapGroup<usize, F> {
    RewrapGroup::new(GroupLimits::default())
}

/// Starts the rewrap of `count` copies from local key 1 to 2.
fn started(sample: &Sample, count: usize) -> (Vec<MemoryFile>, RewrapGroup<usize, MemoryFile>) {
    let files: Vec<_> = (0..count).map(|_| MemoryFile::new(&sample.package)).collect();
    let mut group = group();
    for (number, file) in files.iter().enumerate() {
        let package = LockedPackage::over(file.clone()).unwrap();
        group.add(start(sample.plan, package, 1, &[2]).unwrap(), number);
    }
    (files, group)
}

fn opens(sample: &Sample, package: &[u8], key: u8) -> bool {
    sample.plan.open_as(key, package).is_ok_and(|(content, _)| content == sample.content)
}

#[test]
fn dropped_group_leaves_packages_for_the_next_rewrap() {
    let sample = plan().seal();
    let (files, group) = started(&sample, 3);
    drop(group);
    for file in files {
        let seen = file.contents();
        let by = if opens(&sample, &seen, 1) { 1 } else { 2 };
        assert!(opens(&sample, &seen, by));
        assert!(opens(&sample, &file.durable(), 1), "the old ones are durable");
        rewrap(sample.plan, LockedPackage::over(file.clone()).unwrap(), by, &[3]).unwrap();
        assert!(opens(&sample, &file.contents(), 3) && !opens(&sample, &file.contents(), by));
    }
}

#[test]
fn package_that_is_not_confirmed_alone_keeps_its_recipients() {
    let sample = plan().seal();
    let (files, group) = started(&sample, 4);
    let results = group.commit(|number, header| match number {
        2 => Confirmation::Failed,
        _ => confirm(sample.plan, header, 2),
    });
    for (number, result) in results {
        let seen = files[number].contents();
        assert_eq!(matches!(result, Err(RewrapError::NotConfirmed)), number == 2, "{result:?}");
        assert_eq!(
            (opens(&sample, &seen, 1), opens(&sample, &seen, 2)),
            (number == 2, number != 2)
        );
        assert!(seen == files[number].durable());
    }
}

#[test]
fn strange_data_key_is_no_confirmation() {
    let sample = plan().seal();
    let other = plan().seal();
    let (files, group) = started(&sample, 1);
    let header = medsec_crypto::Header::read(&mut &other.package[..]).unwrap();
    let results = group.commit(|_, _| confirm(other.plan, &header, 1));
    assert!(matches!(results[0].1, Err(RewrapError::NotConfirmed)), "{results:?}");
    assert!(opens(&sample, &files[0].contents(), 1));
}

thread_local! {
    /// Calls that make files durable together; the one of this number fails.
    static SYNCS: Cell<(u32, Option<u32>)> = const { Cell::new((0, None)) };
}

/// Counts how often files are made durable together.
struct Counting(MemoryFile);

impl Read for Counting {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Seek for Counting {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl PackageFile for Counting {
    fn sync(&mut self) -> io::Result<()> {
        panic!("one by one");
    }

    fn sync_together(files: &mut [&mut Self]) -> io::Result<()> {
        let (count, failing) = SYNCS.get();
        SYNCS.set((count + 1, failing));
        if failing == Some(count) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        files.iter_mut().try_for_each(|file| file.0.sync())
    }
}

fn counted(sample: &Sample, count: usize) -> (Vec<MemoryFile>, RewrapGroup<usize, Counting>) {
    let files: Vec<_> = (0..count).map(|_| MemoryFile::new(&sample.package)).collect();
    let mut group = group();
    for (number, file) in files.iter().enumerate() {
        let package = LockedPackage::over(Counting(file.clone())).unwrap();
        group.add(start(sample.plan, package, 1, &[2]).unwrap(), number);
    }
    (files, group)
}

#[test]
fn failed_first_sync_keeps_the_old_recipients_durable() {
    let sample = plan().seal();
    let (files, group) = counted(&sample, 5);
    SYNCS.set((0, Some(0)));
    let results = group.commit(|_, _| panic!("nothing to confirm"));
    assert!(results.iter().all(|(_, result)| matches!(result, Err(RewrapError::Write(_)))));
    for file in files {
        assert!(opens(&sample, &file.durable(), 1) && opens(&sample, &file.contents(), 2));
    }
}

#[test]
fn failed_second_sync_tells_that_the_old_list_may_still_be_there() {
    let sample = plan().seal();
    let (files, group) = counted(&sample, 5);
    SYNCS.set((0, Some(1)));
    for (number, result) in group.commit(|_, header| confirm(sample.plan, header, 2)) {
        assert!(matches!(result, Err(RewrapError::NotScrubbed(..))), "{result:?}");
        assert!(opens(&sample, &files[number].durable(), 2));
    }
}

#[test]
fn whole_group_waits_for_the_disk_twice() {
    let sample = plan().seal();
    let (files, group) = counted(&sample, 20);
    let results = group.commit(|_, header| confirm(sample.plan, header, 2));
    assert!(results.iter().all(|(_, result)| result.is_ok()));
    assert_eq!(SYNCS.get().0, 2);
    assert!(files.iter().all(|file| {
        let package = file.durable();
        opens(&sample, &package, 2) && !opens(&sample, &package, 1)
    }));
}

#[test]
fn files_of_a_group_have_their_new_recipients() {
    let folder = TempDir::new().unwrap();
    let sample = plan().seal();
    let mut all = group();
    let path = |number: usize| folder.path().join(format!("{number}"));
    for number in 0..12 {
        fs::write(path(number), &sample.package).unwrap();
        all.add(start(sample.plan, lock(&path(number)), 1, &[2]).unwrap(), number);
    }
    assert!(matches!(LockedPackage::open(&path(3)), Err(RewrapError::Locked)));
    let taken = all.take();
    assert!(all.is_empty() && all.commit(|_, _| Confirmation::Failed).is_empty());
    let results = taken.commit(|_, header| confirm(sample.plan, header, 2));
    assert!(results.iter().map(|(number, _)| *number).eq(0..12));
    for (number, result) in results {
        assert_eq!(result.unwrap().generation, 2);
        let package = fs::read(path(number)).unwrap();
        assert!(opens(&sample, &package, 2) && !opens(&sample, &package, 1));
    }
}

#[test]
fn group_is_full_by_its_files() {
    let sample = plan().seal();
    let mut limits = GroupLimits::default();
    limits.files = 3;
    let mut group = RewrapGroup::new(limits);
    for number in 0..3 {
        assert!(!group.is_full());
        let package = LockedPackage::over(MemoryFile::new(&sample.package)).unwrap();
        group.add(start(sample.plan, package, 1, &[2]).unwrap(), number);
    }
    assert!(group.is_full());
}
