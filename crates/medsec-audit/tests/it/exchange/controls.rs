//! What 45 CFR 164.312(b) has to do with the exchange: an event that leaves says what the record says, names no
//! patient, and an event that comes in is examined before it is believed.

use medsec_audit::balp::{self, Mode, ParseError, Profile, Rule};
use medsec_audit::{Action, ContentError, Event, dicom, fhir};
use medsec_evidence::{Ev, Proven, evidence};
use serde_json::json;

use super::balp::changed;
use super::sample::{NAMES, all, exported, full, line, message, source};

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an event that is handed to another system carries no name or number of a patient and no text that a person wrote",
    polarity = deny,
)]
fn exchanged_event_denies_names_of_patients(ev: Ev) -> Proven {
    for event in all() {
        let (fhir, dicom) = (exported(&event).to_string(), message(&event));
        let clean = NAMES.iter().all(|name| !fhir.contains(name) && !dicom.contains(name));
        ev.holds("neither form has it", clean);
    }
    let text = String::from_utf8(line(&full(Action::Open))).unwrap();
    let named =
        text.replacen("\"patient\":\"hmac:08bf4d3e777367b7:", "\"patient\":\"Mustermann:", 1);
    ev.holds("a line with a name in it", named != text);
    ev.denies(Event::parse(named.as_bytes()), |error| {
        matches!(error, ContentError::Value { object: "which", member: "patient" })
    });
    let event = exported(&full(Action::Open));
    let what = &event["entity"][0]["what"];
    let pseudonym = what["identifier"]["value"].as_str().is_some_and(|id| id.starts_with("hmac:"));
    ev.holds("the patient is a pseudonym", pseudonym && what.get("reference").is_none());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "every recorded action can be examined in systems that read FHIR or DICOM, with who, what, when and how it ended",
    polarity = allow,
)]
fn every_action_is_exchanged(ev: Ev) -> Proven {
    for action in Action::ALL {
        let line = line(&full(*action));
        let content = ev.allows(Event::parse(&line));
        let event = fhir::audit_event(&content, &source());
        let report = balp::check(&event, Mode::Base);
        ev.holds("the AuditEvent is valid", report.findings().is_empty());
        ev.equal("when", &event["recorded"], &json!("2026-11-03T12:00:00.123Z"));
        ev.equal("who", &event["agent"][0]["who"]["identifier"]["value"], &json!("ann"));
        let subtypes = event["subtype"].as_array().map(Vec::as_slice).unwrap_or_default();
        let named = subtypes.last().map(|subtype| subtype["code"].clone());
        ev.equal("what", &named, &Some(json!(action.name())));
        ev.holds("how it ended", event["outcome"].is_string());
        let xml = dicom::audit_message(&content, &source());
        ev.holds("the audit message names the person", xml.contains("UserID=\"ann\""));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an audit event of another system that lacks who, whom or what is named as faulty, also where FHIR alone accepts it",
    polarity = deny,
)]
fn incomplete_event_of_others_is_named(ev: Ev) -> Proven {
    let lacks = |at: &'static str, name: &'static str| {
        changed(Profile::PatientRead, |event| {
            let object = event.pointer_mut(at).and_then(|value| value.as_object_mut());
            object.and_then(|members| members.remove(name)).unwrap();
        })
    };
    for (event, rule) in [
        (lacks("/agent/0", "who"), Rule::AgentWho),
        (lacks("/agent/0", "network"), Rule::AgentNetwork),
        (lacks("/entity/1", "what"), Rule::EntityWhat),
        (lacks("/entity/2", "role"), Rule::PatientRole),
        (lacks("", "outcome"), Rule::Outcome),
    ] {
        ev.holds("FHIR alone accepts it", balp::check(&event, Mode::Base).is_valid());
        let report = balp::check(&event, Mode::Balp);
        let named = report.findings().iter().any(|finding| finding.rule() == rule);
        ev.holds("BALP does not, and the rule is named", !report.is_valid() && named);
    }
    let twice = br#"{"resourceType":"AuditEvent","outcome":"0","outcome":"8"}"#;
    ev.denies(balp::parse(twice), |error| matches!(error, ParseError::Duplicate));
    ev.proven()
}
