//! A disk on which a sync takes a millisecond at least, as many do: what the log adds to it.

use std::io;
use std::time::Instant;

use super::*;
use crate::volume::passing::{pass_to_file, pass_to_volume};
use crate::volume::{Access, VolumeFile};

const SYNC: Duration = Duration::from_millis(1);

/// A folder whose files are synced, and then for so long that it was a millisecond.
#[derive(Debug)]
struct Slow(Folder);

#[derive(Debug)]
struct SlowFile(Box<dyn VolumeFile>);

fn slowly<T>(sync: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let start = Instant::now();
    let done = sync();
    std::thread::sleep(SYNC.saturating_sub(start.elapsed()));
    done
}

impl Volume for Slow {
    fn open(&self, name: &str, access: Access) -> io::Result<Option<Box<dyn VolumeFile>>> {
        let file = self.0.open(name, access)?;
        Ok(file.map(|file| Box::new(SlowFile(file)) as Box<dyn VolumeFile>))
    }
    fn create(&self, name: &str) -> io::Result<Box<dyn VolumeFile>> {
        Ok(Box::new(SlowFile(self.0.create(name)?)))
    }
    fn sync_folder(&self, folder: &str) -> io::Result<()> {
        slowly(|| self.0.sync_folder(folder))
    }
    fn sync_everything(&self) -> io::Result<()> {
        slowly(|| self.0.sync_everything())
    }

    pass_to_volume! { rename remove list try_lock free_space identity }
}

impl VolumeFile for SlowFile {
    fn sync(&self) -> io::Result<()> {
        slowly(|| self.0.sync())
    }

    pass_to_file! { read_at write_at set_len allocate len identity try_lock unlock }
}

/// Seconds of one of so many calls.
fn each(count: u32, mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| call());
    start.elapsed().as_secs_f64() / f64::from(count)
}

/// Records a second of so many threads that append so many records each.
fn together(writer: &StreamWriter, threads: u32, count: u32) -> f64 {
    let append = || {
        let _ = writer.append(&samples::example()).unwrap();
    };
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..count).for_each(|_| append()));
        }
    });
    f64::from(threads) * f64::from(count) / start.elapsed().as_secs_f64()
}

#[test]
fn where_a_sync_takes_a_millisecond_threads_share_it() {
    let home = Home::new();
    let expected = *home.log.root().genesis(&stream()).unwrap();
    let volume = Arc::new(Slow(Folder::new(&home.log.stream_folder(&stream()))));
    let options = WriterOptions::new(samples::place());
    let start = Instant::now();
    let writer =
        StreamWriter::open_volume(volume, expected, &options, Purpose::Write, &[]).unwrap();
    let opened = start.elapsed().as_secs_f64() * 1e3;
    let bare = Slow(Folder::new(home._folder.path())).create("bare").unwrap();
    let mut ratios: Vec<_> = (0..9_u64)
        .map(|turn| {
            let call = each(20, || {
                let _ = writer.append(&samples::example()).unwrap();
            });
            let mut at = turn * 20 * 610;
            let loop_alone = each(20, || {
                bare.write_at(&[b'x'; 610], at).unwrap();
                bare.sync().unwrap();
                at += 610;
            });
            loop_alone / call
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (one, many) = (together(&writer, 1, 40), together(&writer, 64, 20));
    writer.close().unwrap();
    println!(
        "sync of 1 ms: opened in {opened:.1} ms, one client {:.2} of write and sync",
        ratios[4]
    );
    println!("64 clients {:.1} times one", many / one);
    // Far below what is measured: other work goes on where tests run.
    assert!(ratios[4] > 0.4 && many / one > 4.0, "{ratios:?} {one} {many}");
}
