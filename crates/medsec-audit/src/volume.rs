//! The folder of a stream as the log sees it: few calls, each of which a test can make fail.
//!
//! Names are relative and made by this crate: a file, or a folder and a file with `/` between.

mod folder;
#[cfg(test)]
pub(crate) mod passing;
mod replace;

use std::io;
use std::time::Duration;

pub(crate) use self::folder::Folder;
pub(crate) use self::replace::{read_whole, replace, replace_cache, write_new};
use crate::clock::Clock;

/// A folder and what is under it.
pub(crate) trait Volume: Send + Sync + std::fmt::Debug {
    /// Opens a file for reading and, where the file permits it, writing; nothing if it is not there.
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>>;
    /// Makes a new file that only its owner may read, and the folders above it.
    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>>;
    /// Gives a file another name, in the place of what had it before.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Names of the files in a folder, in no order; none if there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;
    /// Makes names given in a folder durable. The volume itself is "".
    fn sync_folder(&self, folder: &str) -> io::Result<()>;
    /// Makes everything durable that was written, in all files, and all names.
    fn sync_everything(&self) -> io::Result<()>;
    /// Takes the lock that one writer at a time has; nothing while another has it. Given back on drop.
    fn try_lock(&self) -> io::Result<Option<Box<dyn Lock>>>;
    /// Whether somebody has that lock.
    fn is_locked(&self) -> io::Result<bool> {
        Ok(self.try_lock()?.is_none())
    }
    /// Bytes that can still be written.
    fn free_space(&self) -> io::Result<u64>;
    /// Which file has a name now; nothing if none has.
    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>>;
}

/// Tells files apart, whatever their names are: the device and the number on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity {
    pub(crate) device: u64,
    pub(crate) number: u64,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Waits for the lock of a volume; nothing if it is not free in time.
pub(crate) fn wait_for_lock(
    volume: &dyn Volume,
    clock: &dyn Clock,
    patience: Duration,
) -> io::Result<Option<Box<dyn Lock>>> {
    wait_for(clock, patience, || volume.try_lock())
}

/// Tries again every few milliseconds, because a lock of the system has no waiting with a limit.
pub(crate) fn wait_for<L>(
    clock: &dyn Clock,
    patience: Duration,
    mut try_lock: impl FnMut() -> io::Result<Option<L>>,
) -> io::Result<Option<L>> {
    const STEP: Duration = Duration::from_millis(5);
    let start = clock.monotonic();
    loop {
        let lock = try_lock()?;
        if lock.is_some() || clock.monotonic().saturating_sub(start) >= patience {
            return Ok(lock);
        }
        std::thread::sleep(STEP);
    }
}

/// Held until it is dropped.
pub(crate) trait Lock: Send + Sync + std::fmt::Debug {}

/// A file. Positions are in bytes from its start.
pub(crate) trait VolumeFile: Send + Sync + std::fmt::Debug {
    /// Reads up to as many bytes as fit; fewer only at the end of the file.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all bytes, or fails with any part of them written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts or extends it.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Takes room for so many bytes without changing the length; no error where that cannot be done.
    fn allocate(&self, offset: u64, len: u64) -> io::Result<()>;
    /// Returns when content and length are durable.
    fn sync(&self) -> io::Result<()>;
    /// Its length.
    fn len(&self) -> io::Result<u64>;
    /// Which file it is.
    fn identity(&self) -> io::Result<FileIdentity>;
    /// Locks it against others who do the same, until it is unlocked or closed; false while another has it.
    fn try_lock(&self) -> io::Result<bool>;
    /// Gives the lock up. To close the file is not enough where a process that was started meanwhile has it open too.
    fn unlock(&self) -> io::Result<()>;
}
