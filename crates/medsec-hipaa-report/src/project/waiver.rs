//! `compliance/waivers/*.toml`: gaps that are known and open, each until a day.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::folder;
use crate::date::Date;
use crate::error::ReportError;
use crate::problem::Problem;

const FOLDER: &str = "compliance/waivers";

/// An open gap that somebody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Waiver {
    /// The file.
    pub file: String,
    /// The item.
    pub citation: String,
    /// What is missing.
    pub gap: String,
    /// What will be done.
    pub plan: String,
    /// The role of who answers for it.
    pub owner_role: String,
    /// The last day on which it holds.
    pub expires: Date,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    citation: String,
    gap: String,
    plan: String,
    owner_role: String,
    expires: Option<Date>,
}

pub(super) fn load(
    root: &Path,
    date: Date,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Waiver>, ReportError> {
    let mut waivers = Vec::new();
    for file in folder::listed(root, FOLDER)? {
        let text = folder::text(root, &file)?.unwrap_or_default();
        let Some(raw) = folder::parse::<File>(&file, &text, problems) else { continue };
        let File { citation, gap, plan, owner_role, expires } = raw;
        if !folder::is_item(&file, &citation, problems) {
            continue;
        }
        let earlier = waivers.iter().find(|one: &&Waiver| one.citation == citation);
        if let Some(other) = earlier.map(|one| one.file.clone()) {
            problems.push(Problem::SecondWaiver { file, citation, other });
            continue;
        }
        match expires {
            None => problems.push(Problem::WaiverWithoutExpiry { file, citation }),
            Some(expires) if expires < date => {
                problems.push(Problem::WaiverExpired { file, citation, expires });
            }
            Some(expires) => {
                waivers.push(Waiver { file, citation, gap, plan, owner_role, expires });
            }
        }
    }
    Ok(waivers)
}
