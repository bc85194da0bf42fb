//! The store's folder: reading the state, the lock of writers, replacing the state in one step.

mod erase;
mod publish;

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use medsec_crypto::{OutputError, OutputOptions, write_file};

pub(crate) use self::erase::{erase, erase_named, is_leftover, name_count};
use self::erase::{erase_all, is_set_aside};
pub(crate) use self::publish::{Readers, publish};
use super::error::{ChangeError, StoreError};
use super::text::{self, MAX_STORE_LEN};
use crate::name::{Digest, KeyId};
use crate::steps::step;

pub(super) use self::erase::is_replaced;

const STATE: &str = "state";
const LOCK: &str = "LOCK";
/// How long a process waits for another.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is erased with a state that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erase {
    /// The replaced file, and what killed writers left.
    Replaced,
    /// States that [`LocalStore::restore`](super::LocalStore::restore) set aside, too: they hold the keys
    /// that are being destroyed.
    SetAsideToo,
}

/// The folder of a store.
#[derive(Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder, for its owner only. It may be there.
    pub(super) fn make(&self) -> Result<(), ChangeError> {
        make_folders(&self.0).map_err(ChangeError::Folder)?;
        self.refuse_exposed().map_err(ChangeError::from)
    }

    /// Whether anything has the state's name.
    pub(super) fn has_state(&self) -> bool {
        fs::symlink_metadata(self.0.join(STATE)).is_ok()
    }

    /// Reads the state file as it is now; gives the file too, which tells later whether it was replaced.
    pub(super) fn read(&self) -> Result<(Vec<u8>, File), StoreError> {
        self.refuse_exposed()?;
        let (file, about) = open(OpenOptions::new().read(true), &self.0.join(STATE))?;
        refuse_exposed("state file", &about)?;
        Ok((read(&file)?, file))
    }

    /// Waits for the writers' lock. It is given up when the file is dropped or the process ends.
    pub(super) fn lock(&self) -> Result<File, ChangeError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        loop {
            let file = open_file(&mut options, &self.0.join(LOCK)).map_err(ChangeError::Folder)?;
            step();
            if !wait_for_lock(&file).map_err(ChangeError::Folder)? {
                return Err(ChangeError::Locked);
            }
            // Who locked a file that somebody removed meanwhile keeps nobody out.
            if !is_replaced(&file).map_err(ChangeError::Folder)? {
                step();
                return Ok(file);
            }
        }
    }

    /// Writes the first state. Refuses if there is one.
    pub(super) fn found(&self, text: &[u8]) -> Result<(), ChangeError> {
        step();
        write_file(&self.0.join(STATE), text, OutputOptions::default())?;
        step();
        Ok(())
    }

    /// Puts a state in the place of `present`, of which a copy is kept beside it; then erases the replaced
    /// file, so that no second one stays behind. To be called under the lock.
    pub(super) fn supersede(
        &self,
        present: &[u8],
        new: &[u8],
        generation: u64,
    ) -> Result<(), ChangeError> {
        let digest = text::digest(present);
        let replaced = self.open_present(digest)?;
        let mark = digest.to_string();
        let aside = self.aside(generation, mark.get(..16).unwrap_or_default());
        step();
        match write_file(&aside, present, OutputOptions::default()) {
            // An attempt that was killed wrote it.
            Ok(()) | Err(OutputError::Exists) => {}
            Err(error) => return Err(error.into()),
        }
        step();
        self.put(new, replaced, Ok(()))
    }

    /// Puts a state where none is that could be read: what has the name gets another one beside it.
    pub(super) fn put_anew(&self, new: &[u8], generation: u64) -> Result<(), ChangeError> {
        let state = self.0.join(STATE);
        let readers = Readers::of_path(&state);
        let random = KeyId::generate()?.to_string();
        let aside = self.aside(generation, random.get(..16).unwrap_or_default());
        step();
        match fs::rename(&state, aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ChangeError::Folder(error));
            }
            _ => {}
        }
        step();
        publish(&state, new, readers)
    }

    fn aside(&self, generation: u64, mark: &str) -> PathBuf {
        self.0.join(format!("replaced-before-{generation}-{mark}.state"))
    }

    /// Replaces the state, which must still be the one of that digest, in one step; then erases the
    /// replaced file. To be called under the lock.
    pub(super) fn replace(
        &self,
        new: &[u8],
        present: Digest,
        what: Erase,
    ) -> Result<(), ChangeError> {
        let replaced = self.open_present(present)?;
        step();
        // Before the change: killed in between, nothing of a destroyed key stays.
        let also =
            |name: &str| is_leftover(name) || (what == Erase::SetAsideToo && is_set_aside(name));
        let others = erase_all(&self.0, also);
        self.put(new, replaced, others)
    }

    /// Where the new name may not outlast a power failure, nothing is erased: the old name may come back, and
    /// it must not find an empty file.
    fn put(&self, new: &[u8], replaced: File, others: io::Result<()>) -> Result<(), ChangeError> {
        let about = replaced.metadata().map_err(ChangeError::Folder)?;
        publish(&self.0.join(STATE), new, Readers::of(&about))?;
        erase(replaced).and(others).map_err(ChangeError::NotErased)
    }

    /// The state file, to be erased later. It must still be the one of that digest.
    fn open_present(&self, present: Digest) -> Result<File, ChangeError> {
        let (file, _) = open(OpenOptions::new().read(true).write(true), &self.0.join(STATE))?;
        if text::digest(&read(&file)?) == present {
            return Ok(file);
        }
        // Somebody changed it who does not heed the lock.
        Err(StoreError::Forked.into())
    }

    /// Erases what killed writers left. To be called under the lock.
    pub(super) fn erase_leftovers(&self) -> Result<(), ChangeError> {
        erase_all(&self.0, is_leftover).map_err(ChangeError::Folder)
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

/// Waits until the file is locked; `false` if another process keeps it for too long.
pub(super) fn wait_for_lock(file: &File) -> io::Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() >= PATIENCE => return Ok(false),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Reads a copy of a state file, wherever it is and whatever its modes: only wrapped keys are in it.
pub(super) fn read_copy(path: &Path) -> Result<Vec<u8>, StoreError> {
    let (file, _) = open(OpenOptions::new().read(true), path)?;
    read(&file)
}

/// Opens without waiting: a pipe that nobody writes to would hold the reader for ever. What was opened is
/// still to be asked whether it is a file.
pub(super) fn open_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    options.open(path)
}

/// Makes a folder and those above it that are missing, for their owner only, and durable.
pub(super) fn make_folders(path: &Path) -> io::Result<()> {
    let new: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // A folder is durable when the one that names it is.
    new.iter().try_for_each(|path| sync_parent(path))
}

fn open(options: &mut OpenOptions, path: &Path) -> Result<(File, Metadata), StoreError> {
    let file = open_file(options, path).map_err(missing)?;
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
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
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
