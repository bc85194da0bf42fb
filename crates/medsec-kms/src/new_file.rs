//! A small file that exists completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use medsec_crypto::{Access, OutputError};

/// Writes `bytes` into a new file at `path`, durable before it gets its name. Never replaces anything.
///
/// A process killed in between leaves at most a file `.medsec-….part` beside the target, with the same
/// access, which [`sweep_unfinished`](medsec_crypto::sweep_unfinished) removes.
///
/// # Errors
/// [`OutputError::Exists`] if something exists under the name; [`OutputError::Io`] if the file system
/// fails. No file was made.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), OutputError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(OutputError::Exists);
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|e| OutputError::Io(io::Error::other(e)))?;
    let part = folder.join(format!(".medsec-{:016x}.part", u64::from_be_bytes(random)));
    let linked = write_durably(&part, bytes, access)
        .and_then(|()| fs::hard_link(&part, path))
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OutputError::Exists,
            _ => OutputError::Io(error),
        });
    let removed = fs::remove_file(&part);
    linked?;
    removed.map_err(OutputError::Io)?;
    sync_folder(folder).map_err(OutputError::Io)
}

fn write_durably(part: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match access {
            Access::Umask => 0o666,
            _ => 0o600,
        },
    );
    #[cfg(not(unix))]
    let _ = access;
    let mut file = options.open(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    let _ = File::options();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn existing_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, b"old").unwrap();
        let written = write_new(&path, b"new", Access::Owner);
        assert!(matches!(written, Err(OutputError::Exists)));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_folder_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/key");
        let written = write_new(&path, b"new", Access::Owner);
        assert!(matches!(written, Err(OutputError::Io(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn new_file_belongs_to_its_owner() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        write_new(&path, b"new", Access::Owner).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
