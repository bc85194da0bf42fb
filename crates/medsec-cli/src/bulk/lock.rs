//! Folders that one run at a time may write into.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use medsec_crypto::sweep_unfinished;

use super::folders;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// The folder that outputs go into, made if it is missing. No other run can work on it meanwhile.
#[derive(Debug)]
pub(super) struct OutputFolder {
    pub(super) path: PathBuf,
    _lock: Option<File>,
}

impl OutputFolder {
    pub(super) fn open(session: &Session, source: &Path, path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io("the output folder cannot be used", &error);
        let place = if path.exists() { path } else { folders::parent_of(path) };
        let real = |path: &Path| path.canonicalize().map_err(failed);
        if real(place)?.starts_with(real(source)?) {
            return Err(Failure::usage("the output folder lies in the input; nothing was done")
                .next("name a folder beside it"));
        }
        if !path.exists() {
            folders::make_one(path).map_err(failed)?;
        }
        let lock = exclusive(session, path)?;
        sweep(path);
        Ok(Self { path: path.to_owned(), _lock: lock })
    }
}

/// Keeps all other runs away from a folder that is written into, where that is possible.
pub(super) fn exclusive(session: &Session, path: &Path) -> Result<Option<File>, Failure> {
    let lock = lock(path, File::try_lock)?;
    if lock.is_none() {
        output::note(
            session,
            "the folder cannot be locked here: see to it that no other run writes into it",
        );
    }
    Ok(lock)
}

/// Keeps runs that write into a folder away while it is read, where that is possible.
pub(super) fn shared(path: &Path) -> Result<Option<File>, Failure> {
    lock(path, File::try_lock_shared)
}

/// Removes what a killed run left in a folder, where the system makes no files without names.
pub(super) fn sweep(folder: &Path) {
    const AGE: Duration = Duration::from_secs(24 * 60 * 60);
    // A folder that cannot be read will be noticed when it is worked on.
    let _ = sweep_unfinished(folder, AGE);
}

fn lock(
    path: &Path,
    try_lock: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<Option<File>, Failure> {
    let Ok(folder) = File::open(path) else {
        return Ok(None);
    };
    match try_lock(&folder) {
        Err(TryLockError::WouldBlock) => {
            Err(Failure::new(Exit::Io, "another run is working on the folder; nothing was done")
                .next("run the command again when the other one has ended"))
        }
        Err(TryLockError::Error(_)) => Ok(None),
        Ok(()) => Ok(Some(folder)),
    }
}
