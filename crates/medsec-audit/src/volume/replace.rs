//! Whole small files: read with a limit, written anew, replaced in one step.

use std::io;

use super::{Access, Volume};
use crate::text::{Hex, random};

/// The content of a file of at most `max` bytes; nothing if it is not there. A longer one is an error.
pub(crate) fn read_whole(volume: &dyn Volume, name: &str, max: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = volume.open(name, Access::Read)? else { return Ok(None) };
    let len = file.len()?;
    if len > max {
        return Err(io::Error::from(io::ErrorKind::FileTooLarge));
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    let read = file.read_at(&mut bytes, 0)?;
    bytes.truncate(read);
    Ok(Some(bytes))
}

/// Makes a new, durable file. Its name is durable once the folder is synced.
pub(crate) fn write_new(volume: &dyn Volume, name: &str, bytes: &[u8]) -> io::Result<()> {
    let file = volume.create(name)?;
    file.write_at(bytes, 0)?;
    file.sync()
}

/// Puts a file in the place of another, or of none; a reader sees the one or the other. Durable on return.
pub(crate) fn replace(volume: &dyn Volume, name: &str, bytes: &[u8]) -> io::Result<()> {
    let drawn = random::<8>().map_err(io::Error::other)?;
    let beside = format!("{name}.new-{}", Hex(&drawn));
    let written = write_new(volume, &beside, bytes).and_then(|()| volume.rename(&beside, name));
    // The first error is the one to tell; a file left beside is of no use and of no harm.
    written.inspect_err(|_| drop(volume.remove(&beside)))?;
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    volume.sync_folder(folder)
}

/// As [`replace`], for a cache that one process at a time writes: after a power cut it may be gone, or damaged.
pub(crate) fn replace_cache(volume: &dyn Volume, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = format!("{name}.new");
    let file = match volume.create(&beside) {
        // Of a process that was killed.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = volume.open(&beside, Access::Write)?.ok_or(io::ErrorKind::NotFound)?;
            file.set_len(0)?;
            file
        }
        file => file?,
    };
    file.write_at(bytes, 0)?;
    volume.rename(&beside, name)
}
