//! Counting what passes through a reader, writer or package file.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use medsec_crypto::PackageFile;

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes read.
    pub read: u64,
    /// Bytes written.
    pub written: u64,
    /// Calls of [`PackageFile::sync`].
    pub syncs: u64,
    /// One past the highest offset that was read or written.
    pub reach: u64,
}

/// Reads the counts while, or after, the double is used.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<[AtomicU64; 4]>);

impl Meter {
    /// The counts up to now.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let [read, written, syncs, reach] = &*self.0;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic { read: load(read), written: load(written), syncs: load(syncs), reach: load(reach) }
    }

    fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }
}

/// Counts what passes through `F`.
#[derive(Debug)]
pub struct Metered<F> {
    inner: F,
    meter: Meter,
    position: u64,
}

impl<F> Metered<F> {
    /// Starts at zero, with `inner` at its first byte.
    pub fn new(inner: F) -> (Self, Meter) {
        let meter = Meter::default();
        let metered = Self { inner, meter: meter.clone(), position: 0 };
        (metered, meter)
    }

    fn advance(&mut self, count: usize) {
        let [.., reach] = &*self.meter.0;
        self.position = self.position.saturating_add(count as u64);
        reach.fetch_max(self.position, Ordering::Relaxed);
    }
}

impl<F: Read> Read for Metered<F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        let [read, ..] = &*self.meter.0;
        Meter::add(read, count as u64);
        self.advance(count);
        Ok(count)
    }
}

impl<F: Write> Write for Metered<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        let [_, written, ..] = &*self.meter.0;
        Meter::add(written, count as u64);
        self.advance(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<F: Seek> Seek for Metered<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.inner.seek(to)?;
        Ok(self.position)
    }
}

impl<F: PackageFile> PackageFile for Metered<F> {
    fn sync(&mut self) -> io::Result<()> {
        let [_, _, syncs, _] = &*self.meter.0;
        Meter::add(syncs, 1);
        self.inner.sync()
    }
}
