//! A package file whose process dies, or whose disk fails, at a chosen write or sync.

use std::io::{self, Read, Seek, SeekFrom, Write};

use medsec_crypto::PackageFile;

/// When, relative to the chosen event, it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests go through all of them")]
pub enum CrashPoint {
    /// Nothing of the event is done.
    Before,
    /// A write is done to its half; a sync not at all.
    Half,
    /// The event is done, but the caller never hears of it.
    After,
}

impl CrashPoint {
    /// All points.
    pub const ALL: [Self; 3] = [Self::Before, Self::Half, Self::After];
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests go through all of them")]
pub enum Outcome {
    /// The process ends by SIGKILL: no destructor runs, the kernel keeps what was written.
    Kill,
    /// This and every later operation fails: the disk is gone.
    Fail,
}

/// A package file that crashes at its `at`-th write or sync, counted from 0.
#[derive(Debug)]
pub struct CrashFile<F> {
    inner: F,
    events: u32,
    at: u32,
    point: CrashPoint,
    outcome: Outcome,
    dead: bool,
}

impl<F> CrashFile<F> {
    /// Crashes at event `at`, counted from 0.
    pub const fn new(inner: F, at: u32, point: CrashPoint, outcome: Outcome) -> Self {
        Self { inner, events: 0, at, point, outcome, dead: false }
    }

    /// Whether this event is the one.
    const fn is_due(&mut self) -> bool {
        let due = self.events == self.at;
        self.events = self.events.saturating_add(1);
        due
    }

    fn crash(&mut self) -> io::Error {
        self.dead = true;
        if self.outcome == Outcome::Kill {
            kill_self();
        }
        gone()
    }

    fn alive(&self) -> io::Result<()> {
        if self.dead { Err(gone()) } else { Ok(()) }
    }
}

fn gone() -> io::Error {
    io::Error::other("the disk is gone")
}

/// Ends this process as `kill -9` does.
#[cfg(unix)]
fn kill_self() {
    use rustix::process::{Signal, getpid, kill_process};
    // It cannot fail for the own process; and if it did, the error that follows fails the test.
    let _ = kill_process(getpid(), Signal::KILL);
}

#[cfg(not(unix))]
fn kill_self() {
    std::process::abort();
}

impl<F: Read> Read for CrashFile<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.alive()?;
        self.inner.read(out)
    }
}

impl<F: Write> Write for CrashFile<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.alive()?;
        if !self.is_due() {
            return self.inner.write(bytes);
        }
        let done = match self.point {
            CrashPoint::Before => 0,
            CrashPoint::Half => bytes.len() / 2,
            CrashPoint::After => bytes.len(),
        };
        self.inner.write_all(bytes.get(..done).unwrap_or_default())?;
        Err(self.crash())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.alive()?;
        self.inner.flush()
    }
}

impl<F: Seek> Seek for CrashFile<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.alive()?;
        self.inner.seek(to)
    }
}

impl<F: PackageFile> PackageFile for CrashFile<F> {
    fn sync(&mut self) -> io::Result<()> {
        self.alive()?;
        if !self.is_due() {
            return self.inner.sync();
        }
        if self.point == CrashPoint::After {
            self.inner.sync()?;
        }
        Err(self.crash())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryFile;

    #[test]
    fn torn_write_leaves_half_and_fails_for_good() {
        let memory = MemoryFile::new(b"old!");
        let mut file = CrashFile::new(memory.clone(), 1, CrashPoint::Half, Outcome::Fail);
        file.sync().unwrap();
        assert!(file.write_all(b"new!").is_err());
        assert!(file.sync().is_err());
        assert_eq!(memory.contents(), b"ned!");
    }
}
