//! Groups of outputs: all durable together, each complete under its name or absent.

use std::fs;
use std::path::Path;

use medsec_crypto::{Execution, GroupLimits, OutputError, OutputGroup, OutputOptions, PendingFile};
use tempfile::TempDir;

use super::{replacing, sample};
use crate::support::names_in;
use crate::support::sample::Sample;

fn pending(sample: &Sample, path: &Path, options: OutputOptions) -> PendingFile {
    let file = PendingFile::create(path, options).unwrap();
    let sealer = sample.plan.sealer();
    sealer.seal_to_pending(&sample.content[..], file, &Execution::default()).unwrap().1
}

fn group() -> OutputGroup<usize> {
    OutputGroup::new(GroupLimits::default())
}

#[test]
fn dropped_group_names_nothing() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let mut group = group();
    for n in 0..5 {
        let path = folder.path().join(format!("{n}"));
        group.add(pending(&sample, &path, OutputOptions::default()), 1, n);
    }
    drop(group);
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn nothing_is_listed_before_commit() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let mut group = group();
    group.add(pending(&sample, &folder.path().join("out"), OutputOptions::default()), 1, 0);
    let listed = names_in(folder.path());
    assert!(listed.iter().all(|name| name.starts_with(".medsec-")), "{listed:?}");
    assert!(group.commit()[0].1.is_ok());
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[test]
fn taken_name_fails_that_file_alone() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let mut group = group();
    for n in 0..4 {
        let path = folder.path().join(format!("{n}"));
        group.add(pending(&sample, &path, OutputOptions::default()), 1, n);
    }
    fs::write(folder.path().join("2"), "present").unwrap();
    for (n, result) in group.commit() {
        assert_eq!(matches!(result, Err(OutputError::Exists)), n == 2, "{n}: {result:?}");
    }
    assert_eq!(fs::read(folder.path().join("2")).unwrap(), b"present");
    assert_eq!(names_in(folder.path()), ["0", "1", "2", "3"]);
}

#[test]
fn removed_folder_fails_its_files_alone() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let gone = folder.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let mut group = group();
    group.add(pending(&sample, &gone.join("0"), OutputOptions::default()), 1, 0);
    group.add(pending(&sample, &folder.path().join("1"), OutputOptions::default()), 1, 1);
    fs::remove_dir_all(&gone).unwrap();
    let results = group.commit();
    assert!(matches!(results[0].1, Err(OutputError::Io(_))), "{results:?}");
    assert!(results[1].1.is_ok(), "{results:?}");
    assert_eq!(names_in(folder.path()), ["1"]);
}

#[test]
fn group_is_full_by_files_or_bytes() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let mut limits = GroupLimits::default();
    (limits.files, limits.bytes) = (3, 1000);
    for (bytes, full_at) in [(1, 3), (600, 2), (1000, 1)] {
        let mut group = OutputGroup::new(limits);
        for n in 1..=full_at {
            assert!(!group.is_full());
            group.add(pending(&sample, &folder.path().join("x"), replacing()), bytes, n);
        }
        assert!(group.is_full());
    }
}

#[test]
fn committed_files_have_their_content() {
    let folders = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let sample = sample();
    let mut all = group();
    for n in 0..40 {
        let path = folders[n % 2].path().join(format!("{n}"));
        let options = if n % 3 == 0 { replacing() } else { OutputOptions::default() };
        all.add(pending(&sample, &path, options), 1, n);
    }
    let taken = all.take();
    assert!(all.is_empty() && all.commit().is_empty());
    let results = taken.commit();
    assert!(results.iter().map(|(n, _)| *n).eq(0..40));
    for (n, result) in results {
        result.unwrap();
        let package = fs::read(folders[n % 2].path().join(format!("{n}"))).unwrap();
        assert_eq!(sample.plan.open(&package).unwrap().0, sample.content);
    }
}

#[test]
fn damaged_package_never_reaches_a_group() {
    let folder = TempDir::new().unwrap();
    let mut sample = sample();
    let last = sample.layout.payload.end - 1;
    sample.package[last] ^= 1;
    let mut source = std::io::Cursor::new(&sample.package);
    let unlocked = sample.plan.unlock(1, &mut source).unwrap();
    let file = PendingFile::create(&folder.path().join("out"), OutputOptions::default()).unwrap();
    assert!(unlocked.open_to_pending(source, file, &Execution::default()).is_err());
    assert!(names_in(folder.path()).is_empty());
}
