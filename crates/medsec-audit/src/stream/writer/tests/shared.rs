//! A process that was started while a writer was open may hold the same open files: the end of the writer must give
//! its locks back all the same.

use std::fs::{File, OpenOptions};
use std::io;
use std::sync::Mutex;

use super::*;
use crate::volume::passing::pass_to_volume;
use crate::volume::{Access, VolumeFile};

/// A folder whose files another holder keeps open, as a child process does.
#[derive(Debug)]
struct Shared(Folder, Mutex<Vec<File>>);

impl Shared {
    fn share(&self, file: io::Result<File>) -> io::Result<Box<dyn VolumeFile>> {
        let file = file?;
        self.1.lock().unwrap().push(file.try_clone()?);
        Ok(Box::new(file))
    }
}

impl Volume for Shared {
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>> {
        if access == Access::Read || self.0.identity(name)?.is_none() {
            return self.0.open(name, access);
        }
        let file = OpenOptions::new().read(true).write(true).open(self.0.path().join(name));
        self.share(file).map(Some)
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>> {
        drop(self.0.create(name)?);
        self.share(OpenOptions::new().read(true).write(true).open(self.0.path().join(name)))
    }

    pass_to_volume! { rename remove list sync_folder sync_everything try_lock free_space identity }
}

/// A writer whose open files somebody else holds too, and that holder.
fn shared(home: &Home, segment: u64) -> (StreamWriter, Arc<Shared>) {
    let expected = *home.log.root().genesis(&stream()).unwrap();
    let folder = Folder::new(&home.log.stream_folder(&stream()));
    let volume = Arc::new(Shared(folder, Mutex::default()));
    let mut options = WriterOptions::new(samples::place());
    (options.patience, options.segment_bytes) = (Duration::ZERO, segment);
    let shared: Arc<dyn Volume> = Arc::<Shared>::clone(&volume);
    let writer =
        StreamWriter::open_volume(shared, expected, &options, Purpose::Write, &[]).unwrap();
    (writer, volume)
}

#[test]
fn a_child_that_holds_the_files_keeps_nobody_from_writing() {
    for segment in [1, 64 << 20] {
        let home = Home::new();
        let (writer, closed) = shared(&home, segment);
        let _ = writer.append(&samples::example()).unwrap();
        writer.close().unwrap();
        let (writer, dropped) = shared(&home, segment);
        let _ = writer.append(&samples::example()).unwrap();
        drop(writer);
        let held = closed.1.lock().unwrap().len().min(dropped.1.lock().unwrap().len());
        assert!(held > 0);
        home.writer().close().unwrap();
        assert_eq!(home.verdict(), Verdict::Whole);
    }
}

#[test]
fn an_opening_that_fails_keeps_no_lock() {
    let home = Home::new();
    let (writer, _) = shared(&home, 64 << 20);
    writer.close().unwrap();
    let folder = Folder::new(&home.log.stream_folder(&stream()));
    let volume = Arc::new(Shared(folder, Mutex::default()));
    let mut options = WriterOptions::new(samples::place());
    options.patience = Duration::ZERO;
    let shared: Arc<dyn Volume> = Arc::<Shared>::clone(&volume);
    let other = crate::tree::EMPTY_ROOT;
    let refused = StreamWriter::open_volume(shared, other, &options, Purpose::Write, &[]);
    assert!(refused.is_err() && !volume.1.lock().unwrap().is_empty());
    home.writer().close().unwrap();
}
