//! A key set in a file that somebody else renews.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{KeySet, KeySetError, KeySetSource};

/// A key set in a file, read again whenever the file has changed.
///
/// The file must be regular, belong to root or to the user of this program, and nobody else may write it; links
/// are followed, since Kubernetes mounts files through them. Who renews it should rename a complete file to its
/// name. A file that cannot be read or is not a valid set leaves no key in force, not the former ones.
#[derive(Debug)]
pub struct FileKeySet {
    path: PathBuf,
    last: Mutex<Option<(Stamp, Arc<KeySet>)>>,
}

impl FileKeySet {
    /// The set in this file. Nothing is read yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path, last: Mutex::default() }
    }
}

impl KeySetSource for FileKeySet {
    fn current(&self) -> Result<Arc<KeySet>, KeySetError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let file = options().open(&self.path).map_err(|e| KeySetError::Unreadable(e.kind()))?;
        let about = file.metadata().map_err(|e| KeySetError::Unreadable(e.kind()))?;
        check(&about)?;
        let stamp = stamp(&about);
        if let Some((seen, keys)) = last.as_ref()
            && *seen == stamp
        {
            return Ok(Arc::clone(keys));
        }
        *last = None;
        let keys = Arc::new(read(&file)?);
        *last = Some((stamp, Arc::clone(&keys)));
        Ok(keys)
    }

    fn refresh_hint(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// One byte more than a set may have shows one that is too long, also where the file grows meanwhile.
fn read(file: &File) -> Result<KeySet, KeySetError> {
    let limit = u64::try_from(KeySet::MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = file.take(limit).read_to_end(&mut bytes);
    read.map_err(|e: io::Error| KeySetError::Unreadable(e.kind()))?;
    KeySet::parse(&bytes)
}

/// What tells that a file is another one, or has changed.
#[cfg(unix)]
type Stamp = ([u64; 3], [i64; 4]);

#[cfg(unix)]
fn stamp(about: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt as _;
    let times = [about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()];
    ([about.dev(), about.ino(), about.len()], times)
}

/// A pipe must not make the opener wait.
#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    const FLAGS: i32 =
        rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(FLAGS);
    options
}

#[cfg(unix)]
fn check(about: &Metadata) -> Result<(), KeySetError> {
    use std::os::unix::fs::MetadataExt as _;
    if !about.is_file() {
        return Err(KeySetError::NotAFile);
    }
    let own = rustix::process::geteuid().as_raw();
    let by_others = about.mode() & 0o022 != 0;
    let trusted = [0, own].contains(&about.uid()) && !by_others;
    trusted.then_some(()).ok_or(KeySetError::NotProtected)
}

#[cfg(not(unix))]
type Stamp = (u64, Option<std::time::SystemTime>);

#[cfg(not(unix))]
fn stamp(about: &Metadata) -> Stamp {
    (about.len(), about.modified().ok())
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    options
}

#[cfg(not(unix))]
fn check(about: &Metadata) -> Result<(), KeySetError> {
    about.is_file().then_some(()).ok_or(KeySetError::NotAFile)
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
