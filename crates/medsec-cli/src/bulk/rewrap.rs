//! `medsec rewrap FOLDER`: packages are changed in parallel, and each becomes durable by itself. What has its new
//! recipients is left alone, so that an interrupted run is simply repeated.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use super::crew;
use super::folders::parent_of;
use super::lock::sweep;
use super::open::packages;
use super::report_file::ReportFile;
use super::tally::{Place, Tally, Words};
use super::walk;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::Session;

/// What became of one package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rewrap {
    /// It has new recipients.
    Done,
    /// It had exactly the recipients that are wanted.
    NotNeeded,
}

/// Calls `work` with the path of every package in `folder`, opened and never through a link; then, if none failed, `slip` for what the command line
/// asked for in vain.
pub(crate) fn run(
    session: &Session,
    folder: &Path,
    report: Option<&Path>,
    work: impl Fn(&Path, File) -> Result<Rewrap, Failure> + Sync,
    slip: impl FnOnce() -> Option<Failure>,
) -> Result<Folder, Failure> {
    let report = ReportFile::create(report)?;
    let found = packages(folder)?;
    // Where a list does not fit, a copy takes the package's place.
    let folders: BTreeSet<_> = found.iter().map(|one| parent_of(&one.path)).collect();
    folders.into_iter().for_each(|below| sweep(&folder.join(below)));
    let tally = Tally::new(session, &found);
    let indices: Vec<usize> = (0..found.len()).collect();
    let rewrap = |index: &usize, _| {
        let Some(one) = found.get(*index) else { return };
        let Some(len) = one.kind.file_len() else { return };
        let opened = walk::open(folder, &one.path);
        match opened.and_then(|opened| work(&folder.join(&one.path), opened.file)) {
            Ok(Rewrap::Done) => tally.done(len),
            Ok(Rewrap::NotNeeded) => tally.skipped(len),
            Err(failure) => tally.failed(*index, failure),
        }
    };
    crew::each(&indices, session.threads().get(), &session.interrupt, |_| 0, rewrap);
    if tally.is_clean()
        && !session.interrupt.is_set()
        && let Some(failure) = slip()
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
