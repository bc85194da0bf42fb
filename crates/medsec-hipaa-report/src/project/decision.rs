//! `compliance/decisions.toml`: addressable items, as 164.306(d)(3) wants them documented.

use std::path::Path;

use medsec_evidence::{Catalog, Designation};
use serde::{Deserialize, Serialize};

use super::folder;
use crate::date::Date;
use crate::error::ReportError;
use crate::problem::Problem;

const FILE: &str = "compliance/decisions.toml";

/// What was decided about an addressable item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Decision {
    /// The item.
    pub citation: String,
    /// Implemented, or something else in its place.
    pub choice: Choice,
    /// Why this is reasonable and appropriate.
    pub reason: String,
    /// What stands instead; needed with [`Choice::Alternative`].
    pub alternative: Option<String>,
    /// The role of who decided.
    pub owner_role: String,
    /// When.
    pub date: Date,
}

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Choice {
    /// The item is implemented.
    Implement,
    /// It is not reasonable and appropriate, and an equivalent measure stands instead.
    Alternative,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    decision: Vec<Decision>,
}

pub(super) fn load(
    root: &Path,
    date: Date,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Decision>, ReportError> {
    let Some(text) = folder::text(root, FILE)? else { return Ok(Vec::new()) };
    let Some(file) = folder::parse::<File>(FILE, &text, problems) else { return Ok(Vec::new()) };
    let mut decisions: Vec<Decision> = Vec::new();
    for decision in file.decision {
        let citation = decision.citation.clone();
        let wrong = objection(&decision, date, &decisions);
        if !folder::is_item(FILE, &citation, problems) {
            continue;
        }
        match wrong {
            Some(problem) => problems.push(problem),
            None => decisions.push(decision),
        }
    }
    decisions.sort_by(|a, b| a.citation.cmp(&b.citation));
    Ok(decisions)
}

fn objection(decision: &Decision, date: Date, earlier: &[Decision]) -> Option<Problem> {
    let citation = decision.citation.clone();
    let item = Catalog::hipaa2013().find(&citation).ok()?;
    let alternative = decision.choice == Choice::Alternative;
    if item.designation != Some(Designation::Addressable) {
        let file = FILE.to_owned();
        return alternative.then_some(Problem::AlternativeForRequired { file, citation });
    }
    let what = if earlier.iter().any(|one| one.citation == citation) {
        format!("two decisions on {citation}")
    } else if decision.owner_role.trim().is_empty() {
        format!("the decision on {citation} does not say who decided")
    } else if decision.date > date {
        format!("the decision on {citation} is of {}, after the report date", decision.date)
    } else if decision.reason.trim().is_empty() {
        format!("the decision on {citation} gives no reason")
    } else if alternative && decision.alternative.as_ref().is_none_or(|text| text.trim().is_empty())
    {
        format!("the decision on {citation} names no equivalent measure")
    } else {
        return None;
    };
    Some(Problem::Malformed { file: FILE.to_owned(), what })
}
