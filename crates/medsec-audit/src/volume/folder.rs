//! A folder of the machine.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Access, FileIdentity, Lock, Volume, VolumeFile};
use crate::clock::SystemClock;

/// Files are their owner's alone.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// The file that is locked. It stays: a lock on a file that another removes is no lock.
const LOCK: &str = "LOCK";

/// A folder of the file system.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// The folder at a path, which need not be there yet.
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Waits for a lock of this name, which only those hold who do the same; nothing if it is not free in time.
    pub(crate) fn wait_for_lock(
        &self,
        name: &str,
        patience: Duration,
    ) -> io::Result<Option<impl Lock + use<>>> {
        let name = format!("{name}.lock");
        super::wait_for(&SystemClock::default(), patience, || self.try_lock_file(&name))
    }

    fn try_lock_file(&self, name: &str) -> io::Result<Option<Locked>> {
        let file = self.lock_file(name)?;
        Ok(locked(&file)?.then(|| Locked { file, process: std::process::id() }))
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let file = options.custom_flags(NO_SURPRISE).open(self.0.join(name))?;
        check_regular(&file)?;
        Ok(file)
    }

    /// Makes the folder and those above it.
    pub(crate) fn make(&self, folder: &str) -> io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(self.0.join(folder))
    }
}

/// A lock of the system, given up when the process ends, however it ends.
#[derive(Debug)]
struct Locked {
    file: File,
    process: u32,
}

impl Lock for Locked {}

impl Drop for Locked {
    fn drop(&mut self) {
        // A process that this one has started may hold the file too: closing it is not enough. But a process that
        // was forked off shares the lock, which it must not take from the one that has it.
        if self.process == std::process::id() {
            let _ = self.file.unlock();
        }
    }
}

/// Locks a file, if nobody else has.
fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn identity_of(metadata: &Metadata) -> FileIdentity {
    FileIdentity { device: metadata.dev(), number: metadata.ino() }
}

/// Neither a link that leads elsewhere, nor a pipe that waits for somebody to write.
const NO_SURPRISE: i32 =
    rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK).bits().cast_signed();

fn check_regular(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Nothing for what is not there.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Volume for Folder {
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>> {
        let mut options = OpenOptions::new();
        options.read(true).write(access == Access::Write).custom_flags(NO_SURPRISE);
        let Some(file) = there(options.open(self.0.join(name)))? else { return Ok(None) };
        check_regular(&file)?;
        Ok(Some(Box::new(file)))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>> {
        let path = self.0.join(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(FILE_MODE);
        let file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let above = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.make(above)?;
                options.open(&path)?
            }
            file => file?,
        };
        Ok(Box::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.0.join(name))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let Some(entries) = there(std::fs::read_dir(self.0.join(folder)))? else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                // What this crate has not named is not a file of the log, and not looked at.
                names.extend(entry.file_name().into_string().ok());
            }
        }
        Ok(names)
    }

    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        File::open(self.0.join(folder))?.sync_all()
    }

    fn sync_everything(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(&self.0)?)?)
    }

    fn is_locked(&self) -> io::Result<bool> {
        // Makes no file: whoever only looks must not be in the way of a writer of another user.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(NO_SURPRISE);
        let Some(file) = there(options.open(self.0.join(LOCK)))? else { return Ok(false) };
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map(|()| false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn try_lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        Ok(self.try_lock_file(LOCK)?.map(|lock| Box::new(lock) as Box<dyn Lock>))
    }

    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        // A link has its own identity, which no file of the log has.
        let metadata = there(std::fs::symlink_metadata(self.0.join(name)))?;
        Ok(metadata.as_ref().map(identity_of))
    }

    fn free_space(&self) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(&self.0)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl VolumeFile for File {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            match std::os::unix::fs::FileExt::read_at(self, rest, at) {
                Ok(0) => break,
                Ok(count) => read = read.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        Self::set_len(self, len)
    }

    fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        use rustix::fs::FallocateFlags;
        match rustix::fs::fallocate(self, FallocateFlags::KEEP_SIZE, offset, len) {
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            result => Ok(result?),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        Ok(identity_of(&self.metadata()?))
    }

    fn try_lock(&self) -> io::Result<bool> {
        locked(self)
    }

    fn unlock(&self) -> io::Result<()> {
        Self::unlock(self)
    }
}
