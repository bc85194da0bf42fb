//! The report as OSCAL 1.2.1: catalog, component definition, assessment plan, assessment results, plan of action and
//! milestones, and one mapping for each crosswalk.
//!
//! The documents name each other by file, so that they stay together as a folder. Identifiers are derived, as UUIDv5 of the
//! component and what is named: what stays the same from report to report, such as the component, a requirement or an
//! open item, keeps its identifier; documents, observations and findings have those of their commit and report date. There is no system security plan, since a component is assessed and
//! no system; the plan says so where OSCAL wants one. An empty plan of action is invalid and is left out.

mod catalog;
mod component;
mod mapping;
mod poam;
mod references;
mod results;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::ReportError;
use crate::report::Report;

pub use references::dangling;

/// The version of all documents.
const VERSION: &str = "1.2.1";
/// The namespace of our own properties.
const NAMESPACE: &str = "https://github.com/medsec/medsec/ns/oscal";

/// All documents by file name.
///
/// # Errors
/// A reference in them leads nowhere.
pub(crate) fn documents(report: &Report) -> Result<Vec<(String, Value)>, ReportError> {
    let mut documents = vec![
        ("catalog", catalog::document(report)),
        ("component-definition", component::document(report)),
        ("assessment-plan", results::plan(report)),
        ("assessment-results", results::document(report)),
        ("mapping-sp800-53r5", mapping::document(report, &mapping::SP800_53R5)),
        ("mapping-csf-1.1", mapping::document(report, &mapping::CSF_1_1)),
        ("mapping-csf-2.0", mapping::document(report, &mapping::CSF_2_0)),
    ];
    documents.extend(poam::document(report).map(|document| ("poam", document)));
    let named = documents.into_iter().map(|(name, document)| (format!("{name}.json"), document));
    let documents: Vec<_> = named.collect();
    match dangling(&documents).first() {
        None => Ok(documents),
        Some(wrong) => Err(ReportError::content("oscal", wrong)),
    }
}

/// The identifier of something that is of this report only.
fn id(report: &Report, what: &str) -> String {
    uuid(report, &format!("@{}/{}#{what}", report.commit, report.date))
}

/// The identifier of something that is the same from report to report, such as the component or what is left to do.
fn lasting(report: &Report, what: &str) -> String {
    uuid(report, &format!("#{what}"))
}

fn uuid(report: &Report, what: &str) -> String {
    let name = format!("{}{what}", report.component.source);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}

/// The moment of all documents: the report date, and not when tests ran, so that two runs give the same bytes.
fn moment(report: &Report) -> String {
    format!("{}T00:00:00Z", report.date)
}

fn metadata(report: &Report, title: &str) -> Value {
    json!({
        "title": title,
        "last-modified": moment(report),
        "version": format!("{} {}", report.component.version, report.commit),
        "oscal-version": VERSION,
        "remarks": report.limits.join(" "),
    })
}

/// A property of ours.
fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": one_line(value) })
}

/// Adds a member to an object; OSCAL takes no empty arrays, so some are added only where they have elements.
pub(crate) fn put(object: &mut Value, key: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(key.to_owned(), value.into());
    }
}

/// A property's value may not be empty or have blanks around it.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    if words.is_empty() { "–".to_owned() } else { words.join(" ") }
}

/// The id of the statement of a control.
fn statement(control: &str) -> String {
    format!("{control}_smt")
}

/// Which controls the plan and the results are about: all.
fn reviewed(report: &Report) -> Value {
    let controls: Vec<_> =
        report.rows.iter().map(|row| json!({ "control-id": row.oscal_id })).collect();
    json!({ "control-selections": [{ "include-controls": controls }] })
}
