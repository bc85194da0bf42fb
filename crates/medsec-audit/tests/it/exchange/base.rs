//! The rules of FHIR R4 alone, one violation after the other.

use medsec_audit::balp::{MAX_FINDINGS, Mode, Profile, Rule, check, parse};
use serde_json::{Value, json};

use super::balp::changed;

/// What is found in a valid event after a change.
fn found(change: impl FnOnce(&mut Value)) -> Vec<(Rule, String)> {
    let event = changed(Profile::PatientRead, change);
    let report = check(&event, Mode::Base);
    report.findings().iter().map(|finding| (finding.rule(), finding.path().to_string())).collect()
}

/// The value at a place, by a JSON pointer.
fn set(event: &mut Value, at: &str, value: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    let parent = event.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        _ => drop(parent.as_object_mut().unwrap().insert(name.to_owned(), value)),
    }
}

#[test]
fn values_that_do_not_fit_are_named_where_they_stand() {
    let extension = |value: Value| json!([value]);
    for (at, value, rule, path) in [
        ("/resourceType", json!("Patient"), Rule::ResourceType, ""),
        ("/action", json!("X"), Rule::RequiredBinding, ".action"),
        ("/action", json!("r"), Rule::RequiredBinding, ".action"),
        ("/action", json!(1), Rule::WrongType, ".action"),
        ("/outcome", json!("1"), Rule::RequiredBinding, ".outcome"),
        ("/outcome", json!(0), Rule::WrongType, ".outcome"),
        ("/outcome", json!(["0"]), Rule::NotAList, ".outcome"),
        ("/outcome", json!(null), Rule::Empty, ".outcome"),
        ("/outcomeDesc", json!(""), Rule::Empty, ".outcomeDesc"),
        ("/recorded", json!("2026-11-03"), Rule::Form, ".recorded"),
        ("/recorded", json!("2026-11-03T12:00:00"), Rule::Form, ".recorded"),
        ("/recorded", json!("2026-02-30T12:00:00Z"), Rule::Form, ".recorded"),
        ("/period", json!({ "start": "yesterday" }), Rule::Form, ".period.start"),
        ("/period", json!("2026"), Rule::WrongType, ".period"),
        ("/period", json!({}), Rule::Empty, ".period"),
        ("/id", json!(7), Rule::WrongType, ".id"),
        ("/language", json!(" de"), Rule::Form, ".language"),
        ("/meta/lastUpdated", json!("2026"), Rule::Form, ".meta.lastUpdated"),
        ("/type", json!([]), Rule::NotAList, ".type"),
        ("/type/system", json!("a b"), Rule::Form, ".type.system"),
        ("/type/userSelected", json!("true"), Rule::WrongType, ".type.userSelected"),
        ("/subtype", json!({ "code": "x" }), Rule::ListExpected, ".subtype"),
        ("/subtype", json!([]), Rule::Empty, ".subtype"),
        ("/subtype/0", json!(null), Rule::Empty, ".subtype[0]"),
        ("/subtype/0", json!([{}]), Rule::NotAList, ".subtype[0]"),
        ("/subtype/0", json!({}), Rule::Empty, ".subtype[0]"),
        ("/agent/0/requestor", json!("true"), Rule::WrongType, ".agent[0].requestor"),
        ("/agent/0/network/type", json!("6"), Rule::RequiredBinding, ".agent[0].network.type"),
        ("/agent/0/network/type", json!(1), Rule::WrongType, ".agent[0].network.type"),
        ("/agent/0/policy", json!(["a b"]), Rule::Form, ".agent[0].policy[0]"),
        ("/agent/0/policy", json!("urn:a"), Rule::ListExpected, ".agent[0].policy"),
        ("/agent/0/who", json!({ "reference": "x" }), Rule::ReferenceForm, ".agent[0].who"),
        ("/agent/0/who", json!({ "reference": "List/1" }), Rule::ReferenceTarget, ".agent[0].who"),
        ("/agent/0/who", json!({ "type": "List" }), Rule::ReferenceTarget, ".agent[0].who"),
        ("/agent/0/who", json!({ "reference": "#d" }), Rule::LocalReference, ".agent[0].who"),
        (
            "/agent/0/location",
            json!({ "reference": "Device/1" }),
            Rule::ReferenceTarget,
            ".agent[0].location",
        ),
        ("/entity/1/query", json!("a"), Rule::Form, ".entity[1].query"),
        ("/entity/1/detail", json!([{ "type": "a" }]), Rule::Missing, ".entity[1].detail[0].value"),
        (
            "/entity/1/detail",
            json!([{ "type": "a", "valueString": "b", "valueBase64Binary": "AAAA" }]),
            Rule::ChoiceTwice,
            ".entity[1].detail[0]",
        ),
        (
            "/entity/1/detail",
            json!([{ "type": "a", "valueInteger": 1, "valueString": "b" }]),
            Rule::UnknownElement,
            ".entity[1].detail[0]",
        ),
        (
            "/extension",
            extension(json!({ "valueString": "a" })),
            Rule::Missing,
            ".extension[0].url",
        ),
        ("/extension", extension(json!({ "url": "urn:a" })), Rule::ExtensionValue, ".extension[0]"),
        (
            "/extension",
            extension(json!({ "url": "urn:a", "valueQuantity": {} })),
            Rule::Empty,
            ".extension[0].valueQuantity",
        ),
        (
            "/extension",
            extension(json!({ "url": "urn:a", "valueCode": "a", "valueString": "b" })),
            Rule::ChoiceTwice,
            ".extension[0]",
        ),
        ("/contained", json!(["a"]), Rule::WrongType, ".contained[0]"),
        ("/contained", json!([{ "resourceType": "list" }]), Rule::Form, ".contained[0]"),
        (
            "/contained",
            json!([{ "resourceType": "List", "contained": [] }]),
            Rule::Contained,
            ".contained[0]",
        ),
        (
            "/text",
            json!({ "status": "made", "div": "<div/>" }),
            Rule::RequiredBinding,
            ".text.status",
        ),
        ("/text", json!({ "status": "empty", "div": "text" }), Rule::Form, ".text.div"),
        ("/_action", json!("x"), Rule::WrongType, ".action"),
        ("/_action", json!({ "code": "x" }), Rule::UnknownElement, ".action"),
        ("/_agent", json!([]), Rule::UnknownElement, ""),
    ] {
        let found = found(|event| set(event, at, value.clone()));
        let wanted = (rule, format!("AuditEvent{path}"));
        assert!(found.contains(&wanted), "{at} = {value}: {found:?}");
    }
}

