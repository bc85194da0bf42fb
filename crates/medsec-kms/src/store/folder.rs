//! The store's folder: reading the state, the lock of writers, replacing the state in one step.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use medsec_crypto::{Existing, OutputOptions, sweep_unfinished, write_file};

use super::error::{ChangeError, StoreError};
use super::text::MAX_STORE_LEN;

const STATE: &str = "state";
const LOCK: &str = "LOCK";
/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(5);
/// After that, an unfinished file of a killed writer is removed.
const STALE: Duration = Duration::from_secs(3600);

/// The folder of a store.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder, for its owner only. An empty one may be there.
    pub(super) fn make(&self) -> Result<(), ChangeError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).map_err(ChangeError::Folder)?;
        self.refuse_exposed().map_err(ChangeError::from)
    }

    /// Reads the state file as it is now.
    pub(super) fn read(&self) -> Result<Vec<u8>, StoreError> {
        self.refuse_exposed()?;
        let (file, about) = open(&self.0.join(STATE))?;
        refuse_exposed("state file", &about)?;
        read(&file)
    }

    /// Waits for the writers' lock. It is given up when the file is dropped or the process ends.
    pub(super) fn lock(&self) -> Result<File, ChangeError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.0.join(LOCK)).map_err(ChangeError::Folder)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(ChangeError::Folder(error)),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= PATIENCE => {
                    return Err(ChangeError::Locked);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    /// Writes the first state. Refuses if there is one.
    pub(super) fn found(&self, text: &[u8]) -> Result<(), ChangeError> {
        Ok(write_file(&self.0.join(STATE), text, OutputOptions::default())?)
    }

    /// Gives the state file another name beside it, so that a new one can be founded and nothing is lost.
    pub(super) fn set_aside(&self, name: &str) -> Result<(), ChangeError> {
        match fs::rename(self.0.join(STATE), self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed.map_err(ChangeError::Folder),
        }
    }

    /// Replaces the state in one step, then erases the replaced file. To be called under the lock.
    pub(super) fn replace(&self, text: &[u8]) -> Result<(), ChangeError> {
        // What a killed writer left is only a nuisance.
        let _ = sweep_unfinished(&self.0, STALE);
        let path = self.0.join(STATE);
        let replaced = OpenOptions::new().read(true).write(true).open(&path);
        let mut options = OutputOptions::default();
        options.existing = Existing::Replace;
        write_file(&path, text, options)?;
        match replaced {
            Ok(file) => erase(file).map_err(ChangeError::NotErased),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(ChangeError::NotErased(error)),
        }
    }

    /// Nobody but the owner may change the store, and nobody outside its group may read it.
    fn refuse_exposed(&self) -> Result<(), StoreError> {
        let about = fs::metadata(&self.0).map_err(missing)?;
        if !about.is_dir() {
            return Err(StoreError::Missing);
        }
        refuse_exposed("folder", &about)
    }
}

fn open(path: &Path) -> Result<(File, Metadata), StoreError> {
    let file = File::open(path).map_err(missing)?;
    let about = file.metadata().map_err(StoreError::Io)?;
    if !about.is_file() {
        return Err(StoreError::Format);
    }
    if about.len() > MAX_STORE_LEN as u64 { Err(StoreError::TooLong) } else { Ok((file, about)) }
}

fn read(file: &File) -> Result<Vec<u8>, StoreError> {
    let mut text = Vec::new();
    let limit = (MAX_STORE_LEN as u64).saturating_add(1);
    file.take(limit).read_to_end(&mut text).map_err(StoreError::Io)?;
    Ok(text)
}

fn missing(error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => StoreError::Missing,
        _ => StoreError::Io(error),
    }
}

#[cfg(unix)]
fn refuse_exposed(what: &'static str, about: &Metadata) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = about.mode() & 0o777;
    if mode & 0o027 == 0 { Ok(()) } else { Err(StoreError::Exposed { what, mode }) }
}

#[cfg(not(unix))]
fn refuse_exposed(_: &'static str, _: &Metadata) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(unix)]
fn has_name(about: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(about) > 0
}

#[cfg(not(unix))]
fn has_name(_: &Metadata) -> bool {
    false
}

/// Overwrites a file that has lost its name. Where the disk writes in place, what it held is gone;
/// journals, snapshots, copy-on-write and flash may keep it.
fn erase(mut file: File) -> io::Result<()> {
    let about = file.metadata()?;
    if has_name(&about) {
        // A hard link: somebody's copy, not ours to destroy.
        return Err(io::Error::other("the replaced file has another name"));
    }
    let mut rest = about.len();
    file.seek(SeekFrom::Start(0))?;
    let zeros = [0; 8192];
    while rest > 0 {
        let len = usize::try_from(rest).unwrap_or(zeros.len()).min(zeros.len());
        file.write_all(zeros.get(..len).unwrap_or_default())?;
        rest = rest.saturating_sub(len as u64);
    }
    file.sync_all()
}

/// Reads a copy of a state file, wherever it is and whatever its modes: only wrapped keys are in it.
pub(super) fn read_copy(path: &Path) -> Result<Vec<u8>, StoreError> {
    let (file, _) = open(path)?;
    read(&file)
}
