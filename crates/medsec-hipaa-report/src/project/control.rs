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
    shows: String,
    operator: String,
    organization: String,
    not_shown: String,
}

pub(super) fn load(root: &Path, problems: &mut Vec<Problem>) -> Result<Vec<Control>, ReportError> {
    let Some(text) = folder::text(root, FILE)? else { return Ok(Vec::new()) };
    let Some(file) = folder::parse::<File>(FILE, &text, problems) else { return Ok(Vec::new()) };
    let mut controls = Vec::new();
    for (citation, row) in file.control {
        if folder::is_item(FILE, &citation, problems) {
            let missing = row.paths.iter().filter(|path| !is_inside(root, path));
            problems.extend(missing.map(|path| Problem::MissingPath {
                citation: citation.clone(),
                path: path.clone(),
            }));
            let Row { paths, shows, operator, organization, not_shown } = row;
            controls.push(Control { citation, paths, shows, operator, organization, not_shown });
        }
    }
    let technical = Catalog::hipaa2013().section(Section::Technical);
    let known = |citation: &str| controls.iter().any(|control| control.citation == citation);
    let cited = technical.iter().map(|item| item.citation.to_string());
    let absent = cited.filter(|citation| !known(citation));
    problems.extend(absent.map(|citation| Problem::MissingControl { citation }));
    Ok(controls)
}

/// Whether a plain relative path exists below the root.
fn is_inside(root: &Path, path: &str) -> bool {
    let plain = !path.is_empty() && path.split('/').all(|part| !["", ".", ".."].contains(&part));
    plain && root.join(path).exists()
}
