//! What `cargo xtask compliance-report` and the program of this crate do, after the tests ran.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::assemble::{assembled, report_date};
use crate::diff::diff;
use crate::error::ReportError;
use crate::join::Joined;
use crate::lock::{LOCK_FILE, Lock};
use crate::output;
use crate::problem::Problem;
use crate::render::{Files, render};
use crate::report::{Report, Row, Status};
use crate::run::Run;
use crate::signing::PrivateKey;
use crate::statement::{state, state_run};

/// What to make of a run.
#[derive(Debug, Clone, Default, clap::Args)]
#[non_exhaustive]
pub struct Options {
    /// Folder of the report. An earlier report there is replaced as a whole; files of others stay.
    #[arg(long, default_value = "target/compliance")]
    pub out: PathBuf,
    /// Also say what changed since this `report.json`.
    #[arg(long, value_name = "OLD")]
    pub diff: Option<PathBuf>,
    /// Fail if anything is wrong: what a CI asks for.
    #[arg(long)]
    pub check: bool,
    /// Take what counts now as the lock, and write no report: commit the lock after a review, then make the report.
    #[arg(long, conflicts_with = "check")]
    pub bless: bool,
    /// Sign the statement with this private key (Ed25519, PKCS #8 PEM).
    #[arg(long, env = "MEDSEC_REPORT_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Made {
    /// The report; of a lock that was just written, as it is once that is committed.
    pub report: Report,
    /// A table, what is wrong, and where the files are or what became of the lock.
    pub summary: String,
    /// Whether the command succeeds.
    pub passed: bool,
}

/// Makes the report of a run and writes it, or the lock.
///
/// # Errors
/// Something needed cannot be read, or the report cannot be written.
pub fn make(root: &Path, runs: &Path, options: &Options) -> Result<Made, ReportError> {
    let date = report_date()?;
    let key = options.key.as_deref().map(PrivateKey::load).transpose()?;
    let (runs, unplanned) = Run::load_all(runs)?;
    let (mut report, joined) = assembled(root, &runs, &unplanned, date, None)?;
    let locked = options.bless.then(|| bless(root, &joined)).transpose()?;
    if locked.is_some() {
        report = assembled(root, &runs, &unplanned, date, Some(LOCK_FILE))?.0;
    }
    let mut summary = table(&report);
    // Read before the files are replaced: it may be the report of the same folder.
    if let Some(old) = &options.diff {
        let changes = diff(old, &report)?;
        // Writing to a string cannot fail.
        let _ = writeln!(summary, "\n{} changes since the earlier report", changes.len());
        for line in changes {
            let _ = writeln!(summary, "  {line}");
        }
    }
    summary.push_str(&match locked {
        Some(said) => said,
        None => write(&report, &runs, key.as_ref(), &options.out)?,
    });
    let passed = !options.check || report.problems.is_empty();
    Ok(Made { report, summary, passed })
}

/// Writes the lock of what counts, and says what became of it. There is no report to write: it would be of the commit,
/// and that does not have the lock.
fn bless(root: &Path, joined: &Joined) -> Result<String, ReportError> {
    let (before, lock) = (Lock::load(root)?, Lock::of(joined));
    lock.save(root)?;
    let mut said = format!("\nlocked {} pieces of evidence in {LOCK_FILE}\n", lock.len());
    for dropped in before.dropped(&lock) {
        let _ = writeln!(said, "  no longer locked: {dropped}");
    }
    said.push_str("review the lock and commit it, then make the report of that commit: no report was written\n");
    said.push_str("the rows above are as they are then if nothing else changes\n");
    Ok(said)
}

/// Writes all files of a report, signed with the key if the tree is the commit, and says which.
fn write(
    report: &Report,
    runs: &[Run],
    key: Option<&PrivateKey>,
    out: &Path,
) -> Result<String, ReportError> {
    let mut files = render(report)?;
    let signing = key.filter(|_| report.is_clean());
    state(report, &mut files, signing)?;
    state_run(runs, &mut files, signing)?;
    output::write(out, &files)?;
    let mut said = format!("\nin {}: {}\n", out.display(), names(&files));
    if key.is_some() && signing.is_none() {
        said.push_str("not signed: the tree differs from the commit\n");
    }
    Ok(said)
}

/// The rows of 164.312, the totals, and what is wrong.
fn table(report: &Report) -> String {
    let mut text = String::new();
    let technical = || report.rows.iter().filter(|row| row.section == 312);
    let width = technical().map(|row| row.title.chars().count()).max().unwrap_or(0);
    let line = |row: &Row| format!("{:20} {:width$}  {}\n", row.citation, row.title, row.status);
    technical().for_each(|row| text.push_str(&line(row)));
    text.push('\n');
    for key in Status::KEYS.into_iter().filter(|key| report.total(key) > 0) {
        let _ = writeln!(text, "{:5}  {}", report.total(key), Status::title(key));
    }
    if !report.problems.is_empty() {
        let _ = writeln!(text, "\n{} found wrong", report.problems.len());
        for problem in &report.problems {
            let _ = writeln!(text, "  {problem}");
        }
    }
    text
}

fn names(files: &Files) -> String {
    files.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Problems in the form that GitHub shows beside the lines.
#[must_use]
pub fn annotations(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let place = match problem.place() {
            Some((file, Some(line))) => format!(" file={file},line={line}"),
            Some((file, None)) => format!(" file={file}"),
            None => String::new(),
        };
        let message = problem.to_string().replace('%', "%25").replace('\n', "%0A");
        let _ = writeln!(text, "::error{place}::{message}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_name_file_and_line() {
        let lost = Problem::Unreached { file: "a.rs".to_owned(), line: 3 };
        let tree = Problem::DirtyTree { files: vec!["b".to_owned()] };
        let text = annotations(&[lost, tree]);
        assert!(text.starts_with("::error file=a.rs,line=3::a.rs:3: "), "{text}");
        assert!(text.ends_with("\n::error::the tree differs from the commit: b\n"), "{text}");
    }
}
