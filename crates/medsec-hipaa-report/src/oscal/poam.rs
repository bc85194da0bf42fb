//! What is left to do, for every item that is not satisfied.

use serde_json::{Value, json};

use super::{id, lasting, metadata, property};
use crate::report::{Report, Row};

/// Nothing where every item is satisfied.
pub(super) fn document(report: &Report) -> Option<Value> {
    let open = report.rows.iter().filter(|row| !row.status.is_satisfied());
    let items: Vec<_> = open.map(|row| item(report, row)).collect();
    (!items.is_empty()).then(|| {
        json!({ "plan-of-action-and-milestones": {
        "uuid": id(report, "poam"),
        "metadata": metadata(report, "What is left to do"),
        "system-id": { "id": report.component.source },
        "poam-items": items,
    } })
    })
}

fn item(report: &Report, row: &Row) -> Value {
    let description = match (&row.waiver, row.why.is_empty()) {
        (Some(waiver), _) => format!("{} Plan: {}", waiver.gap, waiver.plan),
        (None, false) => row.why.join("\n\n"),
        (None, true) => "The organization states or decides what it does.".to_owned(),
    };
    json!({
        "uuid": lasting(report, &format!("poam/{}", row.citation)),
        "title": format!("{} {}", row.citation, row.title),
        "description": description,
        "props": [property("status", row.status.key()), property("control-id", row.oscal_id)],
        "links": [{ "href": "assessment-results.json", "rel": "related" }],
    })
}