#[test]
fn missing_elements_are_named() {
    for (parent, name, path) in [
        ("", "type", ".type"),
        ("", "recorded", ".recorded"),
        ("", "agent", ".agent"),
        ("", "source", ".source"),
        ("/source", "observer", ".source.observer"),
        ("/agent/0", "requestor", ".agent[0].requestor"),
    ] {
        let found = found(|event| {
            event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        });
        assert_eq!(found, [(Rule::Missing, format!("AuditEvent{path}"))]);
    }
}

#[test]
fn entity_with_name_and_query_is_named() {
    let found = found(|event| {
        set(event, "/entity/1/name", json!("a"));
        set(event, "/entity/1/query", json!("AAAA"));
    });
    assert_eq!(found, [(Rule::NameAndQuery, "AuditEvent.entity[1]".to_owned())]);
}

#[test]
fn two_requestors_are_a_warning() {
    let event =
        changed(Profile::PatientRead, |event| set(event, "/agent/0/requestor", json!(true)));
    let report = check(&event, Mode::Base);
    assert_eq!(report.findings()[0].rule(), Rule::Requestors);
    assert!(report.is_valid());
}

#[test]
fn unknown_elements_are_named_without_showing_them() {
    for (at, path) in [
        ("/Mustermann", ""),
        ("/agent/1/Mustermann", ".agent[1]"),
        ("/entity/2/what/identifier", ".entity[2].what.identifier"),
        ("/type/Mustermann", ".type"),
    ] {
        let event = changed(Profile::PatientRead, |event| {
            set(event, at, json!({ "Mustermann": "Erika" }));
        });
        let report = check(&event, Mode::Base);
        let finding = &report.findings()[0];
        assert_eq!(
            (finding.rule(), finding.path().to_string()),
            (Rule::UnknownElement, format!("AuditEvent{path}"))
        );
        assert_eq!(finding.unknown_member(), Some("Mustermann"));
        assert!(!format!("{report:?} {finding}").contains("Mustermann"));
    }
}

