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
use crate::scan::{Scan, Targets, scan};

/// Reads everything and makes the report. `runs` holds a folder for each configuration.
///
/// # Errors
/// Something needed cannot be read. What is wrong in what was read stands in the report.
pub fn assemble(root: &Path, runs: &Path, date: Date) -> Result<(Report, Joined), ReportError> {
    let (runs, unplanned) = Run::load_all(runs)?;
    assembled(root, &runs, &unplanned, date, None)
}

/// The same of runs that were read before, with what is wrong about which of them there are. `pending` is a file that
/// somebody is about to commit as it is.
pub(crate) fn assembled(
    root: &Path,
    runs: &[Run],
    unplanned: &[Problem],
    date: Date,
    pending: Option<&str>,
) -> Result<(Report, Joined), ReportError> {
    let mut commit = Commit::of(root)?;
    let project = Project::load(root, date)?;
    let excluded = project.settings.excluded_packages();
    let scan = scanned(root, &excluded)?;
    commit.must_hold(root, scan.files.iter().chain(&project.files(root)?))?;
    if let Some(file) = pending {
        commit.take_as_held(file);
    }
    if Date::of_unix_seconds(commit.seconds).is_some_and(|day| date < day) {
        return Err(ReportError::Early { date, commit: commit.id });
    }
    let mut joined = join(scan, runs, &commit, &excluded);
    joined.problems.extend(unplanned.iter().cloned());
    let lock = Lock::load(root)?;
    if lock_is_gone(root, &project.settings)? {
        joined.problems.push(Problem::NoLock);
    }
    let mut report = build(&Input {
        joined: &joined,
        runs,
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

/// Whether there should be a lock and is none.
fn lock_is_gone(root: &Path, settings: &Settings) -> Result<bool, ReportError> {
    let there = root.join(LOCK_FILE).is_file();
    Ok(!there && ever_locked(root, settings)?)
}

/// Whether evidence was ever locked: the settings say so, or an earlier commit had a lock.
fn ever_locked(root: &Path, settings: &Settings) -> Result<bool, ReportError> {
    Ok(settings.locked || git::ever_held(root, LOCK_FILE)?)
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
        return Ok(there || ever_locked(root, &settings)?);
    }
    Ok(there && Commit::of(root)?.changed.is_empty())
}

/// What the source declares, but for packages that are left out.
pub(crate) fn scanned(root: &Path, excluded: &[String]) -> Result<Scan, ReportError> {
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
