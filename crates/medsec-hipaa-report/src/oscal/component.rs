//! What the component does for each item.

use serde_json::{Value, json};

use super::{id, lasting, metadata, property, put};
use crate::report::{Report, Row};

pub(super) fn document(report: &Report) -> Value {
    let component = &report.component;
    let requirements: Vec<_> = report
        .rows
        .iter()
        .filter(|row| row.control.is_some() || !row.claims.is_empty())
        .map(|row| requirement(report, row))
        .collect();
    let mut software = json!({
        "uuid": lasting(report, "component"),
        "type": "software",
        "title": component.name,
        "description": component.description,
        "props": [{ "name": "version", "value": component.version }, property("commit", &report.commit)],
        "links": [{ "href": component.source, "rel": "website" }],
    });
    if !requirements.is_empty() {
        put(
            &mut software,
            "control-implementations",
            json!([{
                "uuid": lasting(report, "control-implementation"),
                "source": "catalog.json",
                "description": "What the component does, and what it leaves to others. These are words of its makers; what tests show is in the assessment results.",
                "implemented-requirements": requirements,
            }]),
        );
    }
    json!({ "component-definition": {
        "uuid": id(report, "component-definition"),
        "metadata": metadata(report, &format!("{} as a component", component.name)),
        "components": [software],
    } })
}

fn requirement(report: &Report, row: &Row) -> Value {
    let description = match &row.control {
        Some(control) => format!(
            "{}\n\nThe operator: {}\n\nThe organization: {}\n\nNot shown: {}",
            control.shows, control.operator, control.organization, control.not_shown
        ),
        None => row.claims.iter().map(|claim| claim.claim.as_str()).collect::<Vec<_>>().join("; "),
    };
    let mut requirement = json!({
        "uuid": lasting(report, &format!("requirement/{}", row.citation)),
        "control-id": row.oscal_id,
        "description": description,
    });
    let paths = row.control.iter().flat_map(|control| &control.paths);
    let paths: Vec<_> = paths.map(|path| property("path", path)).collect();
    if !paths.is_empty() {
        put(&mut requirement, "props", paths);
    }
    requirement
}
