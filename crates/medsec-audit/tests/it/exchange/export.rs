//! Our events as AuditEvents.

use medsec_audit::balp::{self, Mode, Profile};
use medsec_audit::{Action, Actor, Denial, Event, Failure, Origin, Outcome, Phase, Place, fhir};
use serde_json::{Value, json};

use super::sample::{NAMES, all, bare, exported, full, line, message, source};

/// What an access is called in BALP.
const ACCESSES: [(Action, Profile, Profile); 4] = [
    (Action::Seal, Profile::Create, Profile::PatientCreate),
    (Action::Open, Profile::Read, Profile::PatientRead),
    (Action::ReadRange, Profile::Read, Profile::PatientRead),
    (Action::Rewrap, Profile::Update, Profile::PatientUpdate),
];

fn profiles(event: &Value) -> Vec<String> {
    let named = event["meta"]["profile"].as_array().into_iter().flatten();
    named.map(|url| url.as_str().unwrap().to_owned()).collect()
}

fn codes(codings: &Value) -> Vec<&str> {
    codings.as_array().unwrap().iter().map(|coding| coding["code"].as_str().unwrap()).collect()
}

#[test]
fn denials_failures_and_intents_name_no_profile() {
    for (action, ..) in ACCESSES {
        let request = super::sample::request();
        for phase in [
            Phase::Intent { request },
            Phase::Ended { request, outcome: Outcome::Denied(Denial::Policy) },
            Phase::Ended { request, outcome: Outcome::Failure(Failure::Io) },
        ] {
            let event = exported(&Event { phase, ..full(action) });
            assert!(profiles(&event).is_empty(), "{action} {}", phase.name());
        }
    }
    let others =
        Action::ALL.iter().filter(|action| ACCESSES.iter().all(|(one, ..)| one != *action));
    for action in others {
        assert!(profiles(&exported(&full(*action))).is_empty(), "{action}");
    }
}

