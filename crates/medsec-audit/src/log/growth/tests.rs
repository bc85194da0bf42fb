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
use crate::volume::passing::{pass_to_file, pass_to_volume};
use crate::volume::{Access, Folder, VolumeFile};

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

    pass_to_volume! { create rename remove list sync_folder sync_everything try_lock free_space identity }
}

impl VolumeFile for CountingFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.0.read_at(bytes, offset)?;
        self.1.fetch_add(u64::try_from(read).unwrap(), Ordering::Relaxed);
        Ok(read)
    }

    pass_to_file! { write_at set_len allocate sync len identity try_lock unlock }
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
