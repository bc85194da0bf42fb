//! The copies that everything is compared with.

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{Read as _, Write as _, copy as copy_bytes};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsec_crypto::{Execution, GroupLimits};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use sha2::{Digest as _, Sha256};

const OUTPUT: &str = "output";
/// What sealing reads at once.
const BATCH_LEN: usize = 256 * 1024;

/// Copied files that wait for their names.
#[derive(Default)]
struct Waiting {
    files: Vec<(File, PathBuf)>,
    bytes: u64,
}

/// Calls `work` for every file of `content`, by as many threads as the machine runs at once.
fn each(work: impl Fn(&Path) + Sync) {
    let mut files: Vec<PathBuf> =
        fs::read_dir("content").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(path);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..Execution::parallel().threads.get() {
            scope.spawn(take);
        }
        take();
    });
}

/// A plain copy: the kernel moves the bytes.
pub(crate) fn copy() {
    write_all(|from, to| copy_bytes(from, to).unwrap());
}

/// The same, with every byte hashed once on its way. It uses what sealing uses: the hash in hardware, at the
/// same speed as the other backend's, and batches that stay in a core's cache.
pub(crate) fn copy_and_hash() {
    write_all(|from, to| {
        let (mut hash, mut buffer, mut bytes) = (Sha256::new(), vec![0; BATCH_LEN], 0);
        loop {
            let read = from.read(&mut buffer).unwrap();
            if read == 0 {
                black_box(hash.finalize());
                return bytes;
            }
            hash.update(&buffer[..read]);
            to.write_all(&buffer[..read]).unwrap();
            bytes += read as u64;
        }
    });
}

/// Makes every output by `transfer`, which gives its length.
fn write_all(transfer: impl Fn(&mut File, &mut File) -> u64 + Sync) {
    let (waiting, committing) = (Mutex::new(Waiting::default()), Mutex::new(()));
    let limits = GroupLimits::default();
    let commit = |all: bool| {
        let _one_at_a_time = committing.lock().unwrap();
        let group = {
            let mut waiting = waiting.lock().unwrap();
            if !all && waiting.files.len() < limits.files && waiting.bytes < limits.bytes {
                return;
            }
            std::mem::take(&mut *waiting)
        };
        publish(&group);
    };
    each(|path| {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = rustix::fs::open(OUTPUT, flags, Mode::from(0o666)).unwrap();
        let mut file = File::from(file);
        let bytes = transfer(&mut File::open(path).unwrap(), &mut file);
        let is_full = {
            let mut waiting = waiting.lock().unwrap();
            waiting.files.push((file, Path::new(OUTPUT).join(path.file_name().unwrap())));
            waiting.bytes += bytes;
            waiting.files.len() >= limits.files || waiting.bytes >= limits.bytes
        };
        if is_full {
            commit(false);
        }
    });
    commit(true);
}

fn publish(group: &Waiting) {
    let Some((first, _)) = group.files.first() else { return };
    rustix::fs::syncfs(first).unwrap();
    for (file, name) in &group.files {
        let from = format!("/proc/self/fd/{}", file.as_raw_fd());
        rustix::fs::linkat(CWD, from.as_str(), CWD, name, AtFlags::SYMLINK_FOLLOW).unwrap();
    }
    File::open(OUTPUT).unwrap().sync_all().unwrap();
}
