//! Tokens, passwords and PINs from files of their own.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// Longest file in bytes.
const MAX_LEN: usize = 16 * 1024;

/// Reads a secret that is its owner's alone, without the line end behind it. It is erased when dropped.
pub(super) fn read(what: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let failed = |error| Failure::io(&format!("the file with the {what} cannot be read"), &error);
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() {
        return Err(Failure::usage(format!("the {what} is not in a regular file")));
    }
    refuse_readable(what, &about)?;
    // Made long enough: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN.saturating_add(1)));
    let limit = u64::try_from(MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_LEN {
        return Err(Failure::usage(format!("the file with the {what} is larger than 16 KiB")));
    }
    while bytes.last().is_some_and(u8::is_ascii_whitespace) {
        bytes.pop();
    }
    Ok(bytes)
}

/// What others can read is no secret.
#[cfg(unix)]
fn refuse_readable(what: &str, about: &std::fs::Metadata) -> Result<(), Failure> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = about.mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let message = format!("other users can read the file with the {what} (mode {mode:04o})");
    Err(Failure::usage(message).next("run `chmod 600` on it, and replace the secret"))
}

#[cfg(not(unix))]
fn refuse_readable(_: &str, _: &std::fs::Metadata) -> Result<(), Failure> {
    Ok(())
}
