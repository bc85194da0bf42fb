//! The assessment: what was planned, what was observed, what was found.

use serde_json::{Value, json};

use super::{id, metadata, moment, property, put, reviewed, statement};
use crate::report::{Report, Row, TestEntry};

/// The plan: all tests of the component, by nextest.
pub(super) fn plan(report: &Report) -> Value {
    let ran: Vec<_> = report
        .configurations
        .iter()
        .map(|ran| format!("`{}`: {}", ran.name, ran.arguments.join(" ")))
        .collect();
    let resource = id(report, "no-ssp");
    json!({ "assessment-plan": {
        "uuid": id(report, "assessment-plan"),
        "metadata": metadata(report, "Tests as evidence"),
        "import-ssp": { "href": format!("#{resource}"), "remarks": "A component is assessed, and no system." },
        "terms-and-conditions": { "parts": [{
            "name": "rules-of-engagement",
            "prose": format!("Every test runs once. Configurations: {}.", ran.join("; ")),
        }] },
        "reviewed-controls": reviewed(report),
        "back-matter": { "resources": [{
            "uuid": resource,
            "title": "No system security plan",
            "description": "The organization that runs the component has one; the component has none.",
        }] },
    } })
}

/// The results: an observation for each test and attestation, a finding for each item.
pub(super) fn document(report: &Report) -> Value {
    let tests = report.tests.iter().map(|test| observed(report, test));
    let statements = report.attestations.iter().map(|one| {
        json!({
            "uuid": id(report, &format!("attestation/{}", one.file)),
            "title": one.file,
            "description": one.statement,
            "methods": ["EXAMINE"],
            "collected": moment(report),
            "expires": format!("{}T23:59:59Z", one.expires),
            "props": [property("owner-role", &one.owner_role)],
        })
    });
    let observations: Vec<_> = tests.chain(statements).collect();
    let findings: Vec<_> = report.rows.iter().map(|row| found(report, row)).collect();
    let mut result = json!({
        "uuid": id(report, "result"),
        "title": format!("{} at {}", report.component.name, report.commit),
        "description": "An item is satisfied only where tests or a valid statement show it; the status says which.",
        "remarks": "Start, end and the times of observations are the report date, at which everything is judged; when the tests ran stands in run-statement.json.",
        "start": moment(report),
        "end": moment(report),
        "reviewed-controls": reviewed(report),
        "findings": findings,
    });
    if !observations.is_empty() {
        put(&mut result, "observations", observations);
    }
    json!({ "assessment-results": {
        "uuid": id(report, "assessment-results"),
        "metadata": metadata(report, "Results of tests as evidence"),
        "import-ap": { "href": "assessment-plan.json" },
        "results": [result],
    } })
}

fn observed(report: &Report, test: &TestEntry) -> Value {
    let outcome = if test.counts { "counts".to_owned() } else { test.reasons.join("; ") };
    json!({
        "uuid": id(report, &format!("test/{}", test.test)),
        "title": test.test.to_string(),
        "description": test.claim,
        "props": [
            property("polarity", test.polarity),
            property("outcome", &outcome),
            property("body-sha256", &test.body_sha256),
        ],
        "methods": ["TEST"],
        "relevant-evidence": [{
            "href": test.link,
            "description": format!("{}, lines {} to {}", test.file, test.line, test.end),
        }],
        "collected": moment(report),
    })
}

fn found(report: &Report, row: &Row) -> Value {
    let satisfied = row.status.is_satisfied();
    let mut status = json!({
        "state": if satisfied { "satisfied" } else { "not-satisfied" },
        "reason": row.status.key(),
    });
    if !row.why.is_empty() {
        put(&mut status, "remarks", row.why.join("\n\n"));
    }
    let shown = row.claims.iter().flat_map(|claim| &claim.tests).chain(&row.not_counting);
    let tests = shown.map(|key| format!("test/{key}"));
    let statements = row.attestations.iter().map(|file| format!("attestation/{file}"));
    let mut related: Vec<_> = tests.chain(statements).map(|what| id(report, &what)).collect();
    related.sort();
    related.dedup();
    let mut finding = json!({
        "uuid": id(report, &format!("finding/{}", row.citation)),
        "title": format!("{} {}", row.citation, row.title),
        "description": row.status.to_string(),
        "props": [property("status", row.status.key())],
        "target": { "type": "statement-id", "target-id": statement(row.oscal_id), "status": status },
    });
    if !related.is_empty() {
        let related: Vec<_> = related.iter().map(|id| json!({ "observation-uuid": id })).collect();
        put(&mut finding, "related-observations", related);
    }
    finding
}
