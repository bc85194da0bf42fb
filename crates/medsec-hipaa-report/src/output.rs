//! Writes the files of a report: all of them or none, and nothing of anybody else's is lost.
//!
//! They are written into a folder beside the wanted one, which then takes its place. What lies in the wanted one and is
//! named by the statement there was made by an earlier report and goes; everything else stays.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{At as _, ReportError, read_limited};
use crate::render::Files;
use crate::statement::{ENVELOPE_FILE, RUN_ENVELOPE_FILE, RUN_STATEMENT_FILE, STATEMENT_FILE};

const LONGEST: u64 = 64 << 20;
/// What no statement can name.
const STATEMENTS: [&str; 4] =
    [STATEMENT_FILE, ENVELOPE_FILE, RUN_STATEMENT_FILE, RUN_ENVELOPE_FILE];

#[derive(Deserialize)]
struct Statement {
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    name: String,
}

/// Replaces the report in a folder.
pub(crate) fn write(out: &Path, files: &Files) -> Result<(), ReportError> {
    let out = std::path::absolute(out).at(out)?;
    let fresh = beside(&out, "new")?;
    let old = beside(&out, "old")?;
    for place in [&fresh, &old] {
        if place.exists() {
            std::fs::remove_dir_all(place).at(place)?;
        }
    }
    let written = fill(&fresh, files).and_then(|()| take_over(&out, &fresh, files));
    if let Err(error) = written {
        // The earlier report is untouched; what was begun is not worth an error of its own.
        let _ = std::fs::remove_dir_all(&fresh);
        return Err(error);
    }
    if out.exists() {
        std::fs::rename(&out, &old).at(&out)?;
    }
    std::fs::rename(&fresh, &out).at(&out)?;
    if old.exists() {
        std::fs::remove_dir_all(&old).at(&old)?;
    }
    Ok(())
}

fn beside(out: &Path, what: &str) -> Result<PathBuf, ReportError> {
    let name = out.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| ReportError::content(out.display().to_string(), "no folder"))?;
    Ok(out.with_file_name(format!(".{name}.{what}-{}", std::process::id())))
}

fn fill(folder: &Path, files: &Files) -> Result<(), ReportError> {
    for (name, bytes) in files {
        let path = folder.join(name);
        let around = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(around).at(around)?;
        std::fs::write(&path, bytes).at(&path)?;
    }
    Ok(())
}

/// Copies what no earlier report made.
fn take_over(out: &Path, fresh: &Path, files: &Files) -> Result<(), ReportError> {
    if !out.exists() {
        return Ok(());
    }
    let ours = earlier(out);
    for name in below(out, "")? {
        if ours.contains(&name) {
            continue;
        }
        if files.contains_key(&name) {
            let what = "is there and no report made it: take another folder, or move it";
            return Err(ReportError::content(out.join(&name).display().to_string(), what));
        }
        let (from, to) = (out.join(&name), fresh.join(&name));
        let around = to.parent().unwrap_or(fresh);
        std::fs::create_dir_all(around).at(around)?;
        std::fs::copy(&from, &to).at(&from)?;
    }
    Ok(())
}

/// What the statement in a folder says that a report wrote; nothing where there is none.
fn earlier(out: &Path) -> BTreeSet<String> {
    let bytes = read_limited(&out.join(STATEMENT_FILE), LONGEST).unwrap_or_default();
    let Ok(statement) = serde_json::from_slice::<Statement>(&bytes) else {
        return BTreeSet::new();
    };
    let names = statement.subject.into_iter().map(|subject| subject.name);
    names.chain(STATEMENTS.map(str::to_owned)).collect()
}

fn below(folder: &Path, prefix: &str) -> Result<Vec<String>, ReportError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().at(folder)?.is_dir() {
            names.extend(below(&entry.path(), &format!("{name}/"))?);
        } else {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Files {
        let subjects: Vec<_> =
            names.iter().map(|name| serde_json::json!({ "name": name })).collect();
        let statement = serde_json::json!({ "subject": subjects }).to_string();
        let files = names.iter().map(|&name| (name.to_owned(), name.as_bytes().to_vec()));
        files.chain([(STATEMENT_FILE.to_owned(), statement.into_bytes())]).collect()
    }

    fn held(out: &Path) -> Vec<String> {
        let mut names = below(out, "").unwrap();
        names.sort();
        names
    }

    #[test]
    fn files_of_others_stay_and_those_of_an_earlier_report_go() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a/report");
        write(&out, &files(&["oscal/poam.json", "report.md"])).unwrap();
        std::fs::write(out.join("oscal/mine.json"), "mine").unwrap();
        std::fs::write(out.join(ENVELOPE_FILE), "old").unwrap();
        write(&out, &files(&["report.md"])).unwrap();
        assert_eq!(held(&out), ["oscal/mine.json", "report.md", "statement.json"]);
        assert_eq!(std::fs::read_dir(dir.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn file_that_no_report_made_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("report");
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("report.md"), "mine").unwrap();
        let refused = write(&out, &files(&["report.html", "report.md"])).unwrap_err();
        assert!(refused.to_string().contains("report.md: is there and no report made it"));
        assert_eq!(held(&out), ["report.md"]);
        assert_eq!(std::fs::read(out.join("report.md")).unwrap(), b"mine");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn folder_that_is_the_root_is_refused() {
        assert!(write(Path::new("/"), &files(&[])).is_err());
    }
}
