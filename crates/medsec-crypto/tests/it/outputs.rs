//! Output files: complete under their name, or not there at all.

#[cfg(unix)]
mod folders;
mod group;

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use medsec_crypto::{
    Access, Execution, Existing, OpenError, Opened, OutputError, OutputOptions, SealError, Sealed,
    sweep_unfinished, write_file,
};
use medsec_testkit::{FailingWriter, ShortWriter};
use tempfile::TempDir;

use crate::support::names_in;
use crate::support::sample::{Plan, Sample};

fn sample() -> Sample {
    Plan::new(40_000).signed().with_metadata().seal()
}

fn replacing() -> OutputOptions {
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    options
}

fn open_to(sample: &Sample, path: &Path, options: OutputOptions) -> Result<Opened, OpenError> {
    let mut source = Cursor::new(&sample.package);
    let unlocked = sample.plan.unlock(1, &mut source)?;
    unlocked.open_to_file(source, path, options, &Execution::default())
}

fn seal_to(sample: &Sample, path: &Path, options: OutputOptions) -> Result<Sealed, SealError> {
    let sealer = sample.plan.sealer();
    sealer.seal_to_file(&sample.content[..], path, options, &Execution::default())
}

/// The output error of opening and of sealing into `path`.
#[track_caller]
fn refusals(path: &Path, options: OutputOptions) -> [OutputError; 2] {
    let sample = sample();
    let opened = match open_to(&sample, path, options) {
        Err(OpenError::Output(error)) => error,
        other => panic!("{other:?}"),
    };
    let sealed = match seal_to(&sample, path, options) {
        Err(SealError::Output(error)) => error,
        other => panic!("{other:?}"),
    };
    [opened, sealed]
}

#[track_caller]
fn assert_exists(path: &Path) {
    for error in refusals(path, OutputOptions::default()) {
        assert!(matches!(error, OutputError::Exists), "{error:?}");
    }
}

#[track_caller]
fn assert_not_a_file(path: &Path) {
    for error in refusals(path, replacing()) {
        assert!(matches!(error, OutputError::NotAFile), "{error:?}");
    }
}

#[test]
fn existing_output_is_left_untouched() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "present").unwrap();
    assert_exists(&path);
    assert_eq!(fs::read(&path).unwrap(), b"present");
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[test]
fn small_file_is_written_whole_and_replaces_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("manifest");
    write_file(&path, b"first", OutputOptions::default()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"first");
    let again = write_file(&path, b"second", OutputOptions::default());
    assert!(matches!(again, Err(OutputError::Exists)), "{again:?}");
    assert_eq!(fs::read(&path).unwrap(), b"first");
    write_file(&path, b"second", replacing()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names_in(folder.path()), ["manifest"]);
}

#[test]
fn package_is_not_opened_onto_itself() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("package");
    let sample = sample();
    fs::write(&path, &sample.package).unwrap();
    let mut source = fs::File::open(&path).unwrap();
    let unlocked = sample.plan.unlock(1, &mut source).unwrap();
    let options = OutputOptions::default();
    let result = unlocked.open_to_file(source, &path, options, &Execution::default());
    assert!(matches!(result, Err(OpenError::Output(OutputError::Exists))));
    assert_eq!(fs::read(&path).unwrap(), sample.package);
}

#[test]
fn folder_as_output_is_refused() {
    let folder = TempDir::new().unwrap();
    assert_exists(folder.path());
    assert_not_a_file(folder.path());
}

