//! Replacing, refusals, and processes killed at every step. Unix only.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use medsec_crypto::Timestamp;

use super::*;
use crate::passphrase::{Argon2Params, Passphrase};
use crate::private_key::PrivateKey;
use crate::public_key::KeyKind;
use crate::steps::{die_at, fail_sync, steps};

const TASK: &str = "MEDSEC_IDENTITY_TASK";
const CHILD: &str = "identity::replace::tests::helper_replaces_one_file";
/// More than there are.
const PLACES: u32 = 20;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
}

fn created() -> Timestamp {
    Timestamp::from_unix_seconds(1_793_707_200)
}

fn under(key: &PrivateKey, text: &str) -> IdentityFile {
    let cheap = Argon2Params::new(8, 1, 1).unwrap();
    IdentityFile::protected(key, created(), &passphrase(text), cheap).unwrap()
}

/// A key under the passphrase `old` in a file of its own.
fn saved() -> (tempfile::TempDir, PathBuf, PrivateKey) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ada.identity");
    let key = PrivateKey::generate(KeyKind::X25519).unwrap();
    under(&key, "old").save_new(&path).unwrap();
    (folder, path, key)
}

/// The passphrase that opens the file: one of the two opens it, whatever happened.
#[track_caller]
fn opens_with(path: &Path) -> &'static str {
    let file = IdentityFile::load(path).unwrap();
    let opens = |text: &&str| file.unlock(Some(&passphrase(text))).is_ok();
    ["old", "new"].into_iter().find(opens).unwrap()
}

#[test]
fn replaced_file_opens_with_the_new_passphrase_and_the_old_bytes_are_gone() {
    let (_folder, path, key) = saved();
    let mut old = File::open(&path).unwrap();
    under(&key, "new").replace(&path).unwrap();
    assert_eq!(opens_with(&path), "new");
    assert!(IdentityFile::load(&path).unwrap().unlock(Some(&passphrase("old"))).is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut left = Vec::new();
    old.read_to_end(&mut left).unwrap();
    assert!(!left.is_empty() && left.iter().all(|byte| *byte == 0));
}

#[test]
fn another_key_a_link_and_a_shared_file_are_left_alone() {
    let (folder, path, key) = saved();
    let other = PrivateKey::generate(KeyKind::X25519).unwrap();
    assert!(matches!(under(&other, "new").replace(&path), Err(ReplaceError::OtherKey)));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let refused = under(&key, "new").replace(&link);
    assert!(matches!(refused, Err(ReplaceError::Output(OutputError::NotAFile))), "{refused:?}");
    std::fs::remove_file(&link).unwrap();
    std::fs::hard_link(&path, &link).unwrap();
    assert!(matches!(under(&key, "new").replace(&path), Err(ReplaceError::Linked)));
    std::fs::remove_file(&link).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = under(&key, "new").replace(&path);
    assert!(matches!(refused, Err(ReplaceError::Load(LoadError::Shared { .. }))), "{refused:?}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(opens_with(&path), "old");
}

#[test]
fn name_that_may_not_last_leaves_the_old_bytes_alone() {
    let (_folder, path, key) = saved();
    let mut old = File::open(&path).unwrap();
    fail_sync(true);
    let refused = under(&key, "new").replace(&path);
    fail_sync(false);
    assert!(matches!(refused, Err(ReplaceError::NotDurable(_))), "{refused:?}");
    let mut left = Vec::new();
    old.read_to_end(&mut left).unwrap();
    assert!(IdentityFile::parse(&left).unwrap().unlock(Some(&passphrase("old"))).is_ok());
}

#[test]
fn what_a_killed_replacement_left_is_erased_by_the_next() {
    let (folder, path, key) = saved();
    let left = folder.path().join(".medsec-00000000000000aa.part");
    under(&key, "never used").save_new(&left).unwrap();
    let mut bytes = File::open(&left).unwrap();
    let other = folder.path().join(".medsec-00000000000000ab.part");
    under(&PrivateKey::generate(KeyKind::X25519).unwrap(), "other").save_new(&other).unwrap();
    let package = folder.path().join(".medsec-00000000000000ac.part");
    std::fs::write(&package, b"no identity").unwrap();
    under(&key, "new").replace(&path).unwrap();
    assert!(!left.exists() && other.exists() && package.exists());
    let mut erased = Vec::new();
    bytes.read_to_end(&mut erased).unwrap();
    assert!(!erased.is_empty() && erased.iter().all(|byte| *byte == 0));
}

#[test]
fn replacing_killed_at_any_step_leaves_a_file_that_opens() {
    let mut seen_new = false;
    for place in 0..PLACES {
        let (_folder, path, key) = saved();
        let plain = path.with_extension("plain");
        IdentityFile::plain(key, created()).save_new(&plain).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
            .env(TASK, format!("{place}\n{}", path.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
        if !lines.map_while(Result::ok).any(|text| text.starts_with("ready to be killed")) {
            assert!(child.wait().unwrap().success());
            assert_eq!(opens_with(&path), "new");
            assert!(place >= 6 && seen_new, "{place}");
            return;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let is_new = opens_with(&path) == "new";
        assert!(is_new || !seen_new, "undone at place {place}");
        seen_new = is_new;
    }
    panic!("more places than expected");
}

/// Place and file: replaces it and stops at that place.
#[test]
fn helper_replaces_one_file() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (place, path) = task.split_once('\n').unwrap();
    let path = Path::new(path);
    let plain = IdentityFile::load(&path.with_extension("plain")).unwrap();
    let new = under(&plain.unlock(None).unwrap(), "new");
    die_at(place.parse().unwrap());
    new.replace(path).unwrap();
    assert!(steps() > 0);
}
