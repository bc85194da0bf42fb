use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;

use super::*;

fn set(id: &str) -> String {
    let x = "ERERERERERERERERERERERERERERERERERERERERERE";
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x}]}).to_string()
}

/// Renames a complete file to the name, as who renews a set should.
fn put(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::rename(&new, path).unwrap();
}

fn id(source: &FileKeySet) -> Result<String, KeySetError> {
    source.current().map(|keys| keys.key_ids().collect())
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    (folder, path)
}

#[test]
fn file_that_is_no_protected_file_is_refused() {
    let (folder, path) = place();
    let source = FileKeySet::new(path.clone());
    assert_eq!(id(&source), Err(KeySetError::Unreadable(io::ErrorKind::NotFound)));
    assert_eq!(id(&FileKeySet::new(folder.path().to_owned())), Err(KeySetError::NotAFile));
    for mode in [0o664, 0o646, 0o666] {
        put(&path, &set("a"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(id(&source), Err(KeySetError::NotProtected), "{mode:o}");
    }
    put(&path, &" ".repeat(KeySet::MAX_LEN + 1));
    assert_eq!(id(&source), Err(KeySetError::TooLong));
}

#[test]
fn pipe_does_not_make_its_reader_wait() {
    let (_folder, path) = place();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert_eq!(id(&FileKeySet::new(path)), Err(KeySetError::NotAFile));
}

#[test]
fn broken_file_leaves_no_key_in_force() {
    let (_folder, path) = place();
    let source = FileKeySet::new(path.clone());
    put(&path, &set("a"));
    assert_eq!(id(&source), Ok("a".to_owned()));
    put(&path, "{");
    assert_eq!(id(&source), Err(KeySetError::Malformed));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(id(&source), Err(KeySetError::Unreadable(io::ErrorKind::NotFound)));
    put(&path, &set("b"));
    assert_eq!(id(&source), Ok("b".to_owned()));
}

#[test]
fn file_is_read_again_only_when_it_changed() {
    let (_folder, path) = place();
    let source = FileKeySet::new(path.clone());
    put(&path, &set("a"));
    let first = source.current().unwrap();
    assert!(Arc::ptr_eq(&first, &source.current().unwrap()));
    source.refresh_hint();
    let second = source.current().unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    put(&path, &set("b"));
    assert_eq!(id(&source), Ok("b".to_owned()));
}

#[test]
fn link_is_followed_as_kubernetes_mounts_files() {
    let (folder, path) = place();
    for id in ["a", "b"] {
        put(&folder.path().join(id), &set(id));
    }
    let source = FileKeySet::new(path.clone());
    symlink("a", &path).unwrap();
    assert_eq!(id(&source), Ok("a".to_owned()));
    std::fs::remove_file(&path).unwrap();
    symlink("b", &path).unwrap();
    assert_eq!(id(&source), Ok("b".to_owned()));
}
