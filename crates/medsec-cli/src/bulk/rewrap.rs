//! `medsec rewrap FOLDER`: packages are changed in parallel, and become durable in groups. What has its new
//! recipients is left alone, so that an interrupted run is simply repeated.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Mutex;

use medsec::{Confirmed, RewrapBatch, RewrapGrant};
use medsec_crypto::{GroupLimits, Header, StartedRewrap};

use super::crew::{self, lock, raise_descriptor_limit};
use super::folders::parent_of;
use super::lock::{exclusive, sweep};
use super::open::packages;
use super::report_file::ReportFile;
use super::tally::{Place, Tally, Words};
use super::walk;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::Session;

/// What became of one package.
#[derive(Debug)]
pub(crate) enum Rewrap {
    /// It has new recipients.
    Done,
    /// It has them when they are durable and confirmed.
    Started(Box<(StartedRewrap, RewrapGrant)>),
    /// It had exactly the recipients that are wanted.
    NotNeeded,
}

/// What a folder's packages are to be changed to.
pub(crate) trait Work: Sync {
    /// Looks at the package at this path, opened and never through a link, and changes it if need be.
    fn rewrap(&self, path: &Path, file: File) -> Result<Rewrap, Failure>;

    /// Tries the new recipients.
    fn confirm(&self, grant: &RewrapGrant, header: &Header) -> Confirmed;

    /// What the command line asked for in vain, once all packages are done.
    fn slip(&self) -> Option<Failure>;
}

/// Rewraps every package in `folder`, in which no other run can work meanwhile.
pub(crate) fn run(
    session: &Session,
    folder: &Path,
    report: Option<&Path>,
    work: &impl Work,
) -> Result<Folder, Failure> {
    let report = ReportFile::create(report)?;
    let _others_wait = exclusive(session, folder)?;
    let found = packages(folder)?;
    // Where a list does not fit, a copy takes the package's place.
    let folders: BTreeSet<_> = found.iter().map(|one| parent_of(&one.path)).collect();
    folders.into_iter().for_each(|below| sweep(&folder.join(below)));
    let tally = Tally::new(session, &found);
    let indices: Vec<usize> = (0..found.len()).collect();
    let finisher = Finisher::new(work, &tally);
    let rewrap = |index: &usize, _| {
        let Some(one) = found.get(*index) else { return };
        let Some(len) = one.kind.file_len() else { return };
        let opened = walk::open(folder, &one.path);
        match opened.and_then(|opened| work.rewrap(&folder.join(&one.path), opened.file)) {
            Ok(Rewrap::Done) => tally.done(len),
            Ok(Rewrap::NotNeeded) => tally.skipped(len),
            Ok(Rewrap::Started(started)) => {
                let (rewrap, grant) = *started;
                finisher.add(rewrap, grant, (*index, len));
            }
            Err(failure) => tally.failed(*index, failure),
        }
    };
    crew::each(&indices, session.threads().get(), &session.interrupt, |_| 0, rewrap);
    finisher.commit(|_| true);
    if tally.is_clean()
        && !session.interrupt.is_set()
        && let Some(failure) = work.slip()
    {
        tally.found(Place::CommandLine, Path::new(""), "failed", failure);
    }
    let words = Words {
        done: "rewrapped",
        skipped: "had these recipients already",
        failed: ["failure", "failures"],
    };
    Ok(tally.conclude(session, &words, report))
}

/// Number and length of a package whose new recipients are written.
type Waiting = (usize, u64);
type Batch = RewrapBatch<Waiting>;

/// Finishes one batch while the next one fills: that bounds the descriptors in use.
struct Finisher<'a, W> {
    work: &'a W,
    tally: &'a Tally<'a>,
    filling: Mutex<Batch>,
    committing: Mutex<()>,
}

impl<'a, W: Work> Finisher<'a, W> {
    fn new(work: &'a W, tally: &'a Tally<'a>) -> Self {
        raise_descriptor_limit();
        let filling = Mutex::new(Batch::new(GroupLimits::default()));
        Self { work, tally, filling, committing: Mutex::default() }
    }

    fn add(&self, rewrap: StartedRewrap, grant: RewrapGrant, waiting: Waiting) {
        let is_full = {
            let mut batch = lock(&self.filling);
            batch.add(rewrap, grant, waiting);
            batch.is_full()
        };
        if is_full {
            self.commit(Batch::is_full);
        }
    }

    fn commit(&self, is_time: impl Fn(&Batch) -> bool) {
        let _one_at_a_time = lock(&self.committing);
        let batch = {
            let mut filling = lock(&self.filling);
            if !is_time(&filling) {
                return;
            }
            filling.take()
        };
        let ended = batch.commit(|grant, header| self.work.confirm(grant, header));
        for ((index, len), result) in ended.results {
            match result {
                Ok(_) => self.tally.done(len),
                Err(error) => self.tally.failed(index, error.into()),
            }
        }
        if let Err(error) = ended.recorded {
            self.tally.folder_failed(error.into());
        }
    }
}
