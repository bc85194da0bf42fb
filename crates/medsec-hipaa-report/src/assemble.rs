//! From a repository and the folder of a run to the report.

use std::path::Path;

use crate::date::Date;
use crate::error::ReportError;
use crate::git::{self, Commit};
use crate::join::{Joined, join};
use crate::lock::Lock;
use crate::program;
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
    let commit = Commit::of(root)?;
    let project = Project::load(root, date)?;
    let excluded = project.settings.excluded_packages();
    let scan = scanned(root, &excluded)?;
    let runs = Run::load_all(runs)?;
    let joined = join(scan, &runs, &commit, &excluded);
    let lock = Lock::load(root)?;
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

/// The tests that the source declares.
pub(crate) fn declared(root: &Path) -> Result<Vec<Declared>, ReportError> {
    let settings = Settings::load(root)?;
    Ok(scanned(root, &settings.excluded_packages())?.declared)
}

fn scanned(root: &Path, excluded: &[String]) -> Result<Scan, ReportError> {
    let files = git::files(root)?;
    let mut cargo = program::command("cargo", root);
    let metadata =
        program::read(cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    let targets = Targets::parse(&metadata, root, excluded, &files)?;
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
