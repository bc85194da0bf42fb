//! A package file in memory that knows what a power cut would leave of it.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medsec_crypto::PackageFile;

/// A file in memory. Clones share the bytes but not the position, like two descriptors of one file.
#[derive(Clone, Debug, Default)]
pub struct MemoryFile {
    disk: Arc<Mutex<Disk>>,
    position: u64,
}

#[derive(Debug, Default)]
struct Disk {
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

impl MemoryFile {
    /// A file that holds `bytes`, all of them durable.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let disk = Disk { bytes: bytes.to_vec(), durable: bytes.to_vec() };
        Self { disk: Arc::new(Mutex::new(disk)), position: 0 }
    }

    /// What a reader sees now.
    #[must_use]
    pub fn contents(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// What is left if the power fails now and everything since the last sync is lost. A real disk may
    /// keep any part of it: see also [`Self::contents`].
    #[must_use]
    pub fn durable(&self) -> Vec<u8> {
        self.lock().durable.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for MemoryFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX);
        let read = {
            let disk = self.lock();
            let mut rest = disk.bytes.get(start..).unwrap_or_default();
            rest.read(out)?
        };
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = usize::try_from(self.position).unwrap_or(usize::MAX);
        let end = start.saturating_add(bytes.len());
        {
            let mut disk = self.lock();
            if disk.bytes.len() < end {
                disk.bytes.resize(end, 0);
            }
            let place = disk.bytes.get_mut(start..end).unwrap_or_default();
            place.copy_from_slice(bytes);
        }
        self.position = end as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let len = self.lock().bytes.len() as u64;
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => len.checked_add_signed(delta),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl PackageFile for MemoryFile {
    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.lock();
        disk.durable = disk.bytes.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_cut_loses_what_was_not_synced() {
        let mut file = MemoryFile::new(b"old");
        file.write_all(b"new").unwrap();
        assert_eq!((file.contents(), file.durable()), (b"new".into(), b"old".into()));
        file.sync().unwrap();
        assert_eq!(file.durable(), b"new");
    }

    #[test]
    fn clones_see_each_others_writes() {
        let mut file = MemoryFile::new(b"");
        let reader = file.clone();
        file.seek(SeekFrom::Start(2)).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(reader.contents(), b"\0\0x");
    }
}
