//! `compliance/controls.toml`: per item, where it is implemented and who does what.

use std::collections::BTreeMap;
use std::path::Path;

use medsec_evidence::{Catalog, Section};
use serde::{Deserialize, Serialize};

use super::folder;
use crate::error::ReportError;
use crate::problem::Problem;

const FILE: &str = "compliance/controls.toml";

/// What the project says about an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Control {
    /// The item.
    pub citation: String,
    /// Files and folders that implement it, from the root of the repository.
    pub paths: Vec<String>,
    /// What the component does.
    pub shows: String,
    /// What whoever runs it configures.
    pub operator: String,
    /// What the organization does.
    pub organization: String,
    /// What the tests do not show.
    pub not_shown: String,
    /// Who answers for it in place of the component. Then no test is asked for, and it is never satisfied here.
    pub not_ours: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    control: BTreeMap<String, Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    paths: Vec<String>,
    shows: Option<String>,
    operator: Option<String>,
    organization: Option<String>,
    not_shown: Option<String>,
    not_ours: Option<String>,
}

impl Row {
    /// What is wrong with it: it says what the component does and leaves, or whose it is, and not both.
    fn objection(&self) -> Option<&'static str> {
        let said = [&self.shows, &self.operator, &self.organization, &self.not_shown];
        match &self.not_ours {
            Some(others) if others.trim().is_empty() => Some("`not_ours` names nobody"),
            Some(_) if !self.paths.is_empty() || self.shows.is_some() => {
                Some("`not_ours`, and what implements it here")
            }
            Some(_) => None,
            None if said.iter().any(|text| text.is_none()) => {
                Some("needs `shows`, `operator`, `organization` and `not_shown`, or `not_ours`")
            }
            None => None,
        }
    }
}

pub(super) fn load(root: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Control>, ReportError> {
    let Some(text) = folder::text(root, FILE)? else { return Ok(Vec::new()) };
    let Some(file) = folder::parse::<File>(FILE, &text, problems) else { return Ok(Vec::new()) };
    let mut controls = Vec::new();
    for (citation, row) in file.control {
        if folder::is_item(FILE, &citation, problems) {
            let missing = row.paths.iter().filter(|path| !folder::is_inside(root, path));
            problems.extend(missing.map(|path| Problem::MissingPath {
                citation: citation.clone(),
                path: path.clone(),
            }));
            if let Some(what) = row.objection() {
                let (file, what) = (FILE.to_owned(), format!("{citation}: {what}"));
                problems.push(Problem::Malformed { file, what });
            }
            let Row { paths, shows, operator, organization, not_shown, not_ours } = row;
            controls.push(Control {
                citation,
                paths,
                shows: shows.unwrap_or_default(),
                operator: operator.unwrap_or_default(),
                organization: organization.unwrap_or_default(),
                not_shown: not_shown.unwrap_or_default(),
                not_ours,
            });
        }
    }
    let technical = Catalog::hipaa2013().section(Section::Technical);
    let known = |citation: &str| controls.iter().any(|control| control.citation == citation);
    let cited = technical.iter().map(|item| item.citation.to_string());
    let absent = cited.filter(|citation| !known(citation));
    problems.extend(absent.map(|citation| Problem::MissingControl { citation }));
    Ok(controls)
}
