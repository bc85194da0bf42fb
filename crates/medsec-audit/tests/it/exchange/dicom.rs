//! Our events as audit messages, held against the schema of PS3.15 A.5.1 element by element.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_audit::{Action, Denial, Event, LogTime, Origin, Outcome, Phase, Place};
use roxmltree::{Document, Node};

use super::sample::{all, exported, full, message, request};

/// How often an element may stand there.
#[derive(Clone, Copy)]
enum Times {
    Once,
    Maybe,
    Any,
    Some,
}

type Form = fn(&str) -> bool;
/// Name, whether it must be there, and what its value is.
type Attribute = (&'static str, bool, Form);
type Child = (&'static str, Times);

/// An element: its attributes, its children in their order, and its text if it has one.
struct Element {
    name: &'static str,
    attributes: &'static [Attribute],
    children: &'static [Child],
    text: bool,
}

const fn element(
    name: &'static str,
    attributes: &'static [Attribute],
    children: &'static [Child],
) -> Element {
    Element { name, attributes, children, text: false }
}

const fn text(name: &'static str) -> Element {
    Element { name, attributes: &[], children: &[], text: true }
}

/// A token of XML Schema: no blanks at its ends, no two in a row, no line breaks.
fn token(value: &str) -> bool {
    value.split(' ').all(|word| !word.is_empty()) && !value.contains(['\t', '\n', '\r'])
}

fn some(value: &str) -> bool {
    !value.is_empty()
}

fn boolean(value: &str) -> bool {
    matches!(value, "true" | "false")
}

fn time(value: &str) -> bool {
    value.parse::<LogTime>().is_ok()
}

fn base64(value: &str) -> bool {
    STANDARD.decode(value).is_ok()
}

fn within(value: &str, most: u8) -> bool {
    value
        .parse::<u8>()
        .is_ok_and(|number| (1..=most).contains(&number) && number.to_string() == value)
}

const CODED: &[Attribute] = &[
    ("csd-code", true, token),
    ("codeSystemName", true, token),
    ("displayName", false, token),
    ("originalText", true, token),
];

const SCHEMA: &[Element] = &[
    element(
        "AuditMessage",
        &[],
        &[
            ("EventIdentification", Times::Once),
            ("ActiveParticipant", Times::Some),
            ("AuditSourceIdentification", Times::Once),
            ("ParticipantObjectIdentification", Times::Any),
        ],
    ),
    element(
        "EventIdentification",
        &[
            ("EventActionCode", false, |value| matches!(value, "C" | "R" | "U" | "D" | "E")),
            ("EventDateTime", true, time),
            ("EventOutcomeIndicator", true, |value| matches!(value, "0" | "4" | "8" | "12")),
        ],
        &[
            ("EventID", Times::Once),
            ("EventTypeCode", Times::Any),
            ("EventOutcomeDescription", Times::Maybe),
        ],
    ),
    element("EventID", CODED, &[]),
    element("EventTypeCode", CODED, &[]),
    text("EventOutcomeDescription"),
    element(
        "ActiveParticipant",
        &[
            ("UserID", true, some),
            ("AlternativeUserID", false, some),
            ("UserName", false, some),
            ("UserIsRequestor", true, boolean),
            ("NetworkAccessPointID", false, token),
            ("NetworkAccessPointTypeCode", false, |value| within(value, 5)),
        ],
        &[("RoleIDCode", Times::Any)],
    ),
    element("RoleIDCode", CODED, &[]),
    element(
        "AuditSourceIdentification",
        &[("AuditSourceID", true, token), ("AuditEnterpriseSiteID", false, token)],
        &[("AuditSourceTypeCode", Times::Any)],
    ),
    element("AuditSourceTypeCode", &[("csd-code", true, |value| within(value, 9))], &[]),
    element(
        "ParticipantObjectIdentification",
        &[
            ("ParticipantObjectID", true, token),
            ("ParticipantObjectTypeCode", false, |value| within(value, 4)),
            ("ParticipantObjectTypeCodeRole", false, |value| within(value, 26)),
        ],
        &[
            ("ParticipantObjectIDTypeCode", Times::Once),
            // The schema's other choice, a query, is none of ours.
            ("ParticipantObjectName", Times::Once),
            ("ParticipantObjectDetail", Times::Any),
        ],
    ),
    element("ParticipantObjectIDTypeCode", CODED, &[]),
    text("ParticipantObjectName"),
    element("ParticipantObjectDetail", &[("type", true, token), ("value", true, base64)], &[]),
];

/// Fails unless the node and all below it are as the schema says.
fn check(node: Node<'_, '_>) {
    let name = node.tag_name().name();
    assert_eq!(node.tag_name().namespace(), None);
    let rules = SCHEMA.iter().find(|element| element.name == name).unwrap();
    for attribute in node.attributes() {
        let mut known = rules.attributes.iter();
        let rule = known.find(|(name, ..)| *name == attribute.name());
        let fits = rule.is_some_and(|(_, _, form)| form(attribute.value()));
        assert!(fits, "{name}.{} = {}", attribute.name(), attribute.value());
    }
    for (attribute, required, _) in rules.attributes {
        assert!(!required || node.has_attribute(*attribute), "{name} lacks {attribute}");
    }
    if rules.text {
        assert!(node.text().is_some_and(token), "{name} has no text");
        return;
    }
    let mut children = node.children().peekable();
    for (wanted, times) in rules.children {
        let mut count = 0;
        while let Some(child) = children.next_if(|child| child.has_tag_name(*wanted)) {
            check(child);
            count += 1;
        }
        let fits = match times {
            Times::Once => count == 1,
            Times::Maybe => count <= 1,
            Times::Any => true,
            Times::Some => count >= 1,
        };
        assert!(fits, "{count} {wanted} in {name}");
    }
    assert!(children.next().is_none(), "{name} has something else, or out of order");
}

fn attribute<'a>(document: &'a Document<'_>, element: &str, name: &str) -> Vec<&'a str> {
    let elements = document.descendants().filter(|node| node.has_tag_name(element));
    elements.filter_map(|node| node.attribute(name)).collect()
}

#[test]
fn messages_of_every_action_follow_the_schema() {
    for event in all() {
        let text = message(&event);
        assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>"));
        assert!(text.len() <= 32_768, "{} bytes are more than every receiver takes", text.len());
        let document = Document::parse(&text).unwrap();
        check(document.root_element());
        let asking = attribute(&document, "ActiveParticipant", "UserIsRequestor");
        assert_eq!(asking.iter().filter(|value| **value == "true").count(), 1);
    }
}

#[test]
fn access_to_content_of_a_patient_is_a_patient_record() {
    let id = |event: &Event| {
        let text = message(event);
        let document = Document::parse(&text).unwrap();
        attribute(&document, "EventID", "csd-code")[0].to_owned()
    };
    for action in [Action::Seal, Action::Open, Action::ReadRange, Action::Rewrap] {
        let mut event = full(action);
        assert_eq!(id(&event), "110110");
        event.subject.patient = None;
        assert_eq!(id(&event), "rest");
    }
    assert_eq!(id(&full(Action::Verify)), "rest");
    assert_eq!(id(&full(Action::Export)), "110106");
}

#[test]
fn message_says_the_same_as_the_audit_event() {
    for event in all() {
        let (text, fhir) = (message(&event), exported(&event));
        let document = Document::parse(&text).unwrap();
        let head = document.root_element().first_element_child().unwrap();
        assert_eq!(head.attribute("EventActionCode"), fhir["action"].as_str());
        assert_eq!(head.attribute("EventDateTime"), fhir["recorded"].as_str());
        assert_eq!(head.attribute("EventOutcomeIndicator"), fhir["outcome"].as_str().or(Some("0")));
        let codes = |list: &str| {
            let items = fhir[list].as_array().unwrap();
            items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(attribute(&document, "EventTypeCode", "csd-code"), codes("subtype"));
        let agents = fhir["agent"].as_array().unwrap();
        let users = attribute(&document, "ActiveParticipant", "UserID");
        assert_eq!(users.len(), agents.len());
        for (user, agent) in users.iter().zip(agents) {
            let who = &agent["who"];
            let value = who["identifier"]["value"].as_str().or(who["display"].as_str());
            assert_eq!(Some(*user), value);
        }
        let objects =
            attribute(&document, "ParticipantObjectIdentification", "ParticipantObjectID");
        let entities = fhir["entity"].as_array().unwrap().iter();
        let ids: Vec<_> = entities
            .map(|entity| entity["what"]["identifier"]["value"].as_str().unwrap())
            .collect();
        assert_eq!(objects, ids);
    }
}

#[test]
fn intent_and_denial_say_what_they_are() {
    let described = |phase| {
        let text = message(&Event { phase, ..full(Action::Open) });
        let document = Document::parse(&text).unwrap();
        let head = document.root_element().first_element_child().unwrap();
        let description = head.last_element_child().and_then(|node| node.text()).map(str::to_owned);
        (head.attribute("EventOutcomeIndicator").unwrap().to_owned(), description)
    };
    let request = request();
    let denied = Outcome::Denied(Denial::Rate);
    assert_eq!(described(Phase::Intent { request }), ("0".into(), Some("intent".into())));
    let ended = described(Phase::Ended { request, outcome: denied });
    assert_eq!(ended, ("8".into(), Some("denied: rate".into())));
    assert_eq!(described(Phase::Ended { request, outcome: Outcome::Success }), ("0".into(), None));
}

#[test]
fn address_stands_as_an_access_point() {
    let points = |origin| {
        let event = full(Action::Open);
        let text = message(&Event { place: Place { origin, ..event.place.clone() }, ..event });
        let document = Document::parse(&text).unwrap();
        let codes = attribute(&document, "ActiveParticipant", "NetworkAccessPointTypeCode");
        codes.into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(points(Origin::Local), ["1", "1"]);
    assert_eq!(points(Origin::Remote), ["1"]);
    assert_eq!(points(Origin::Address("10.0.0.1".parse().unwrap())), ["1", "2"]);
}