#[test]
fn event_that_is_no_object_is_refused() {
    for event in [json!(null), json!([]), json!("AuditEvent")] {
        assert!(!check(&event, Mode::Base).is_valid());
        assert!(!check(&event, Mode::BalpAs(Profile::Read)).is_valid());
    }
}

#[test]
fn nesting_and_findings_are_bounded() {
    let mut extension = json!({ "url": "urn:a", "valueString": "x" });
    for _ in 0..100 {
        extension = json!({ "url": "urn:a", "extension": [extension] });
    }
    let found = found(|event| set(event, "/extension", json!([extension])));
    assert!(found.iter().any(|(rule, _)| *rule == Rule::TooDeep));
    let event = changed(Profile::PatientRead, |event| {
        set(event, "/subtype", json!(vec![json!({}); MAX_FINDINGS + 1]));
    });
    let report = check(&event, Mode::Base);
    assert_eq!(report.findings().len(), MAX_FINDINGS);
    assert!(report.is_cut() && !report.is_valid());
}

/// Work that grew with the square of the size would not end here.
#[test]
fn large_events_are_checked_in_time() {
    let device = |number: usize| json!({ "resourceType": "Device", "id": format!("d{number}") });
    let event = changed(Profile::PatientRead, |event| {
        set(event, "/contained", (0..15_000).map(device).collect());
        let entity = |number| json!({ "what": { "reference": format!("#d{number}") } });
        set(event, "/entity", (0..10_000).map(entity).collect());
        set(event, "/meta/profile", json!(vec![Profile::PatientRead.url(); 500]));
    });
    let text = event.to_string();
    assert!(text.len() > 900_000, "{}", text.len());
    let report = check(&parse(text.as_bytes()).unwrap(), Mode::Balp);
    assert_eq!(report.profiles(), [Profile::PatientRead]);
    assert_eq!(report.findings().len(), 2);
}

#[test]
fn rarer_parts_of_fhir_pass() {
    let found = found(|event| {
        set(event, "/contained", json!([{ "resourceType": "Device", "id": "d" }]));
        set(event, "/agent/0/who", json!({ "reference": "#d", "type": "Device" }));
        set(event, "/agent/1/who", json!({ "reference": "urn:uuid:1", "display": "server" }));
        set(
            event,
            "/agent/1/network",
            json!({ "_address": { "extension": [{ "url": "urn:a", "valueCode": "masked" }] } }),
        );
        set(event, "/agent/1/policy", json!(["urn:a", null]));
        set(event, "/agent/1/_policy", json!([null, { "id": "x" }]));
        set(
            event,
            "/agent/1/modifierExtension",
            json!([{ "url": "urn:m", "valueBoolean": false }]),
        );
        set(event, "/period", json!({ "start": "2026", "end": "2026-11-03T12:00:00-05:00" }));
        set(event, "/text", json!({ "status": "generated", "div": "<div>a</div>" }));
        event.as_object_mut().unwrap().remove("recorded");
        set(event, "/_recorded", json!({ "extension": [{ "url": "urn:a", "valueDecimal": 0.5 }] }));
        set(event, "/entity/1/detail", json!([{ "type": "a", "_valueString": { "id": "v" } }]));
    });
    assert_eq!(found, []);
}
