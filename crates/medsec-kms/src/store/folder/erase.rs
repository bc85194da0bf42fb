//! Overwriting files that hold wrapped keys no more wanted.
//!
//! Where the disk writes in place, what a file held is gone afterwards; journals, snapshots, copy-on-write
//! and flash may keep it.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::steps::step;

/// Whether a file of that name is what a killed writer left. Under the writers' lock nobody is writing one.
pub(crate) fn is_leftover(name: &str) -> bool {
    name.starts_with(".medsec-") && name.ends_with(".part")
}

/// Whether a file of that name is a state that was set aside.
pub(super) fn is_set_aside(name: &str) -> bool {
    name.starts_with("replaced-before-") && name.ends_with(".state")
}

/// Removes and erases the files of a folder whose name is chosen. Goes on after a failure.
pub(super) fn erase_all(folder: &Path, chosen: impl Fn(&str) -> bool) -> io::Result<()> {
    let mut result = Ok(());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&chosen) {
            result = result.and(erase_named(&entry.path()));
        }
    }
    result
}

/// Removes a file and erases it.
pub(crate) fn erase_named(path: &Path) -> io::Result<()> {
    // A link would lead to a file of somebody else.
    if !fs::symlink_metadata(path)?.is_file() {
        return fs::remove_file(path);
    }
    let file = OpenOptions::new().write(true).open(path)?;
    fs::remove_file(path)?;
    erase(file)
}

/// Overwrites a file that has lost its name.
pub(crate) fn erase(mut file: File) -> io::Result<()> {
    let about = file.metadata()?;
    if name_count(&about).is_some_and(|names| names > 0) {
        // A hard link: somebody's copy, not ours to destroy.
        return Err(io::Error::other("the replaced file has another name"));
    }
    let mut rest = about.len();
    file.seek(SeekFrom::Start(0))?;
    let zeros = [0; 8192];
    while rest > 0 {
        step();
        let len = usize::try_from(rest).unwrap_or(zeros.len()).min(zeros.len());
        file.write_all(zeros.get(..len).unwrap_or_default())?;
        rest = rest.saturating_sub(len as u64);
    }
    step();
    file.sync_all()?;
    step();
    Ok(())
}

/// Whether the file has lost its name to another. What is read of it may have been erased meanwhile.
pub(in super::super) fn is_replaced(file: &File) -> io::Result<bool> {
    Ok(name_count(&file.metadata()?) == Some(0))
}

/// How many names the file has, where the system tells.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not tell")]
pub(crate) fn name_count(about: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::nlink(about))
}

/// How many names the file has, where the system tells.
#[cfg(not(unix))]
pub(crate) fn name_count(_: &Metadata) -> Option<u64> {
    None
}
