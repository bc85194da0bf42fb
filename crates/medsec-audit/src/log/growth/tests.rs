//! How often lines are read for a checkpoint.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::clock::SystemClock;
use crate::epoch::Retention;
use crate::event::samples;
use crate::log::NewLog;
use crate::note::{Algorithm, Ed25519NoteSigner, KeyName};
use crate::stream::{HighWater, WriterOptions};
use crate::volume::{Access, FileIdentity, Folder, Lock, VolumeFile};

/// A folder that counts the bytes of lines that are read.
#[derive(Debug)]
struct Counting(Folder, Arc<AtomicU64>);

#[derive(Debug)]
struct CountingFile(Box<dyn VolumeFile>, Arc<AtomicU64>);

impl Volume for Counting {
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>> {
        let counted = name.starts_with(crate::stream::SEGMENTS);
        Ok(self.0.open(name, access)?.map(|file| match counted {
            true => Box::new(CountingFile(file, Arc::clone(&self.1))) as Box<dyn VolumeFile>,
            false => file,
        }))
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>> {
        self.0.create(name)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        self.0.sync_folder(folder)
    }
    fn sync_everything(&self) -> io::Result<()> {
        self.0.sync_everything()
    }
    fn try_lock(&self) -> io::Result<Option<Box<dyn Lock>>> {
        self.0.try_lock()
    }
    fn free_space(&self) -> io::Result<u64> {
        self.0.free_space()
    }
    fn identity(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        self.0.identity(name)
    }
}

impl VolumeFile for CountingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.0.read_at(bytes, offset)?;
        self.1.fetch_add(u64::try_from(read).unwrap(), Ordering::Relaxed);
        Ok(read)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_at(bytes, offset)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn allocate(&self, offset: u64, len: u64) -> io::Result<()> {
        self.0.allocate(offset, len)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn identity(&self) -> io::Result<FileIdentity> {
        self.0.identity()
    }
    fn try_lock(&self) -> io::Result<bool> {
        self.0.try_lock()
    }
    fn unlock(&self) -> io::Result<()> {
        self.0.unlock()
    }
}

#[test]
fn new_lines_are_read_once_for_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let name = KeyName::new("clinic.example/log").unwrap();
    let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
    let stream = StreamName::new("main").unwrap();
    let new = NewLog { streams: vec![stream.clone()], retention: Retention::days(10).unwrap() };
    let path = folder.path().join("audit");
    let log = AuditLog::create(&path, &new, &key, &SystemClock::default()).unwrap();
    let mut options = WriterOptions::new(samples::example().place);
    options.segment_bytes = 200_000;
    let place = Folder::new(&log.stream_folder(&stream));
    let read = Arc::new(AtomicU64::new(0));
    let volume = Counting(place.clone(), Arc::clone(&read));
    for round in 0..3 {
        let writer = log.writer(&stream, &options, &[]).unwrap();
        for _ in 0..3 {
            let _ = writer.append_all(&vec![samples::example(); 400]).unwrap();
        }
        writer.close().unwrap();
        let commit = *HighWater::read(&place).unwrap().commit().unwrap();
        let last = log.checkpoint(&stream).unwrap().map(|last| last.checkpoint);
        // From the segment that has the end of the last checkpoint.
        let published = last.as_ref().map_or(0, Checkpoint::size);
        let all = segments(&place).unwrap();
        let from = all.iter().rfind(|segment| segment.first < published).unwrap().first;
        let new = all.iter().filter(|segment| segment.first >= from);
        let new: u64 = new
            .map(|segment| place.open(&segment.name(), Access::Read).unwrap().unwrap())
            .map(|file| file.len().unwrap())
            .sum();
        read.store(0, Ordering::Relaxed);
        let growth = Growth { stream: &stream, last: last.as_ref(), commit: &commit };
        log.grow(&volume, growth, published).unwrap();
        assert_eq!(read.load(Ordering::Relaxed), new, "round {round}");
        let published = log.publish(&stream, &key).unwrap();
        assert_eq!(*published.checkpoint.root(), commit.root);
        assert_eq!(
            log.prove(&stream, commit.size.get() - 1).unwrap().index() + 1,
            commit.size.get()
        );
    }
}
