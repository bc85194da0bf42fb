//! The segment that is written, locked for itself: `LOCK` can be taken away or replaced, and another process would
//! then have a lock too. The segment cannot, without the records being somewhere else as well.

use std::ops::Deref;
use std::time::Duration;

use super::OpenWriterError;
use crate::clock::Clock;
use crate::stream::layout::{Segment, segments};
use crate::volume::{Access, FileIdentity, Volume, VolumeFile, wait_for};

/// A file that this process has locked, until [`Self::give_up`] or drop.
#[derive(Debug)]
pub(super) struct Held {
    file: Box<dyn VolumeFile>,
    // Which process locked it.
    process: u32,
}

impl Held {
    /// Locks a file; nothing if another process has it and does not give it up in time.
    fn lock(
        file: Box<dyn VolumeFile>,
        clock: &dyn Clock,
        patience: Duration,
    ) -> std::io::Result<Option<Self>> {
        let locked = wait_for(clock, patience, || Ok(file.try_lock()?.then_some(())))?;
        Ok(locked.map(|()| Self { file, process: std::process::id() }))
    }

    /// Unlocks it. A process that this one has started may have the file open too: closing it is not enough. But one
    /// that was forked off shares the lock, which it must not take from the one that has it.
    pub(super) fn give_up(&self) {
        if self.process == std::process::id() {
            // It ends with the process at the latest.
            let _ = self.file.unlock();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Deref for Held {
    type Target = dyn VolumeFile;

    fn deref(&self) -> &Self::Target {
        &*self.file
    }
}

/// The last segment, open and locked.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) segment: Segment,
    pub(super) file: Held,
}

impl Head {
    /// Locks the last segment, if there is one.
    ///
    /// # Errors
    /// [`OpenWriterError::Busy`] if another process has it, or has just gone on to the next one.
    pub(super) fn lock(
        volume: &dyn Volume,
        clock: &dyn Clock,
        patience: Duration,
    ) -> Result<Option<Self>, OpenWriterError> {
        let Some(segment) = segments(volume)?.pop() else { return Ok(None) };
        let Some(file) = volume.open(&segment.name(), Access::Write)? else { return Ok(None) };
        let file = Held::lock(file, clock, patience)?.ok_or(OpenWriterError::Busy)?;
        let still = segments(volume)?.pop() == Some(segment);
        still.then_some(Some(Self { segment, file })).ok_or(OpenWriterError::Busy)
    }
}

/// A segment that is written, and which file it is.
#[derive(Debug)]
pub(super) struct Tip {
    pub(super) file: Held,
    name: String,
    identity: FileIdentity,
}

impl Tip {
    /// A segment of this name.
    pub(super) fn new(segment: Segment, file: Held) -> std::io::Result<Self> {
        Ok(Self { identity: file.identity()?, name: segment.name(), file })
    }

    /// Makes a new segment. Its name is durable once the folder is synced.
    pub(super) fn create(
        volume: &dyn Volume,
        segment: Segment,
        clock: &dyn Clock,
    ) -> std::io::Result<Self> {
        let file = volume.create(&segment.name())?;
        let file = Held::lock(file, clock, Duration::ZERO)?;
        Self::new(segment, file.ok_or(std::io::ErrorKind::ResourceBusy)?)
    }

    /// Whether the file is still what its name leads to: whoever reads the log reads what was written.
    pub(super) fn is_in_place(&self, volume: &dyn Volume) -> std::io::Result<bool> {
        Ok(volume.identity(&self.name)? == Some(self.identity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn a_lock_is_not_given_up_by_a_process_that_was_forked_off() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let other = file.reopen().unwrap();
        let hold = || {
            let copy = Box::new(file.as_file().try_clone().unwrap());
            Held::lock(copy, &SystemClock::default(), Duration::ZERO).unwrap().unwrap()
        };
        let mut held = hold();
        held.process = held.process.wrapping_add(1);
        drop(held);
        assert!(other.try_lock().is_err());
        drop(hold());
        assert!(other.try_lock().is_ok());
    }
}
