//! What a folder holds, sorted by path. Links are not followed, and nothing is opened but folders.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use medsec_crypto::Header;

use crate::failure::Failure;

/// Something in a folder.
#[derive(Debug)]
pub(super) struct Found {
    /// From the folder that was listed.
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// A regular file of this many bytes.
    File(u64),
    /// A symbolic link, to whatever.
    Link,
    /// A pipe, socket or device.
    Special,
    /// A folder with nothing in it.
    EmptyFolder,
    /// Something that could not be looked at; of a folder, what it holds is not known.
    Unread(io::Error),
}

impl Kind {
    /// Length of a file.
    pub(super) const fn file_len(&self) -> Option<u64> {
        match self {
            Self::File(len) => Some(*len),
            _ => None,
        }
    }
}

/// Lists `root` and all folders below it.
pub(super) fn list(root: &Path) -> Result<Vec<Found>, Failure> {
    let entries = fs::read_dir(root);
    let entries = entries.map_err(|error| Failure::io("the folder cannot be read", &error))?;
    let mut found = Vec::new();
    let mut folders = Vec::new();
    read(entries, Path::new(""), &mut found, &mut folders);
    while let Some(folder) = folders.pop() {
        match fs::read_dir(root.join(&folder)) {
            Ok(entries) => read(entries, &folder, &mut found, &mut folders),
            Err(error) => found.push(Found { path: folder, kind: Kind::Unread(error) }),
        }
    }
    found.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

fn read(entries: fs::ReadDir, folder: &Path, found: &mut Vec<Found>, folders: &mut Vec<PathBuf>) {
    let mut is_empty = true;
    for entry in entries {
        is_empty = false;
        match entry {
            Ok(entry) => {
                let path = folder.join(entry.file_name());
                match kind(&entry) {
                    Some(kind) => found.push(Found { path, kind }),
                    None => folders.push(path),
                }
            }
            Err(error) => {
                found.push(Found { path: folder.to_owned(), kind: Kind::Unread(error) });
                break;
            }
        }
    }
    if is_empty && !folder.as_os_str().is_empty() {
        found.push(Found { path: folder.to_owned(), kind: Kind::EmptyFolder });
    }
}

/// Nothing for a folder.
fn kind(entry: &DirEntry) -> Option<Kind> {
    let about = match entry.file_type() {
        Ok(kind) if kind.is_dir() => return None,
        Ok(kind) if kind.is_symlink() => return Some(Kind::Link),
        Ok(kind) if !kind.is_file() => return Some(Kind::Special),
        Ok(_) => entry.metadata(),
        Err(error) => Err(error),
    };
    Some(match about {
        Ok(about) if about.is_file() => Kind::File(about.len()),
        // It was replaced meanwhile.
        Ok(_) => Kind::Special,
        Err(error) => Kind::Unread(error),
    })
}

/// A regular file opened for reading.
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
}

/// Opens what was listed as a regular file, and waits for nothing if it is none any more.
pub(super) fn open(root: &Path, path: &Path) -> Result<Opened, Failure> {
    open_plain(root, path).map_err(|error| Failure::io("the file cannot be read", &error))
}

/// Opens a package and reads its header, of which nothing is authentic; the file stands behind it.
pub(super) fn header(root: &Path, path: &Path) -> Result<(File, Header), Failure> {
    let mut file = open(root, path)?.file;
    let header = Header::read_patiently(&mut file)?;
    Ok((file, header))
}

/// Like [`open`], with the system's own error.
pub(super) fn open_plain(root: &Path, path: &Path) -> io::Result<Opened> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    let file = options.open(root.join(path))?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(Opened { file, len: about.len(), modified: about.modified().ok() })
}
