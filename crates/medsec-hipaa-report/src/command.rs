//! What `cargo xtask compliance-report` and the program of this crate do, after the tests ran.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::assemble::{assembled, report_date};
use crate::diff::diff;
use crate::error::ReportError;
use crate::lock::Lock;
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
    /// Take what counts now as the lock. Commit it after a review.
    #[arg(long, conflicts_with = "check")]
    pub bless: bool,
    /// Sign the statement with this private key (Ed25519, PKCS #8 PEM).
    #[arg(long, env = "MEDSEC_REPORT_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// A report that was written.
#[derive(Debug)]
#[non_exhaustive]
pub struct Made {
    /// The report.
    pub report: Report,
    /// A table, what is wrong, and where the files are.
    pub summary: String,
    /// Whether the command succeeds.
    pub passed: bool,
}

/// Makes the report of a run and writes it.
///
/// # Errors
/// Something needed cannot be read, or the report cannot be written.
pub fn make(root: &Path, runs: &Path, options: &Options) -> Result<Made, ReportError> {
    let date = report_date()?;
    let key = options.key.as_deref().map(PrivateKey::load).transpose()?;
    let (runs, unplanned) = Run::load_all(runs)?;
    let (mut report, joined) = assembled(root, &runs, &unplanned, date)?;
    let mut summary = String::new();
    if options.bless {
        let (before, lock) = (Lock::load(root)?, Lock::of(&joined));
        lock.save(root)?;
        for dropped in before.dropped(&lock) {
            let _ = writeln!(summary, "no longer locked: {dropped}");
        }
        report = assembled(root, &runs, &unplanned, date)?.0;
        // Writing to a string cannot fail.
        let _ = writeln!(
            summary,
            "locked {} pieces of evidence: review and commit the lock\n",
            lock.len()
        );
    }
    // Read before the files are replaced: it may be the report of the same folder.
    let changes = options.diff.as_deref().map(|old| diff(old, &report)).transpose()?;
    let mut files = render(&report)?;
    let signing = key.as_ref().filter(|_| report.is_clean());
    state(&report, &mut files, signing)?;
    state_run(&runs, &mut files, signing)?;
    output::write(&options.out, &files)?;
    summary.push_str(&table(&report));
    if let Some(changes) = changes {
        let _ = writeln!(summary, "\n{} changes since the earlier report", changes.len());
        for line in changes {
            let _ = writeln!(summary, "  {line}");
        }
    }
    let _ = writeln!(summary, "\nin {}: {}", options.out.display(), names(&files));
    if key.is_some() && signing.is_none() {
        let _ = writeln!(summary, "not signed: the tree differs from the commit");
    }
    let passed = !options.check || report.problems.is_empty();
    Ok(Made { report, summary, passed })
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
