//! Outputs that exist completely or not at all.
//!
//! Where the system can make a file without a name (`O_TMPFILE`: Linux with the usual file systems), the
//! content gets a name only when it is complete and durable: a process killed before leaves nothing.
//! Elsewhere, and in folders that refuse it, the content is written to a private file `.medsec-….part`
//! beside the target and renamed; [`sweep_unfinished`] removes what a killed process left.
//!
//! Making one file durable takes the disk's time, whatever its size. Many small ones are therefore made
//! durable together, see [`OutputGroup`].

mod group;
mod pending;
mod system;

pub use self::group::{GroupLimits, OutputGroup};
pub(crate) use self::group::{copy as copy_of_error, sync_together};
pub use self::pending::PendingFile;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

const PART_PREFIX: &str = ".medsec-";
const PART_SUFFIX: &str = ".part";

/// Knobs of an output file.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OutputOptions {
    /// What to do if something exists under the name.
    pub existing: Existing,
    /// Who may read the file.
    pub access: Access,
}

/// What to do if something already exists under the output's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Existing {
    /// Fail and leave it alone. The default.
    #[default]
    Refuse,
    /// Replace a regular file when the new one is complete; never a folder, link, pipe or device.
    /// Between the two steps the complete new file stands beside it as `.medsec-….part`.
    Replace,
}

/// Who may read an output file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Its owner only (mode 0600). The default, right for plaintext and keys. On systems without such modes
    /// the folder's own access rules apply.
    #[default]
    Owner,
    /// As the process's umask says; packages need no more protection than that.
    Umask,
}

/// The output could not be made. Unless [`Self::NameNotDurable`], nothing stands under its name that was
/// not there before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// Something exists under the name.
    #[error("the output exists already; nothing was written")]
    Exists,
    /// What is to be replaced is not a regular file.
    #[error("the output exists and is not a regular file; nothing was written")]
    NotAFile,
    /// The file system failed.
    #[error("writing the output failed; nothing was left")]
    Io(#[source] io::Error),
    /// The output is complete under its name, but the folder could not be made durable: after a power
    /// failure the name may be missing.
    #[error("the output is complete, but its folder could not be made durable")]
    NameNotDurable(#[source] io::Error),
}

/// Writes a small file that appears under `path` only when it is complete and durable.
///
/// # Errors
/// [`OutputError`]; no file was made.
pub fn write_file(path: &Path, content: &[u8], options: OutputOptions) -> Result<(), OutputError> {
    let mut file = PendingFile::create(path, options)?;
    file.append(content)?;
    file.publish()
}

/// Removes private output files that killed processes left in `folder`: those older than `min_age`, so
/// that files other processes are writing just now stay. Returns how many went.
///
/// # Errors
/// The folder cannot be read.
pub fn sweep_unfinished(folder: &Path, min_age: std::time::Duration) -> io::Result<usize> {
    let mut swept = 0_usize;
    for entry in fs::read_dir(folder)? {
        let Ok(entry) = entry else { continue };
        // The name first: looking at every file of a large folder would take long.
        if !is_unfinished(&entry.file_name()) {
            continue;
        }
        let is_old = entry
            .metadata()
            .and_then(|data| data.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= min_age));
        if is_old && fs::remove_file(entry.path()).is_ok() {
            swept = swept.saturating_add(1);
        }
    }
    Ok(swept)
}

/// Whether a name is one of those that unfinished outputs have.
#[must_use]
pub fn is_unfinished(name: &OsStr) -> bool {
    let random =
        name.to_str().and_then(|name| name.strip_prefix(PART_PREFIX)?.strip_suffix(PART_SUFFIX));
    random.is_some_and(|hex| hex.len() == 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