#[test]
fn unknown_members_of_a_line_are_counted_and_stay_there() {
    let text = String::from_utf8(line(&full(Action::Open))).unwrap();
    let text = text.replacen("\"who\":{", "\"note\":\"Mustermann\",\"who\":{\"full-name\":1,", 1);
    let content = Event::parse(text.as_bytes()).unwrap();
    assert_eq!(content.unknown.len(), 2);
    let event = fhir::audit_event(&content, &source()).to_string();
    assert!(!event.contains("Mustermann") && !event.contains("full-name"));
    assert!(event.contains(r#"{"type":"unknown-members","valueString":"2"}"#));
}

#[test]
fn no_export_names_a_patient_or_what_a_person_wrote() {
    for event in all() {
        let (fhir, dicom) = (exported(&event).to_string(), message(&event));
        for name in NAMES {
            assert!(!fhir.contains(name) && !dicom.contains(name), "{name} in {}", event.action);
        }
    }
}

#[test]
fn events_of_every_action_pass_the_base_rules() {
    let events = all();
    assert!(events.len() > 400, "{}", events.len());
    for event in events {
        let exported = exported(&event);
        let report = balp::check(&exported, Mode::Base);
        assert!(report.findings().is_empty(), "{}: {:?}", event.action, report.findings());
        let read = balp::parse(exported.to_string().as_bytes());
        assert_eq!(read.as_ref(), Ok(&exported));
    }
}

#[test]
fn accesses_follow_the_profile_they_name() {
    for (action, plain, of_patient) in ACCESSES {
        for mut event in all().into_iter().filter(|event| event.action == action) {
            if event.phase.outcome() != Some(Outcome::Success) {
                continue;
            }
            let wanted = if event.subject.patient.is_some() { of_patient } else { plain };
            let report = balp::check(&exported(&event), Mode::Balp);
            assert_eq!(report.profiles(), [wanted], "{action}");
            assert!(report.findings().is_empty(), "{action}: {:?}", report.findings());
            event.subject.patient = None;
            assert_eq!(profiles(&exported(&event)), [plain.url()]);
        }
    }
}

#[test]
fn exactly_one_agent_is_the_requestor() {
    for event in all() {
        let exported = exported(&event);
        let agents = exported["agent"].as_array().unwrap();
        let asking: Vec<_> = agents.iter().filter(|agent| agent["requestor"] == true).collect();
        assert_eq!(asking.len(), 1, "{} by {}", event.action, event.actor.name());
        let who = match &event.actor {
            Actor::Person(principal) | Actor::Service(principal) => json!(principal.id.as_str()),
            Actor::System => json!("medsec@node-7.radiology.example"),
            Actor::Unknown => json!(null),
        };
        assert_eq!(asking[0]["who"]["identifier"]["value"], who);
        assert_eq!(asking[0]["who"]["display"] == "unknown", event.actor == Actor::Unknown);
    }
}

#[test]
fn patient_is_a_logical_reference() {
    let event = exported(&full(Action::Open));
    let patient = &event["entity"][0];
    assert_eq!(patient["role"]["code"], "1");
    assert_eq!(
        patient["what"],
        json!({
            "type": "Patient",
            "identifier": {
                "system": "https://clinic.example/audit/patient-pseudonym",
                "value": "hmac:08bf4d3e777367b7:dc2bbb369d0c28a088a22659fa6fae87",
            },
        })
    );
}

#[test]
fn address_that_was_not_recorded_is_said_to_be_absent() {
    let event = full(Action::Open);
    let network = |origin| {
        let place = Place { origin, ..event.place.clone() };
        let exported = exported(&Event { place, ..event.clone() });
        let agents = exported["agent"].as_array().unwrap();
        let client = agents.iter().find(|agent| agent["type"]["coding"][0]["code"] == "110152");
        client.unwrap()["network"].clone()
    };
    assert_eq!(network(Origin::Remote)["extension"][0]["valueCode"], "unknown");
    let address = network(Origin::Address("2001:db8::7".parse().unwrap()));
    assert_eq!(address, json!({ "address": "2001:db8::7", "type": "2" }));
    let local = network(Origin::Local);
    assert_eq!(local, json!({ "address": "node-7.radiology.example", "type": "1" }));
}

#[test]
fn outcomes_have_their_code_and_reason() {
    let outcome = |phase| {
        let event = exported(&Event { phase, ..full(Action::Open) });
        (event["outcome"].clone(), event["outcomeDesc"].clone())
    };
    let ended = |outcome| Phase::Single { request: None, outcome };
    let denied = |reason| outcome(ended(Outcome::Denied(reason)));
    assert_eq!(
        outcome(Phase::Intent { request: super::sample::request() }),
        (json!(null), json!(null))
    );
    assert_eq!(outcome(ended(Outcome::Success)), (json!("0"), json!(null)));
    assert_eq!(denied(Denial::Credentials), (json!("4"), json!("denied: credentials")));
    assert_eq!(denied(Denial::Policy), (json!("8"), json!("denied: policy")));
    assert_eq!(denied(Denial::LockedOut), (json!("12"), json!("denied: locked-out")));
    let failed = outcome(ended(Outcome::Failure(Failure::Damaged)));
    assert_eq!(failed, (json!("8"), json!("failure: damaged")));
}

#[test]
fn bare_failures_are_events_too() {
    let event = exported(&bare(Action::LoginFailure));
    assert_eq!(event["type"]["code"], "110114");
    assert_eq!(codes(&event["subtype"]), ["110122", "login-failure"]);
    assert_eq!(event["agent"].as_array().unwrap().len(), 2);
    assert!(balp::check(&event, Mode::Base).is_valid());
}

/// The table of the page is that of the code.
#[test]
fn actions_are_mapped_as_the_page_says() {
    let page = include_str!("../../../../../docs/formats/audit-exchange.md");
    for action in Action::ALL {
        let event = exported(&full(*action));
        let mut subtypes = codes(&event["subtype"]);
        assert_eq!(subtypes.pop(), Some(action.name()));
        let profile = profiles(&event).pop();
        let profile = profile.as_deref().and_then(|url| url.rsplit_once("IHE.BasicAudit.Patient"));
        let row = format!(
            "| `{action}` | {} | {} | {} | {} |",
            event["type"]["code"].as_str().unwrap(),
            subtypes.join(", "),
            event["action"].as_str().unwrap(),
            profile.map_or_else(String::new, |(_, name)| format!("{name}, Patient{name}")),
        );
        let row = row.replace("|  |", "| – |");
        assert!(page.lines().any(|line| line == row), "not on the page: {row}");
    }
}

/// All of `part` is in `whole`: of lists, each item is in some item.
fn is_in(part: &Value, whole: &Value) -> bool {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part
            .iter()
            .all(|(name, value)| whole.get(name).is_some_and(|whole| is_in(value, whole))),
        (Value::Array(part), Value::Array(whole)) => {
            part.iter().all(|item| whole.iter().any(|other| is_in(item, other)))
        }
        _ => part == whole,
    }
}

/// The first block of the page in this language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn example_of_the_page_is_the_export_of_the_logs_example() {
    let log = include_str!("../../../../../docs/formats/audit-log.md");
    let line = block(log, "json").lines().next().unwrap();
    let content = Event::parse(line.as_bytes()).unwrap();
    let page = include_str!("../../../../../docs/formats/audit-exchange.md");
    let shown: Value = serde_json::from_str(block(page, "json")).unwrap();
    let event = fhir::audit_event(&content, &source());
    assert!(is_in(&shown, &event), "{event:#}");
    let message = medsec_audit::dicom::audit_message(&content, &source());
    let shown: String = block(page, "xml").lines().map(str::trim_start).collect();
    assert!(message.contains(&shown), "{message}");
}

#[test]
fn emergency_is_an_entity_of_all_that_belongs_to_it() {
    let of = |event: &Event| {
        let exported = exported(event);
        let entities = exported["entity"].as_array().unwrap();
        let system = "https://clinic.example/audit/emergency";
        let mut found = entities.iter().filter(|one| one["what"]["identifier"]["system"] == system);
        let first = found
            .next()
            .map(|one| (one["type"]["code"].clone(), one["what"]["identifier"]["value"].clone()));
        assert!(found.next().is_none());
        first
    };
    for action in Action::ALL {
        assert_eq!(of(&bare(*action)), None, "{action}");
        // What began or ended is the emergency itself.
        let main = matches!(action, Action::EmergencyStart | Action::EmergencyEnd);
        let kind = if main { "2" } else { "4" };
        assert_eq!(of(&full(*action)), Some((json!(kind), json!("99".repeat(16)))), "{action}");
    }
    assert!(message(&full(Action::Review)).contains(&"99".repeat(16)));
}
