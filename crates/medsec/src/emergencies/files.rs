//! The files of a book of emergencies.
//!
//! ```text
//! ID.emergency             open, or ended and not reviewed
//! reviewed/ID.emergency    reviewed
//! lock                     held by whoever changes one
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use medsec_crypto::{Existing, OutputError, OutputOptions, write_file};
use medsec_policy::{EmergencyId, EmergencyRecord, RecordError};

const SUFFIX: &str = ".emergency";
const REVIEWED: &str = "reviewed";
const LOCK: &str = "lock";
/// How long the lock is waited for: a change takes two writes.
const PATIENCE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(5);
/// Most emergencies that wait for their review. Beyond it something else is wrong than that somebody is busy.
const MAX_UNREVIEWED: usize = 4096;

/// Why emergencies were not read or written. Nothing of a record and no path is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// The folder cannot be used.
    #[error("the records of emergencies cannot be read or locked")]
    Io(#[source] io::Error),
    /// A record was not written.
    #[error("the record of the emergency cannot be written")]
    Write(#[from] OutputError),
    /// Another process has kept the lock for too long.
    #[error("another process is at the records of emergencies")]
    Busy,
    /// A record is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record is that of another emergency than its name says.
    #[error("the record of an emergency lies under the name of another")]
    Misplaced,
    /// There is no such emergency.
    #[error("there is no such emergency")]
    Unknown,
    /// Too many wait for their review.
    #[error("more than {MAX_UNREVIEWED} emergencies wait for their review")]
    TooMany,
}

/// Where they lie.
#[derive(Clone, Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

/// Nobody else changes a record while it is there.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "it is held")] File);

impl Files {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Waits for the lock, and makes the folder if there is none.
    pub(super) fn lock(&self) -> Result<Lock, BookError> {
        make_private(&self.folder.join(REVIEWED)).map_err(BookError::Io)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.folder.join(LOCK)).map_err(BookError::Io)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    std::thread::sleep(STEP);
                }
                Err(TryLockError::WouldBlock) => return Err(BookError::Busy),
                Err(TryLockError::Error(error)) => return Err(BookError::Io(error)),
            }
        }
    }

    /// All that are not reviewed, in the order of their names.
    pub(super) fn unreviewed(&self) -> Result<Vec<EmergencyId>, BookError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(BookError::Io(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(BookError::Io)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok());
            ids.extend(id.filter(|id| !self.is_reviewed(*id)));
            if ids.len() > MAX_UNREVIEWED {
                return Err(BookError::TooMany);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// Whether there is a review. A record that stands in both places was reviewed: what is left of it in the other
    /// one was to be removed.
    pub(super) fn is_reviewed(&self, id: EmergencyId) -> bool {
        self.reviewed(id).exists()
    }

    pub(super) fn read(&self, id: EmergencyId) -> Result<EmergencyRecord, BookError> {
        let path = if self.is_reviewed(id) { self.reviewed(id) } else { self.current(id) };
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => BookError::Unknown,
            _ => BookError::Io(error),
        })?;
        let limit = EmergencyRecord::MAX_LEN.saturating_add(1);
        let mut bytes = Vec::with_capacity(limit);
        file.take(limit as u64).read_to_end(&mut bytes).map_err(BookError::Io)?;
        let record = EmergencyRecord::parse(&bytes)?;
        (record.id == id).then_some(record).ok_or(BookError::Misplaced)
    }

    /// Writes the record of a new emergency. To be called under the lock.
    pub(super) fn add(&self, record: &EmergencyRecord) -> Result<(), BookError> {
        if self.unreviewed()?.len() >= MAX_UNREVIEWED {
            return Err(BookError::TooMany);
        }
        write(&self.current(record.id), record, Existing::Refuse)
    }

    /// Replaces a record. To be called under the lock.
    pub(super) fn replace(&self, record: &EmergencyRecord) -> Result<(), BookError> {
        write(&self.current(record.id), record, Existing::Replace)
    }

    /// Puts a record where nothing changes it any more. To be called under the lock.
    pub(super) fn close(&self, record: &EmergencyRecord) -> Result<(), BookError> {
        write(&self.reviewed(record.id), record, Existing::Refuse)?;
        // The review counts from here on; what cannot be removed now is not looked at.
        let _ = fs::remove_file(self.current(record.id));
        Ok(())
    }

    fn current(&self, id: EmergencyId) -> PathBuf {
        self.folder.join(format!("{id}{SUFFIX}"))
    }

    fn reviewed(&self, id: EmergencyId) -> PathBuf {
        self.folder.join(REVIEWED).join(format!("{id}{SUFFIX}"))
    }
}

fn write(path: &Path, record: &EmergencyRecord, existing: Existing) -> Result<(), BookError> {
    let mut options = OutputOptions::default();
    options.existing = existing;
    Ok(write_file(path, record.render().as_bytes(), options)?)
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
