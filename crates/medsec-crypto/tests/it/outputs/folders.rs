//! Outputs in odd places: links, pipes, folders without rights, a file size limit for a full disk.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use medsec_crypto::{OpenError, OutputError, OutputOptions, SealError};
use tempfile::TempDir;

use super::{assert_exists, assert_not_a_file, open_to, sample, seal_to};
use crate::support::names_in;
use medsec_testkit::child::{child, output_of, task};

const HELPER: &str = "outputs::folders::helper_writes_outputs";
/// An account without rights of its own, for when the tests run as root.
const NOBODY: u32 = 65_534;

#[test]
fn link_as_output_is_refused() {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("target");
    fs::write(&target, "present").unwrap();
    let (link, dangling) = (folder.path().join("link"), folder.path().join("dangling"));
    symlink(&target, &link).unwrap();
    symlink(folder.path().join("nowhere"), &dangling).unwrap();
    for path in [&link, &dangling] {
        assert_exists(path);
        assert_not_a_file(path);
    }
    assert_eq!(fs::read(&target).unwrap(), b"present");
    assert_eq!(names_in(folder.path()), ["dangling", "link", "target"]);
}

#[test]
fn pipe_as_output_is_refused() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from(0o600), 0).unwrap();
    // Were it opened, this would wait for a reader for ever.
    assert_exists(&pipe);
    assert_not_a_file(&pipe);
    assert_eq!(names_in(folder.path()), ["pipe"]);
}

#[test]
fn read_only_folder_is_refused() {
    let text = outputs_in_folder_of_mode(0o500);
    assert!(text.contains("open: Io") && text.contains("seal: Io"), "{text}");
}

#[test]
fn folder_that_cannot_be_synced_is_told() {
    // Its owner may make files there but not open it, so that their names cannot be made durable.
    let text = outputs_in_folder_of_mode(0o300);
    for way in ["open", "seal"] {
        let is_complete = text.contains(&format!("{way}: NameNotDurable"));
        let is_there = text.contains(&format!("{way} left a file"));
        assert_eq!(is_complete, is_there, "{text}");
        assert!(is_complete || text.contains(&format!("{way}: Io")), "{text}");
    }
}

#[test]
fn full_disk_leaves_no_output() {
    let folder = TempDir::new().unwrap();
    let inner = child(HELPER, &[folder.path().to_str().unwrap()]);
    let mut limited = Command::new("sh");
    // An ignored SIGXFSZ is inherited; writes beyond the limit then fail as on a full disk.
    limited.arg("-c").arg("trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"");
    limited.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        limited.env(name, value.unwrap());
    }
    let text = output_of(limited);
    assert!(text.contains("open: Write") && text.contains("seal: Write"), "{text}");
    assert!(names_in(folder.path()).is_empty());
}

/// What the helper reports of its outputs in a folder of this mode, as an ordinary user.
fn outputs_in_folder_of_mode(mode: u32) -> String {
    let outer = TempDir::new().unwrap();
    fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).unwrap();
    let folder = outer.path().join("folder");
    fs::create_dir(&folder).unwrap();
    let as_root = rustix::process::geteuid().is_root();
    let inner = child(HELPER, &[folder.to_str().unwrap()]);
    // A copy, because the build folder may be closed to that account.
    let copy = outer.path().join("it");
    fs::copy(inner.get_program(), &copy).unwrap();
    let mut command = Command::new(&copy);
    command.args(inner.get_args()).current_dir(outer.path());
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap());
    }
    if as_root {
        std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    let mut text = output_of(command);
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    for name in names_in(&folder) {
        text.push_str(&format!("{name} left a file\n"));
    }
    text
}

#[test]
fn helper_writes_outputs() {
    let Some(words) = task() else { return };
    let folder = Path::new(&words[0]);
    let sample = sample();
    let options = OutputOptions::default();
    let opened = match open_to(&sample, &folder.join("open"), options) {
        Ok(_) => "done",
        Err(OpenError::Output(OutputError::Io(_))) => "Io",
        Err(OpenError::Output(OutputError::NameNotDurable(_))) => "NameNotDurable",
        Err(OpenError::Write(_)) => "Write",
        Err(other) => panic!("{other:?}"),
    };
    let sealed = match seal_to(&sample, &folder.join("seal"), options) {
        Ok(_) => "done",
        Err(SealError::Output(OutputError::Io(_))) => "Io",
        Err(SealError::Output(OutputError::NameNotDurable(_))) => "NameNotDurable",
        Err(SealError::Write(_)) => "Write",
        Err(other) => panic!("{other:?}"),
    };
    println!("open: {opened}\nseal: {sealed}");
}
