//! A package file under an exclusive lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::error::FormatError;
use crate::header::{Header, HeaderError};
use crate::output::sync_together;
use crate::rewrap::RewrapError;

/// How often a reader looks again at slots that are not whole: another process may be writing them.
const SLOT_READS: u32 = 5;
const SLOT_READ_PAUSE: Duration = Duration::from_millis(20);

/// What rewrapping needs of a file: durable writes in place.
pub trait PackageFile: Read + Seek + Write {
    /// Makes everything written durable. Returns only then.
    ///
    /// # Errors
    /// The file system fails; what is durable is unknown.
    fn sync(&mut self) -> io::Result<()>;

    /// Makes everything written to all of `files` durable; the first was opened before anything was written to
    /// the others. By default one by one.
    ///
    /// # Errors
    /// The file system fails; what is durable is unknown.
    fn sync_together(files: &mut [&mut Self]) -> io::Result<()>
    where
        Self: Sized,
    {
        files.iter_mut().try_for_each(|file| file.sync())
    }

    /// Gives up the lock that was taken for the rewrap, if one was. Closing a file does not always do so: a
    /// process just being started by another thread still holds a copy of the descriptor.
    fn release(&mut self) {}
}

impl PackageFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    /// On Linux once for each local file system.
    fn sync_together(files: &mut [&mut Self]) -> io::Result<()> {
        sync_together(files.iter().map(|file| &**file))
    }

    fn release(&mut self) {
        // What cannot be unlocked is unlocked when the last descriptor closes.
        let _ = self.unlock();
    }
}

/// A package that no other rewrap can change. The lock is given up on drop.
#[derive(Debug)]
pub struct LockedPackage<F: PackageFile = File> {
    pub(super) file: F,
    pub(super) header: Header,
}

impl LockedPackage<File> {
    /// Opens the package at `path` for rewrapping and locks it. Waits for no one.
    ///
    /// # Errors
    /// [`RewrapError::Locked`] if another process holds the lock; [`RewrapError::CannotLock`] where
    /// there are no locks; on Unix [`RewrapError::Linked`] if the file has other names, and
    /// [`RewrapError::Changed`] if the name came to mean another file; others if it is no package.
    pub fn open(path: &Path) -> Result<Self, RewrapError> {
        let file =
            OpenOptions::new().read(true).write(true).open(path).map_err(RewrapError::Read)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RewrapError::Locked),
            Err(TryLockError::Error(error)) => return Err(RewrapError::CannotLock(error)),
        }
        let locked = Self::over(file)?;
        check_name(&locked.file, path)?;
        Ok(locked)
    }
}

impl<F: PackageFile> LockedPackage<F> {
    /// Takes a file that the caller has locked in its own way, or, where nothing can be locked, one that
    /// is only to be copied from. Links are not looked at.
    ///
    /// # Errors
    /// [`RewrapError`] if it is no package.
    pub fn over(mut file: F) -> Result<Self, RewrapError> {
        match Header::read_patiently(&mut file) {
            Ok(header) => Ok(Self { file, header }),
            Err(error) => {
                file.release();
                Err(error.into())
            }
        }
    }

    /// The header as read under the lock.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

impl<F: PackageFile> Drop for LockedPackage<F> {
    fn drop(&mut self) {
        self.file.release();
    }
}

impl Header {
    /// Reads the header of the package at offset 0 and leaves `source` at the first chunk. Where no recipient
    /// slot is whole it looks again a few times, because another process may be rewrapping the package just now.
    ///
    /// # Errors
    /// [`HeaderError`]; nothing was decrypted.
    pub fn read_patiently<R: Read + Seek>(source: &mut R) -> Result<Self, HeaderError> {
        let mut tries = 0_u32;
        loop {
            source.seek(SeekFrom::Start(0)).map_err(HeaderError::Io)?;
            tries = tries.saturating_add(1);
            match Self::read(&mut io::BufReader::with_capacity(8192, &mut *source)) {
                Err(HeaderError::Format(
                    FormatError::SlotsDamaged | FormatError::SlotGenerations,
                )) if tries < SLOT_READS => sleep(SLOT_READ_PAUSE),
                Ok(header) => {
                    let end = header.chunks_offset();
                    source.seek(SeekFrom::Start(end)).map_err(HeaderError::Io)?;
                    return Ok(header);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// The locked file must be the only one of its name and have no other: else a rewrap would change a file
/// that nobody can find, or one that somebody finds elsewhere.
#[cfg(unix)]
fn check_name(file: &File, path: &Path) -> Result<(), RewrapError> {
    use std::os::unix::fs::MetadataExt;
    let locked = file.metadata().map_err(RewrapError::Read)?;
    let named = std::fs::metadata(path).map_err(RewrapError::Read)?;
    if (locked.dev(), locked.ino()) != (named.dev(), named.ino()) {
        return Err(RewrapError::Changed);
    }
    if locked.nlink() > 1 { Err(RewrapError::Linked) } else { Ok(()) }
}

#[cfg(not(unix))]
fn check_name(_: &File, _: &Path) -> Result<(), RewrapError> {
    Ok(())
}
