//! Events that others might write, one for each profile of BALP.

use medsec_audit::balp::Profile;
use serde_json::{Value, json};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const HL7: &str = "http://terminology.hl7.org/CodeSystem";

fn agent(system: &str, code: &str, requestor: bool) -> Value {
    json!({
        "type": { "coding": [{ "system": system, "code": code }] },
        "who": { "reference": format!("Device/{code}") },
        "requestor": requestor,
        "network": { "address": "gateway.example", "type": "1" },
    })
}

fn user(code: &str) -> Value {
    json!({
        "type": { "coding": [
            { "system": "https://elsewhere.example/roles", "code": "nurse" },
            { "system": format!("{HL7}/v3-ParticipationType"), "code": code },
        ]},
        "who": { "identifier": { "value": "u-17" } },
        "name": "U. Ser",
        "requestor": true,
        "purposeOfUse": [{ "coding": [{ "system": format!("{HL7}/v3-ActReason"), "code": "TREAT" }] }],
    })
}

fn entity(kind: &str, role: &str, what: &str) -> Value {
    json!({
        "type": { "system": format!("{HL7}/audit-entity-type"), "code": kind },
        "role": { "system": format!("{HL7}/object-role"), "code": role },
        "what": { "reference": what },
    })
}

pub(super) fn patient() -> Value {
    entity("1", "1", "Patient/p-1")
}

fn transaction() -> Value {
    json!({
        "type": {
            "system": "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType",
            "code": "XrequestId",
        },
        "what": { "identifier": { "value": "5e3d0bd2" } },
    })
}

fn query() -> Value {
    let mut query = entity("2", "24", "");
    query.as_object_mut().unwrap().remove("what");
    query["query"] = json!("T2JzZXJ2YXRpb24/Y29kZT0x");
    query
}

/// An event that follows the profile.
pub(super) fn event(profile: Profile) -> Value {
    use Profile as P;
    match profile {
        P::Create | P::PatientCreate => rest(profile, "create", "C", ["110153", "110152"], "AUT"),
        P::Read | P::PatientRead => rest(profile, "read", "R", ["110152", "110153"], "IRCP"),
        P::Update | P::PatientUpdate => rest(profile, "patch", "U", ["110153", "110152"], "INF"),
        P::Query | P::PatientQuery => {
            rest(profile, "search-type", "E", ["110153", "110152"], "IRCP")
        }
        P::Delete | P::PatientDelete => delete(profile),
        P::DisclosureSource => disclosure(profile, "110106", "R", "110153"),
        P::DisclosureRecipient => disclosure(profile, "110107", "C", "110152"),
        // A profile without an example: no event, which no check lets pass.
        _ => Value::Null,
    }
}

fn rest(profile: Profile, subtype: &str, action: &str, peers: [&str; 2], role: &str) -> Value {
    let is_query = action == "E";
    let mut entities =
        vec![transaction(), if is_query { query() } else { entity("2", "4", "Observation/o-1") }];
    if profile.name().contains("Patient") {
        entities.push(patient());
    }
    json!({
        "resourceType": "AuditEvent",
        "meta": { "profile": [profile.url()] },
        "type": { "system": format!("{HL7}/audit-event-type"), "code": "rest" },
        "subtype": [
            { "system": "https://elsewhere.example/subtypes", "code": "x" },
            { "system": "http://hl7.org/fhir/restful-interaction", "code": subtype },
        ],
        "action": action,
        "recorded": "2026-11-03T12:00:00.5+01:00",
        "outcome": "0",
        "agent": [agent(DCM, peers[0], false), agent(DCM, peers[1], false), user(role)],
        "source": { "site": "elsewhere", "observer": { "reference": "Device/110152" } },
        "entity": entities,
    })
}

fn delete(profile: Profile) -> Value {
    let mut event = rest(profile, "delete", "D", ["110150", "110150"], "CST");
    event["subtype"].as_array_mut().unwrap().remove(0);
    event["agent"][1] = agent(&format!("{HL7}/provenance-participant-type"), "custodian", false);
    event
}

fn disclosure(profile: Profile, kind: &str, action: &str, observer: &str) -> Value {
    let mut event = rest(profile, "read", action, ["110153", "110152"], "INF");
    event["type"] = json!({ "system": DCM, "code": kind });
    event["subtype"][0] =
        json!({ "system": format!("{HL7}/iso-21089-lifecycle"), "code": "disclose" });
    event["outcome"] = json!("4");
    event["source"]["observer"] = json!({ "reference": format!("Device/{observer}") });
    event["entity"] = json!([patient(), entity("2", "3", "DocumentReference/d-1")]);
    event
}