#[test]
fn missing_folder_is_refused() {
    let folder = TempDir::new().unwrap();
    let path: PathBuf = folder.path().join("missing/out");
    for options in [OutputOptions::default(), replacing()] {
        for error in refusals(&path, options) {
            assert!(matches!(error, OutputError::Io(_)), "{error:?}");
        }
    }
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn damaged_package_leaves_replaced_file_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "present").unwrap();
    let mut sample = sample();
    let last = sample.layout.payload.end - 1;
    sample.package[last] ^= 1;
    let error = open_to(&sample, &path, replacing()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { chunk: 2 }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), b"present");
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[test]
fn full_disk_fails_the_sealing() {
    let sample = sample();
    for room in [0, 100, 4300, sample.package.len() - 1] {
        let writer = FailingWriter::new(Vec::new(), room);
        let sealer = sample.plan.sealer();
        let error = sealer.seal(&sample.content[..], writer, &Execution::default());
        match error {
            Err(SealError::Write(error)) => {
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn slow_writer_gets_the_whole_package() {
    let sample = sample();
    let mut writer = ShortWriter::new(Vec::new(), 5000, 1);
    let sealer = sample.plan.sealer();
    let sealed = sealer.seal(&sample.content[..], &mut writer, &Execution::default()).unwrap();
    let package = writer.into_inner();
    assert_eq!(sealed.package_len, package.len() as u64);
    assert_eq!(sample.plan.open(&package).unwrap().0, sample.content);
}

#[test]
fn replaced_file_has_the_new_content() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "present").unwrap();
    let sample = sample();
    open_to(&sample, &path, replacing()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), sample.content);
    seal_to(&sample, &path, replacing()).unwrap();
    let package = fs::read(&path).unwrap();
    assert_eq!(sample.plan.open(&package).unwrap().0, sample.content);
    assert_eq!(names_in(folder.path()), ["out"]);
}

#[test]
fn new_output_has_the_whole_content() {
    let folder = TempDir::new().unwrap();
    let sample = sample();
    for (name, options) in [("one", OutputOptions::default()), ("two", replacing())] {
        let path = folder.path().join(name);
        let opened = open_to(&sample, &path, options).unwrap();
        assert_eq!(fs::read(&path).unwrap(), sample.content);
        assert_eq!(opened.plain_len, sample.content.len() as u64);
    }
    assert_eq!(names_in(folder.path()), ["one", "two"]);
}

#[test]
fn output_without_folder_goes_to_current_one() {
    // A bare name has an empty parent. Unique, because the tests share their current folder.
    let name = format!("medsec-it-{}.tmp", std::process::id());
    let sample = sample();
    open_to(&sample, Path::new(&name), OutputOptions::default()).unwrap();
    let content = fs::read(&name).unwrap();
    fs::remove_file(&name).unwrap();
    assert_eq!(content, sample.content);
}

#[test]
fn sweep_leaves_other_files_alone() {
    let folder = TempDir::new().unwrap();
    let others = ["out", ".medsec-x", "medsec-x.part", ".medsec-x.part.bak"];
    for name in others.iter().chain(&[".medsec-0123456789abcdef.part"]) {
        fs::write(folder.path().join(name), "x").unwrap();
    }
    let young = sweep_unfinished(folder.path(), Duration::from_secs(3600)).unwrap();
    assert_eq!((young, names_in(folder.path()).len()), (0, 5));
    assert_eq!(sweep_unfinished(folder.path(), Duration::ZERO).unwrap(), 1);
    assert!(names_in(folder.path()).iter().all(|name| others.contains(&name.as_str())));
    assert!(sweep_unfinished(&folder.path().join("missing"), Duration::ZERO).is_err());
}

#[cfg(unix)]
#[test]
fn plaintext_output_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let sample = sample();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (name, options) in [("one", OutputOptions::default()), ("two", replacing())] {
        let path = folder.path().join(name);
        open_to(&sample, &path, options).unwrap();
        assert_eq!(mode(&path), 0o600);
    }
    let mut options = OutputOptions::default();
    options.access = Access::Umask;
    let path = folder.path().join("three");
    seal_to(&sample, &path, options).unwrap();
    // What the umask is, an ordinary file of the same process shows.
    fs::write(folder.path().join("ordinary"), "x").unwrap();
    assert_eq!(mode(&path), mode(&folder.path().join("ordinary")));
}
