//! Secrets in files that nobody but their owner can read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest secret in bytes.
const MAX_LEN: usize = 16 * 1024;

/// Opens it, if it is its owner's alone. `what` names it in messages, which never name its path.
pub(crate) fn open(path: &Path, what: &str) -> Result<File, Failure> {
    let file = File::open(path).map_err(|error| unreadable(what, &error))?;
    refuse_shared(&file, what)?;
    Ok(file)
}

/// All of it, erased when dropped.
pub(crate) fn read(file: File, what: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Made long enough at once, so that no shorter copy is left behind in memory.
    let room = MAX_LEN.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let read = file.take(u64::try_from(room).unwrap_or(u64::MAX)).read_to_end(&mut bytes);
    read.map_err(|error| unreadable(what, &error))?;
    if bytes.len() >= room {
        return Err(Failure::usage(format!("{what} is longer than one can be"))
            .next("see whether it is the right file"));
    }
    Ok(bytes)
}

pub(crate) fn unreadable(what: &str, error: &std::io::Error) -> Failure {
    Failure::io(&format!("{what} cannot be read"), error)
}

#[cfg(unix)]
fn refuse_shared(file: &File, what: &str) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = file.metadata().map_err(|error| unreadable(what, &error))?.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("other users can read {what} (mode {mode:04o})");
    Err(Failure::usage(message).next("run `chmod go-rwx` on its file, and change the secret"))
}

#[cfg(not(unix))]
fn refuse_shared(_: &File, _: &str) -> Result<(), Failure> {
    Ok(())
}
