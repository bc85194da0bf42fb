//! What changed between two reports, from their `report.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{ReportError, read_limited};
use crate::report::{Report, SCHEMA};

const LONGEST: u64 = 64 << 20;

/// The parts of a report that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Known {
    schema: String,
    commit: String,
    date: String,
    rows: Vec<Row>,
    tests: Vec<Test>,
    problems: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Row {
    citation: String,
    title: String,
    status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Test {
    test: String,
    counts: bool,
    claim: String,
    polarity: String,
    citations: Vec<String>,
    file: String,
    body_sha256: String,
}

/// Compares an earlier `report.json` with a report; one line a difference, in the order of the rule.
///
/// # Errors
/// The file cannot be read, or is no report of this schema.
pub fn diff(old: &Path, new: &Report) -> Result<Vec<String>, ReportError> {
    let name = old.display().to_string();
    let wrong = |error: serde_json::Error| ReportError::content(&name, error);
    let before: Known = serde_json::from_slice(&read_limited(old, LONGEST)?).map_err(wrong)?;
    if before.schema != SCHEMA {
        return Err(ReportError::content(&name, format!("the schema is not `{SCHEMA}`")));
    }
    let value = serde_json::to_value(new).map_err(wrong)?;
    let after: Known = serde_json::from_value(value).map_err(wrong)?;
    Ok(compare(&before, &after))
}

fn compare(before: &Known, after: &Known) -> Vec<String> {
    let mut lines = Vec::new();
    if before.commit != after.commit {
        lines.push(format!("commit: {} → {}", before.commit, after.commit));
    }
    if before.date != after.date {
        lines.push(format!("report date: {} → {}", before.date, after.date));
    }
    let statuses: BTreeMap<_, _> =
        before.rows.iter().map(|row| (&row.citation, &row.status)).collect();
    for row in &after.rows {
        let Row { citation, title, status } = row;
        match statuses.get(citation) {
            Some(old) if *old != status => {
                lines.push(format!("{citation} ({title}): {old} → {status}"));
            }
            None => lines.push(format!("{citation} ({title}): new, {status}")),
            Some(_) => {}
        }
    }
    lines.extend(tests(before, after));
    let gone = before.problems.iter().filter(|problem| !after.problems.contains(problem));
    lines.extend(gone.map(|problem| format!("mended: {problem}")));
    let new = after.problems.iter().filter(|problem| !before.problems.contains(problem));
    lines.extend(new.map(|problem| format!("newly wrong: {problem}")));
    lines
}

fn tests(before: &Known, after: &Known) -> Vec<String> {
    fn index(known: &Known) -> BTreeMap<&str, &Test> {
        known.tests.iter().map(|test| (test.test.as_str(), test)).collect()
    }
    let (old, new) = (index(before), index(after));
    let mut lines = Vec::new();
    for (name, test) in &old {
        match new.get(name) {
            None => lines.push(format!(
                "test gone: {name} ({}), for {}",
                test.file,
                test.citations.join(", ")
            )),
            Some(now) => lines.extend(changes(test, now)),
        }
    }
    let added = new.iter().filter(|(name, _)| !old.contains_key(*name));
    lines.extend(added.map(|(name, test)| {
        format!("test added: {name} ({}), for {}", test.file, test.citations.join(", "))
    }));
    lines
}

fn changes(old: &Test, new: &Test) -> Vec<String> {
    let fields = [
        ("body", old.body_sha256 != new.body_sha256),
        ("claim", old.claim != new.claim),
        ("polarity", old.polarity != new.polarity),
        ("citations", old.citations != new.citations),
    ];
    let changed: Vec<_> =
        fields.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name).collect();
    let mut lines = Vec::new();
    if !changed.is_empty() {
        lines.push(format!("test changed: {} ({}): {}", new.test, new.file, changed.join(", ")));
    }
    match (old.counts, new.counts) {
        (true, false) => lines.push(format!("test counts no longer: {} ({})", new.test, new.file)),
        (false, true) => lines.push(format!("test counts now: {} ({})", new.test, new.file)),
        _ => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let row = Row {
            citation: "164.312(b)".to_owned(),
            title: "Audit controls".to_owned(),
            status: "Evidenced".to_owned(),
        };
        let [test, claim, polarity, file, body] =
            ["c t", "it is recorded", "deny", "a.rs", "00"].map(str::to_owned);
        let citations = vec!["164.312(b)".to_owned()];
        let test = Test { test, counts: true, claim, polarity, citations, file, body_sha256: body };
        Known {
            schema: SCHEMA.to_owned(),
            commit: "c1".to_owned(),
            date: "2026-01-01".to_owned(),
            rows: vec![row],
            tests: vec![test],
            problems: Vec::new(),
        }
    }

    #[test]
    fn lost_and_changed_tests_are_named() {
        let mut after = known();
        after.tests[0].body_sha256 = "01".to_owned();
        after.tests[0].counts = false;
        let lines = compare(&known(), &after);
        assert_eq!(lines, ["test changed: c t (a.rs): body", "test counts no longer: c t (a.rs)"]);
        after.tests.clear();
        assert_eq!(compare(&known(), &after), ["test gone: c t (a.rs), for 164.312(b)"]);
    }

    #[test]
    fn changed_status_shows_both() {
        let mut after = known();
        after.rows[0].status = "Partial".to_owned();
        after.problems.push("x".to_owned());
        let lines = compare(&known(), &after);
        assert_eq!(lines, ["164.312(b) (Audit controls): Evidenced → Partial", "newly wrong: x"]);
    }

    #[test]
    fn same_report_has_no_differences() {
        assert!(compare(&known(), &known()).is_empty());
    }
}
