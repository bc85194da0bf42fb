//! From a repository and the folder of a run to the report.

use std::path::Path;

use crate::cargo;
use crate::date::Date;
use crate::error::ReportError;
use crate::git::{self, Commit};
use crate::join::{Joined, join};
use crate::lock::{LOCK_FILE, Lock};
use crate::problem::Problem;
use crate::project::{Project, Settings};
use crate::report::{Input, Report, build};
use crate::run::Run;
use crate::sbom;
use crate::scan::{Declared, Scan, Targets, scan};

/// Reads everything and makes the report. `runs` holds a folder for each configuration.
///
/// # Errors
/// Something needed cannot be read. What is wrong in what was read stands in the report.
pub fn assemble(root: &Path, runs: &Path, date: Date) -> Result<(Report, Joined), ReportError> {
    let mut commit = Commit::of(root)?;
    let project = Project::load(root, date)?;
    let excluded = project.settings.excluded_packages();
    let scan = scanned(root, &excluded)?;
    commit.must_hold(root, &scan.files)?;
    commit.must_hold(root, &project.files(root)?)?;
    if Date::of_unix_seconds(commit.seconds).is_some_and(|day| date < day) {
        return Err(ReportError::Early { date, commit: commit.id });
    }
    let (runs, unplanned) = Run::load_all(runs)?;
    let mut joined = join(scan, &runs, &commit, &excluded);
    joined.problems.extend(unplanned);
    let lock = Lock::load(root)?;
    if lock_is_gone(root, &project.settings)? {
        joined.problems.push(Problem::NoLock);
    }
    let mut report = build(&Input {
        joined: &joined,
        runs: &runs,
        lock: &lock,
        project: &project,
        commit: &commit,
        date,
    });
    if let Some(program) = &project.settings.program {
        let of = (report.commit.as_str(), &*date.to_string());
        let (bill, document) = sbom::bill(root, program, of)?;
        (report.bill, report.sbom) = (Some(bill), Some(document));
    }
    Ok((report, joined))
}

/// Whether there should be a lock and is none: the settings say that there is one, or an earlier commit had it.
fn lock_is_gone(root: &Path, settings: &Settings) -> Result<bool, ReportError> {
    let there = root.join(LOCK_FILE).is_file();
    Ok(!there && (settings.locked || git::ever_held(root, LOCK_FILE)?))
}

/// Whether everything that is wrong fails the command that tests a project.
///
/// On a CI it does as soon as evidence was ever locked: neither a lock that is gone nor a tree that differs from its
/// commit switches the check off. Elsewhere it does on a clean tree with a lock, so that one can work in between.
///
/// # Errors
/// git or the settings cannot be read.
pub fn is_binding(root: &Path, ci: bool) -> Result<bool, ReportError> {
    let there = root.join(LOCK_FILE).is_file();
    if ci {
        let settings = Settings::load(root)?;
        return Ok(there || settings.locked || git::ever_held(root, LOCK_FILE)?);
    }
    Ok(there && Commit::of(root)?.changed.is_empty())
}

/// The tests that the source declares.
pub(crate) fn declared(root: &Path) -> Result<Vec<Declared>, ReportError> {
    let settings = Settings::load(root)?;
    Ok(scanned(root, &settings.excluded_packages())?.declared)
}

fn scanned(root: &Path, excluded: &[String]) -> Result<Scan, ReportError> {
    let files = git::files(root)?;
    let targets = Targets::parse(&cargo::metadata(root)?, root, excluded, &files)?;
    scan(root, &targets, &files)
}

/// The report date: the day of `SOURCE_DATE_EPOCH`, else today.
///
/// # Errors
/// The variable is no number of seconds, or the clock stands before 1970.
pub fn report_date() -> Result<Date, ReportError> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(text) => text.parse().map_err(|_| ReportError::Date)?,
        Err(_) => {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            now.map_err(|_| ReportError::Date)?.as_secs()
        }
    };
    Date::of_unix_seconds(seconds).ok_or(ReportError::Date)
}
