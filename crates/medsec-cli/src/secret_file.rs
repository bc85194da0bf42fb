//! Secrets in files that nobody but their owner can read.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest secret of a key service or a peer in bytes.
#[cfg(any(feature = "pkcs11", feature = "ship", feature = "vault"))]
const MAX_LEN: usize = 16 * 1024;

/// Why a file gives no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It cannot be opened or read.
    Io(ErrorKind),
    /// Others than its owner have access to it.
    Shared { mode: u32 },
    /// It is a folder, a device or a named pipe: what it would give may never end.
    NotRegular,
    /// It is longer than a secret can be.
    #[cfg(any(feature = "pkcs11", feature = "ship", feature = "vault"))]
    TooLong,
}

/// Opens it, if it is a regular file and its owner's alone.
pub(crate) fn open(path: &Path) -> Result<File, Fault> {
    // Before it is opened: a named pipe would be waited for.
    let about = std::fs::metadata(path).map_err(|error| Fault::Io(error.kind()))?;
    if !about.is_file() && !is_descriptor(path) {
        return Err(Fault::NotRegular);
    }
    let file = File::open(path).map_err(|error| Fault::Io(error.kind()))?;
    refuse_shared(&file)?;
    Ok(file)
}

/// All of it, erased when dropped.
#[cfg(any(feature = "pkcs11", feature = "ship", feature = "vault"))]
pub(crate) fn read(file: File) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let room = MAX_LEN.saturating_add(1);
    let bytes = bounded(file, room).map_err(|error| Fault::Io(error.kind()))?;
    if bytes.len() >= room { Err(Fault::TooLong) } else { Ok(bytes) }
}

/// What comes, up to `room` bytes, in a buffer that never grows, and so leaves no copy behind.
pub(crate) fn bounded(from: impl Read, room: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let most = u64::try_from(room).unwrap_or(u64::MAX);
    let mut chunk = Zeroizing::new([0_u8; 1024]);
    let mut from = from.take(most);
    loop {
        match from.read(&mut *chunk) {
            Ok(0) => return Ok(bytes),
            Ok(len) => bytes.extend_from_slice(chunk.get(..len).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl Fault {
    /// In words. `what` names the secret in messages, which never name its path.
    pub(crate) fn of(self, what: &str) -> Failure {
        match self {
            Self::Io(kind) => Failure::io(&format!("{what} cannot be read"), &kind.into()),
            Self::Shared { mode } => {
                Failure::usage(format!("other users can read {what} (mode {mode:04o})"))
                    .next("run `chmod go-rwx` on its file, and change the secret")
            }
            Self::NotRegular => Failure::usage(format!("{what} is not in a regular file"))
                .next("see whether it is the right file"),
            #[cfg(any(feature = "pkcs11", feature = "ship", feature = "vault"))]
            Self::TooLong => Failure::usage(format!("{what} is longer than one can be"))
                .next("see whether it is the right file"),
        }
    }
}

/// A pipe that a shell made for this program alone: `<(…)`.
#[cfg(unix)]
fn is_descriptor(path: &Path) -> bool {
    ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder))
}

#[cfg(not(unix))]
fn is_descriptor(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn refuse_shared(file: &File) -> Result<(), Fault> {
    use std::os::unix::fs::MetadataExt as _;
    let about = file.metadata().map_err(|error| Fault::Io(error.kind()))?;
    let mode = about.mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(Fault::Shared { mode }) }
}

#[cfg(not(unix))]
fn refuse_shared(_: &File) -> Result<(), Fault> {
    Ok(())
}
