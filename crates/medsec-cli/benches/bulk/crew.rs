//! The copy that everything is compared with, and sealing by the library alone.

use std::fs::{self, File};
use std::io::copy as copy_bytes;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use medsec_crypto::{
    Draft, Execution, GroupLimits, Kek, LocalKek, Metadata, OutputGroup, OutputOptions,
    PackageSpec, PendingFile, SigningKey, Timestamp,
};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};

const OUTPUT: &str = "output";

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

pub(crate) fn copy() {
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
        let bytes = copy_bytes(&mut File::open(path).unwrap(), &mut file).unwrap();
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

pub(crate) fn seal() {
    let kek = LocalKek::new(&[1; 16], &[2; 16], 1, Kek::take_from(&mut [5; 32]).unwrap()).unwrap();
    let signer = Arc::new(SigningKey::generate().unwrap());
    let (group, committing) =
        (Mutex::new(OutputGroup::new(GroupLimits::default())), Mutex::new(()));
    let commit = |all: bool| {
        let _one_at_a_time = committing.lock().unwrap();
        let taken = {
            let mut group = group.lock().unwrap();
            if !all && !group.is_full() {
                return;
            }
            group.take()
        };
        taken.commit().into_iter().for_each(|((), result)| result.unwrap());
    };
    each(|path| {
        let content = File::open(path).unwrap();
        let mut metadata = Metadata::new();
        metadata.file_name = path.to_str().map(str::to_owned);
        metadata.size = Some(content.metadata().unwrap().len());
        let mut spec = PackageSpec::default();
        spec.metadata = Some(metadata);
        let now = Timestamp::from(std::time::SystemTime::now());
        let draft = Draft::new(spec, now, Some(Arc::clone(&signer))).unwrap();
        let sealer = draft.seal_to(&[&kek]).unwrap();
        let target = Path::new(OUTPUT).join(format!("{}.msp", sealer.package_id()));
        let file = PendingFile::create(&target, OutputOptions::default()).unwrap();
        let (sealed, file) = sealer.seal_to_pending(content, file, &Execution::default()).unwrap();
        let is_full = {
            let mut group = group.lock().unwrap();
            group.add(file, sealed.package_len, ());
            group.is_full()
        };
        if is_full {
            commit(false);
        }
    });
    commit(true);
}
