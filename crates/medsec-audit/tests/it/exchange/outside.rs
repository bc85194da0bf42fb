//! Against others: the examples of FHIR, and a validator of FHIR from npm.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use medsec_audit::balp::{Mode, check, parse};
use medsec_audit::{Action, Event};
use serde_json::Value;

use super::balp::{VIOLATIONS, changed};
use super::elsewhere;
use super::sample::{all, exported};

/// What a test needs from outside. Without it, a test says so, or fails where it is demanded.
fn outside(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os(name).map(PathBuf::from);
    if found.is_none() {
        println!("not run: {name} is not set (cargo xtask test sets it)");
        let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|value| value == "1");
        assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but {name} is not set");
    }
    found
}

/// What npm's `fhir` says of events, all in one process.
fn judged(events: &[Value]) -> Option<Vec<Value>> {
    let program = outside("MEDSEC_FHIR_VALIDATOR")?;
    let mut validator =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = validator.stdin.take().unwrap();
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = validator.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the validator failed");
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let answers: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(answers.len(), events.len());
    Some(answers)
}

fn examples() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = outside("MEDSEC_FHIR_EXAMPLES")?;
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let example = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        name.starts_with("AuditEvent-").then(|| (name, std::fs::read(path).unwrap()))
    };
    Some(files.filter_map(example).collect())
}

#[test]
fn official_examples_of_fhir_pass_the_base_rules() {
    let Some(examples) = examples() else { return };
    assert_eq!(examples.len(), 9);
    for (name, text) in examples {
        let report = check(&parse(&text).unwrap(), Mode::Base);
        assert!(report.findings().is_empty(), "{name}: {:?}", report.findings());
        assert!(!check(&parse(&text).unwrap(), Mode::Balp).is_valid(), "{name} names a profile");
    }
}

/// Each element of an example taken away, or given another type: where the validator has an error, so have we.
#[test]
fn broken_examples_are_refused_as_by_the_validator() {
    let Some(examples) = examples() else { return };
    let broken: Vec<_> =
        examples.iter().flat_map(|(_, text)| breaks(&parse(text).unwrap())).collect();
    let Some(answers) = judged(&broken) else { return };
    let mut both = 0;
    for (event, answer) in broken.iter().zip(&answers) {
        let ours = check(event, Mode::Base);
        if answer["valid"] == false {
            assert!(!ours.is_valid(), "{answer}: {event}");
            both += 1;
        }
    }
    println!("{} broken events, {both} refused by both", broken.len());
    assert!(both > 150, "{both}");
}

/// The event without one element, or with another value there, for each of its elements.
fn breaks(event: &Value) -> Vec<Value> {
    let mut pointers = Vec::new();
    collect(event, "", &mut pointers);
    let mut broken = Vec::new();
    for (parent, name) in pointers {
        for value in [None, Some(Value::from("x")), Some(Value::from(true))] {
            let mut event = event.clone();
            let object = event.pointer_mut(&parent).unwrap().as_object_mut().unwrap();
            match value {
                None => drop(object.remove(&name)),
                Some(value) => drop(object.insert(name.clone(), value)),
            }
            broken.push(event);
        }
    }
    broken
}

/// Every member of every object but in narrative and contained resources, of which we look at the outside only.
fn collect(value: &Value, at: &str, pointers: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                if !matches!(name.as_str(), "text" | "contained" | "resourceType") {
                    pointers.push((at.to_owned(), name.clone()));
                    collect(inner, &format!("{at}/{name}"), pointers);
                }
            }
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| collect(item, &format!("{at}/{index}"), pointers)),
        _ => {}
    }
}

/// The validator knows value sets, and ours has an action of its own in every event.
#[test]
fn events_of_every_action_pass_the_validator() {
    let events: Vec<Event> = all();
    let exported: Vec<_> = events.iter().map(exported).collect();
    let Some(answers) = judged(&exported) else { return };
    for (event, answer) in events.iter().zip(&answers) {
        assert_eq!(answer["valid"], true, "{}: {answer}", event.action);
        let warnings = answer["warnings"].as_array().unwrap();
        let own =
            format!("Code \"{}\" (https://github.com/medsec/medsec/audit-action)", event.action);
        let expected = |warning: &&Value| {
            let warning = warning.as_str().unwrap();
            warning.contains(&own) || is_known_gap(warning)
        };
        let others: Vec<_> = warnings.iter().filter(|warning| !expected(warning)).collect();
        assert!(others.is_empty(), "{}: {others:?}", event.action);
    }
    assert!(Action::ALL.iter().all(|action| events.iter().any(|event| event.action == *action)));
}

/// Codes that are in no list of the validator: BALP's type of a request, the roles of an organisation, and
/// purposes of use, of which it has an older list.
fn is_known_gap(warning: &str) -> bool {
    let systems = ["v3-ActReason", "BasicAuditEntityType", "https://clinic.example/audit/role"];
    systems.iter().any(|system| warning.contains(system))
}

/// Why the checker exists: an event may follow FHIR and break BALP.
#[test]
fn validator_accepts_what_breaks_balp() {
    let events: Vec<_> =
        VIOLATIONS.iter().map(|(profile, change)| changed(*profile, *change)).collect();
    let Some(answers) = judged(&events) else { return };
    let accepted = answers.iter().filter(|answer| answer["valid"] == true).count();
    assert!(accepted == events.len() && accepted >= 10, "{answers:?}");
}

#[test]
fn events_of_others_in_these_tests_pass_the_validator() {
    let profiles = medsec_audit::balp::Profile::ALL;
    let events: Vec<_> = profiles.iter().map(|profile| elsewhere::event(*profile)).collect();
    let Some(answers) = judged(&events) else { return };
    answers.iter().for_each(|answer| assert_eq!(answer["valid"], true, "{answer}"));
}
