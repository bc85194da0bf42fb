//! `medsec rewrap FOLDER`: one package after the other; what has its new recipients is left alone, so that an
//! interrupted run is simply repeated.

use std::path::Path;

use super::open::packages;
use super::tally::{Tally, Words, check_report_file};
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

/// Calls `work` with the path of every package in `folder`.
pub(crate) fn run(
    session: &Session,
    folder: &Path,
    report: Option<&Path>,
    mut work: impl FnMut(&Path) -> Result<Rewrap, Failure>,
) -> Result<Folder, Failure> {
    check_report_file(report)?;
    let found = packages(folder)?;
    let tally = Tally::new(session, &found);
    for (index, one) in found.iter().enumerate() {
        if session.interrupt.is_set() {
            break;
        }
        let Some(len) = one.kind.file_len() else { continue };
        match work(&folder.join(&one.path)) {
            Ok(Rewrap::Done) => tally.done(len),
            Ok(Rewrap::NotNeeded) => tally.skipped(len),
            Err(failure) => tally.failed(index, failure),
        }
    }
    let words = Words {
        done: "rewrapped",
        skipped: "had these recipients already",
        failed: "packages failed",
    };
    Ok(tally.conclude(session, &words, report))
}
