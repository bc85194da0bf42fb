//! The checker of AuditEvents.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use serde_json::Value;

use super::edits::edited;
use crate::balp::{MAX_FINDINGS, Mode, Profile, Report, check, parse};
use crate::event::samples;
use crate::{Action, Event, Namespace, Origin, SourceInfo, fhir};

/// Bytes as an event, and as edits of valid ones: what is read is read alike by another reader, and every check of
/// it ends, with a bounded report that shows nothing of it.
pub fn fhir_check(data: &[u8]) {
    let Some((which, edits)) = data.split_first() else { return };
    let one_of = |count: usize| usize::from(*which).checked_rem(count).unwrap();
    let profile = *Profile::ALL.get(one_of(Profile::ALL.len())).unwrap();
    look_at(data, profile);
    let originals = originals();
    let original = originals.get(one_of(originals.len())).unwrap();
    look_at(&edited(original, edits), profile);
}

fn look_at(text: &[u8], profile: Profile) {
    let Ok(event) = parse(text) else { return };
    let other: Value = serde_json::from_slice(text).unwrap();
    assert!(event == other, "two readers see two events");
    let base = check(&event, Mode::Base);
    look_at_report(&base);
    for mode in [Mode::Balp, Mode::BalpAs(profile)] {
        let report = check(&event, mode);
        look_at_report(&report);
        assert!(report.findings().starts_with(base.findings()), "base rules do not come first");
    }
}

fn look_at_report(report: &Report) {
    assert!(report.findings().len() <= MAX_FINDINGS);
    for finding in report.findings() {
        let shown = finding.to_string();
        assert!(shown.len() < 2_048 && shown.is_ascii(), "the event is in the finding");
    }
}

fn originals() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let namespace = Namespace::new("https://clinic.example/audit").unwrap();
        let source = SourceInfo { site: None, namespace };
        let exported = |event: Event| {
            let line = event.to_line(&samples::position()).unwrap();
            fhir::audit_event(&Event::parse(&line).unwrap(), &source).to_string().into_bytes()
        };
        let remote = |mut event: Event| {
            event.place.origin = Origin::Remote;
            event
        };
        let full = Action::ALL.iter().map(|action| exported(samples::full(*action)));
        full.chain([exported(remote(samples::full(Action::Open))), elsewhere()]).collect()
    })
}

/// An event with what ours do not have: narrative, contained resources, extensions, a query.
fn elsewhere() -> Vec<u8> {
    serde_json::json!({
        "resourceType": "AuditEvent",
        "id": "e1",
        "meta": { "profile": [Profile::PatientQuery.url()], "lastUpdated": "2026-11-03T12:00:00Z" },
        "text": { "status": "generated", "div": "<div>Search</div>" },
        "contained": [{ "resourceType": "Device", "id": "d1" }],
        "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest" },
        "subtype": [{ "system": "http://hl7.org/fhir/restful-interaction", "code": "search" }],
        "action": "E",
        "_action": { "extension": [{ "url": "https://a.example/e", "valueDecimal": 1.5 }] },
        "period": { "start": "2026-11-03", "end": "2026-11" },
        "recorded": "2026-11-03T12:00:00.5+01:00",
        "outcome": "0",
        "agent": [
            {
                "type": { "coding": [{ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110153" }] },
                "who": { "reference": "#d1" }, "requestor": true, "network": { "address": "a", "type": "1" }
            },
            {
                "type": { "coding": [{ "system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110152" }] },
                "who": { "reference": "https://b.example/Device/2/_history/1" }, "requestor": false,
                "network": { "address": "https://b.example", "type": "5" }
            }
        ],
        "source": { "observer": { "display": "b" } },
        "entity": [
            {
                "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "2" },
                "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "24" },
                "query": "UGF0aWVudD9fY291bnQ9MQ=="
            },
            {
                "type": { "system": "http://terminology.hl7.org/CodeSystem/audit-entity-type", "code": "1" },
                "role": { "system": "http://terminology.hl7.org/CodeSystem/object-role", "code": "1" },
                "what": { "reference": "Patient/1" },
                "detail": [{ "type": "a", "valueBase64Binary": "AAAA" }]
            }
        ]
    })
    .to_string()
    .into_bytes()
}

/// First inputs: some originals as they are, and edits of every one of them.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let originals = originals();
    let last = originals.len().checked_sub(1).unwrap();
    let mut seeds: Vec<_> =
        [1, 3, last].iter().map(|at| originals.get(*at).unwrap().clone()).collect();
    seeds.push(br#"{"resourceType":"AuditEvent","a":{"a":[[1e3,-0,null]]}}"#.to_vec());
    seeds.push(br#"{"resourceType":"AuditEvent","outcome":"0","outcome":"8"}"#.to_vec());
    let count = u8::try_from(originals.len()).unwrap();
    seeds.extend((0..count).map(|which| vec![which, which, 1, which.wrapping_mul(37), b'"']));
    seeds
}
