//! `compliance/registers/risks.toml` and `incidents.toml`: what is known and watched, with the day of its next review.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder;
use crate::date::Date;
use crate::error::ReportError;
use crate::problem::Problem;

const REGISTERS: [(&str, &str); 2] = [
    ("risks", "compliance/registers/risks.toml"),
    ("incidents", "compliance/registers/incidents.toml"),
];

/// One register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Register {
    /// `risks` or `incidents`.
    pub name: &'static str,
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

/// A risk or an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// Its name in the register.
    pub id: String,
    /// What it is.
    pub title: String,
    /// What was or will be done.
    pub treatment: String,
    /// The role of who answers for it.
    pub owner_role: String,
    /// Whether it is over; a closed entry is not reviewed, and says how it ended.
    #[serde(default)]
    pub closed: bool,
    /// How it ended, or what the last review found.
    pub outcome: Option<String>,
    /// By when it is looked at again.
    pub next_review: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    entry: Vec<Entry>,
}

pub(super) fn load(
    root: &Path,
    date: Date,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Register>, ReportError> {
    let mut registers = Vec::new();
    for (name, file) in REGISTERS {
        let Some(text) = folder::text(root, file)? else { continue };
        let Some(read) = folder::parse::<File>(file, &text, problems) else { continue };
        let overdue = read.entry.iter().filter(|entry| !entry.closed && entry.next_review < date);
        problems.extend(overdue.map(|entry| Problem::Overdue {
            file: file.to_owned(),
            entry: entry.id.clone(),
            due: entry.next_review,
        }));
        let silent = |entry: &&Entry| {
            entry.closed && entry.outcome.as_ref().is_none_or(|text| text.trim().is_empty())
        };
        problems.extend(read.entry.iter().filter(silent).map(|entry| Problem::Malformed {
            file: file.to_owned(),
            what: format!("`{}` is closed and has no outcome", entry.id),
        }));
        registers.push(Register { name, entries: read.entry });
    }
    Ok(registers)
}
