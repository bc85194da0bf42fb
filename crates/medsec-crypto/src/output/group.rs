//! Outputs that become durable together.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::system::{is_synced_as_one, sync_file_system, sync_folder, system_of};
use super::{OutputError, PendingFile};

/// How much a group takes before it asks to be committed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct GroupLimits {
    /// Files: 256 by default. Each holds a descriptor until the group is committed.
    pub files: usize,
    /// Bytes written: 512 MiB by default, so that a kill costs no more work than that.
    pub bytes: u64,
}

impl Default for GroupLimits {
    fn default() -> Self {
        Self { files: 256, bytes: 512 * 1024 * 1024 }
    }
}

/// Finished outputs that wait for their names, each with a value `T` of the caller.
///
/// [`Self::commit`] makes the content of all durable, on Linux by one `syncfs` for each local file system
/// instead of one `fsync` for each file, then gives every file its name, then makes the folders durable. When
/// it returns, every name it reports is listed and its content durable. A process killed at any moment, or a
/// power failure, leaves each name either with its complete content or absent (where the system makes no files
/// without names, a private `.medsec-….part` may stay). A group that is dropped names nothing.
///
/// `syncfs` writes out what others have written to the same file system too, and, before Linux 5.8, does not
/// tell of failed writes.
pub struct OutputGroup<T> {
    files: Vec<(PendingFile, T)>,
    folders: BTreeSet<PathBuf>,
    bytes: u64,
    limits: GroupLimits,
}

impl<T> OutputGroup<T> {
    /// An empty group.
    #[must_use]
    pub const fn new(limits: GroupLimits) -> Self {
        Self { files: Vec::new(), folders: BTreeSet::new(), bytes: 0, limits }
    }

    /// Adds a file of `bytes` bytes that is complete.
    pub fn add(&mut self, file: PendingFile, bytes: u64, value: T) {
        self.files.push((file, value));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// A further folder to make durable with the group, such as one in which a folder was made.
    pub fn add_folder(&mut self, folder: &Path) {
        self.folders.insert(folder.to_owned());
    }

    /// Whether it is time to commit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.files.len() >= self.limits.files || self.bytes >= self.limits.bytes
    }

    /// Whether no file waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Takes what waits and leaves an empty group.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let limits = self.limits;
        std::mem::replace(self, Self::new(limits))
    }

    /// The values of the files that wait, in the order they were added.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.files.iter_mut().map(|(_, value)| value)
    }

    /// Gives up: no file gets a name. The values in the order they were added.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.files.into_iter().map(|(_, value)| value)
    }

    /// Makes all content durable, gives the names, makes the names durable.
    ///
    /// The result has one entry a file, in the order they were added. A name that is taken fails that file
    /// alone. If the content of any cannot be made durable, none gets its name: which of them the failed write
    /// belonged to is not known.
    #[must_use]
    pub fn commit(self) -> Vec<(T, Result<(), OutputError>)> {
        let Self { files, mut folders, .. } = self;
        if let Err(error) = sync_content(files.iter().map(|(file, _)| file)) {
            // Files of later groups may stand below folders that were made for this one.
            folders.iter().for_each(|folder| drop(sync_folder(folder)));
            let failed = |(_, value)| (value, Err(OutputError::Io(copy(&error))));
            return files.into_iter().map(failed).collect();
        }
        let mut results = Vec::with_capacity(files.len());
        for (file, value) in files {
            let folder = file.folder().to_owned();
            let named = file.give_name();
            if named.is_ok() {
                folders.insert(folder);
            }
            results.push((value, named));
        }
        // A folder may stand on the way to any of the names: its failure counts for all.
        let failures: Vec<_> = folders.iter().filter_map(|f| sync_folder(f).err()).collect();
        let Some(error) = failures.first() else {
            return results;
        };
        let not_durable = |named: Result<(), OutputError>| {
            named.and_then(|()| Err(OutputError::NameNotDurable(copy(error))))
        };
        results.into_iter().map(|(value, named)| (value, not_durable(named))).collect()
    }
}

impl<T> fmt::Debug for OutputGroup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputGroup")
            .field("files", &self.files.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// A descriptor is told of writes that failed since it was opened. The oldest is older than the first write of
/// all others.
fn sync_content<'a>(files: impl Iterator<Item = &'a PendingFile>) -> io::Result<()> {
    let mut files: Vec<_> = files.collect();
    files.sort_by_key(|pending| pending.opened_at);
    sync_together(files.into_iter().map(PendingFile::file))
}

/// Makes the content of all durable: once for each file system where that is possible, else file by file. The
/// first file must have been opened before anything was written to the others.
pub(crate) fn sync_together<'a>(files: impl Iterator<Item = &'a File>) -> io::Result<()> {
    let mut systems: BTreeMap<u64, Option<&File>> = BTreeMap::new();
    for file in files {
        let first = match system_of(file)?.map(|system| systems.entry(system)) {
            None => None,
            Some(Entry::Occupied(entry)) => *entry.get(),
            Some(Entry::Vacant(entry)) => *entry.insert(is_synced_as_one(file)?.then_some(file)),
        };
        if first.is_none() {
            file.sync_all()?;
        }
    }
    systems.into_values().flatten().try_for_each(sync_file_system)
}

/// One failure that is told of many files.
pub(crate) fn copy(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
