//! The items of the rule as a catalog.

use serde_json::{Value, json};

use super::{id, metadata, property, statement};
use crate::report::{Report, Row};

pub(super) fn document(report: &Report) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    for section in [308, 310, 312, 314, 316] {
        let rows = || report.rows.iter().filter(move |row| row.section == section);
        let controls: Vec<_> = rows().map(control).collect();
        let title = rows().next().map_or("", |row| row.section_title);
        groups.push(json!({
            "id": format!("hipaa-164.{section}"),
            "class": "section",
            "title": format!("164.{section} {title}"),
            "controls": controls,
        }));
    }
    json!({ "catalog": {
        "uuid": id(report, "catalog"),
        "metadata": metadata(report, report.edition),
        "groups": groups,
    } })
}

fn control(row: &Row) -> Value {
    let part = json!({ "id": statement(row.oscal_id), "name": "statement", "prose": row.text });
    json!({
        "id": row.oscal_id,
        "class": "item",
        "title": row.title,
        "props": [{ "name": "label", "value": row.citation }, property("binding", row.binding())],
        "parts": [part],
    })
}
