//! Threads that take files one after the other, and outputs that get their names in groups.

use std::collections::BTreeSet;
use std::fs::File;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use medsec::{Release, ReleaseError, ReleaseGroup};
use medsec_crypto::{Execution, GroupLimits, Observer};

use crate::failure::Failure;
use crate::session::Interrupt;

/// Up to this length a file is one thread's work.
pub(super) const SHORT_LEN: u64 = 8 * 1024 * 1024;

/// How many threads work on one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hands {
    /// Only the one that took it.
    One,
    /// All of them.
    All,
}

/// Calls `work` for each of `items`, the short ones in parallel, then the long ones one by one; stops taking
/// new ones when interrupted.
pub(super) fn each<T: Sync>(
    items: &[T],
    threads: usize,
    interrupt: &Interrupt,
    len: impl Fn(&T) -> u64 + Sync,
    work: impl Fn(&T, Hands) + Sync,
) {
    let next = AtomicUsize::new(0);
    let take = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if interrupt.is_set() {
                break;
            }
            if len(item) <= SHORT_LEN {
                work(item, Hands::One);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(items.len()) {
            // Where the system starts no more threads, those there are do the work.
            if std::thread::Builder::new().spawn_scoped(scope, take).is_err() {
                break;
            }
        }
        take();
    });
    for item in items.iter().filter(|item| len(item) > SHORT_LEN) {
        if interrupt.is_set() {
            break;
        }
        work(item, Hands::All);
    }
}

/// So many items are put on record together: one wait for the disk of the log instead of many.
pub(super) const TOGETHER: usize = 64;

/// Calls `work` for runs of at most [`TOGETHER`] short items in parallel, then for each long one by itself.
pub(super) fn each_run<T: Sync>(
    items: &[T],
    threads: usize,
    interrupt: &Interrupt,
    len: impl Fn(&T) -> u64 + Sync,
    work: impl Fn(&[&T], Hands) + Sync,
) {
    let (short, long): (Vec<&T>, Vec<&T>) = items.iter().partition(|item| len(item) <= SHORT_LEN);
    // Few items are shared out nevertheless.
    let size = short.len().div_ceil(threads.max(1)).clamp(1, TOGETHER);
    let runs: Vec<&[&T]> = short.chunks(size).collect();
    each(&runs, threads, interrupt, |_| 0, |run, hands| work(run, hands));
    for item in long {
        if interrupt.is_set() {
            break;
        }
        work(&[item], Hands::All);
    }
}

/// Outputs on their way to their records and names. One group is committed at a time while the next one fills: that bounds
/// the descriptors in use.
pub(super) struct Publisher<T> {
    filling: Mutex<ReleaseGroup<T>>,
    committing: Mutex<()>,
    /// Folders of outputs that were there already: a killed run may have named them and not synced the folder.
    settled: Mutex<BTreeSet<PathBuf>>,
}

impl<T> Publisher<T> {
    pub(super) fn new() -> Self {
        raise_descriptor_limit();
        Self {
            filling: Mutex::new(ReleaseGroup::new(GroupLimits::default())),
            committing: Mutex::new(()),
            settled: Mutex::default(),
        }
    }

    /// Adds a finished output. `landed` is told of each that got its name, or did not.
    pub(super) fn add(
        &self,
        release: Release,
        value: T,
        landed: impl FnMut(T, Result<(), ReleaseError>),
    ) {
        let is_full = {
            let mut group = lock(&self.filling);
            group.add(release, value);
            group.is_full()
        };
        if is_full {
            self.commit(ReleaseGroup::is_full, landed);
        }
    }

    /// A folder to make durable with the present group.
    pub(super) fn add_folder(&self, folder: &Path) {
        lock(&self.filling).add_folder(folder);
    }

    /// An output below `root` that is there already. Its name becomes durable at the end.
    pub(super) fn add_present(&self, root: &Path, path: &Path) {
        let mut settled = lock(&self.settled);
        for folder in path.ancestors().skip(1) {
            if !settled.insert(root.join(folder)) {
                break;
            }
        }
    }

    /// Commits what is left.
    ///
    /// # Errors
    /// Folders of outputs that were there already could not be made durable.
    pub(super) fn finish(
        &self,
        landed: impl FnMut(T, Result<(), ReleaseError>),
    ) -> Result<(), Failure> {
        self.commit(|_| true, landed);
        let folders = std::mem::take(&mut *lock(&self.settled));
        let synced = folders.iter().try_for_each(|folder| match cfg!(unix) {
            true => File::open(folder)?.sync_all(),
            false => Ok(()),
        });
        synced.map_err(|error| Failure::io("a folder could not be made durable", &error))
    }

    fn commit(
        &self,
        is_time: impl Fn(&ReleaseGroup<T>) -> bool,
        mut landed: impl FnMut(T, Result<(), ReleaseError>),
    ) {
        let _one_at_a_time = lock(&self.committing);
        let group = {
            let mut filling = lock(&self.filling);
            if !is_time(&filling) {
                return;
            }
            filling.take()
        };
        for (value, result) in group.commit() {
            landed(value, result);
        }
    }
}

/// Two groups of files without names are open at once.
pub(super) fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        const WANTED: u64 = 4096;
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let wanted = maximum.map_or(WANTED, |maximum| maximum.min(WANTED));
        if current.is_some_and(|current| current < wanted) {
            // Where it is not permitted, files beyond the limit fail and are told of.
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
        }
    }
}

/// Lets a signal stop the work on one file.
pub(super) struct Stop<'a>(pub(super) &'a Interrupt);

impl Observer for Stop<'_> {
    fn progress(&self, _: u64) -> ControlFlow<()> {
        if self.0.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// How one file is worked on.
pub(super) fn execution<'a>(hands: Hands, threads: usize, stop: &'a Stop<'a>) -> Execution<'a> {
    let mut execution = Execution::default();
    if hands == Hands::All {
        execution.threads = NonZeroUsize::new(threads).unwrap_or(execution.threads);
    }
    execution.observer = Some(stop);
    execution
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
