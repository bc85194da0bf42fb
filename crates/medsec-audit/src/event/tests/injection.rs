//! Text that is not an identifier gets into no field, neither through the types nor through a line.

use super::*;
use crate::event::*;
use crate::line::LineError;
use crate::{Commitment, InvalidValue, LogTime, PatientPseudonym, StudyPseudonym};

const NASTY: [&str; 24] = [
    "Erika Mustermann",
    "Mustermann, Erika",
    "Mustermann^Erika",
    "a\"b",
    "a\",\"admin\":\"yes",
    "a\nb",
    "a\r\nb",
    "a\0b",
    "a\tb",
    "a\\b",
    "a\\u0041",
    "a\u{202e}b",
    "a\u{2066}b",
    "a\u{200b}b",
    "a\u{feff}",
    "Jos\u{e9}",
    "\u{661}",
    "\u{ff21}",
    "a\u{1b}[31m",
    "a\u{7f}",
    "=1+1",
    "-rf",
    "@sum",
    "",
];

type Taker = fn(&str) -> Result<(), InvalidValue>;

fn takes<T: std::str::FromStr<Err = InvalidValue>>(text: &str) -> Result<(), InvalidValue> {
    text.parse::<T>().map(|_| ())
}

const FIELDS: [Taker; 24] = [
    takes::<PrincipalId>,
    takes::<RoleName>,
    takes::<DatasetId>,
    takes::<KekName>,
    takes::<HostId>,
    takes::<ProcessName>,
    takes::<PeerName>,
    takes::<PackageId>,
    takes::<SessionId>,
    takes::<RequestId>,
    takes::<DecisionId>,
    takes::<PolicyHash>,
    takes::<SlotDigest>,
    takes::<Action>,
    takes::<Denial>,
    takes::<Failure>,
    takes::<Authentication>,
    takes::<Purpose>,
    takes::<Origin>,
    takes::<Patient>,
    takes::<Study>,
    takes::<PatientPseudonym>,
    takes::<StudyPseudonym>,
    takes::<Commitment>,
];

#[test]
fn no_field_takes_text_that_is_no_identifier() {
    for text in NASTY {
        for (number, takes) in FIELDS.iter().enumerate() {
            assert!(takes(text).is_err(), "field {number}: {text:?}");
        }
        assert!(takes::<LogTime>(text).is_err());
    }
}

#[test]
fn identifiers_take_their_characters_only() {
    for character in (0..=0x2FF_u32).filter_map(char::from_u32) {
        let text = format!("a{character}");
        let plain = character.is_ascii_graphic() && !matches!(character, '"' | '\\' | ' ');
        for (number, takes) in FIELDS.iter().enumerate() {
            assert!(plain || takes(&text).is_err(), "field {number}: {character:?}");
        }
    }
    assert!(PrincipalId::new(&"a".repeat(128)).is_ok());
    assert!(PrincipalId::new(&"a".repeat(129)).is_err());
    assert!(ProcessName::new(&"a".repeat(33)).is_err());
    assert!(KekName::new(&"a".repeat(257)).is_err());
}

/// Every string of a line, in its place, replaced by each of the texts.
#[test]
fn no_line_carries_text_into_a_field() {
    let line = full_line();
    let mut tried = 0;
    for (object, len) in objects(&line) {
        for index in 0..len {
            for text in NASTY {
                let mut is_string = false;
                let other = edited(&line, |name, members| {
                    let here = members.get_mut(index).filter(|_| name == object);
                    if let Some((_, Node::Text(value))) = here {
                        text.clone_into(value);
                        is_string = true;
                    }
                });
                // A quotation mark ends the string: what follows is another member, and reported.
                let is_told = |line| {
                    parse(line).map_or(true, |content| {
                        text.contains('"') && content.unknown.iter().any(|m| m.name() == "admin")
                    })
                };
                assert!(!is_string || is_told(&other), "{object} {index}: {text:?}");
                tried += usize::from(is_string);
            }
        }
    }
    assert!(tried > 600, "{tried}");
}

#[test]
fn escapes_do_not_stand_for_other_characters() {
    let line = example_line();
    for (from, to) in [("\"ann\"", "\"\\u0061nn\""), ("\"ann\"", "\"a\\nb\""), ("/", "\\/")] {
        let other = line.replacen(from, to, 1);
        if other != line {
            assert!(matches!(parse(&other), Err(ContentError::Line(LineError::Byte { .. }))));
        }
    }
}

#[test]
fn errors_do_not_repeat_what_was_refused() {
    let line = example_line().replace("\"ann\"", "\"Mustermann^Erika\"");
    let error = parse(&line).unwrap_err();
    assert_eq!(error, ContentError::Value { object: "who", member: "id" });
    assert!(!format!("{error} {error:?}").contains("Muster"));
    let error = PrincipalId::new("Mustermann^Erika").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("Muster"));
    let line = example_line().replacen("\"who\"", "\"Mustermann\":\"Erika\",\"who\"", 1);
    let content = parse(&line).unwrap();
    assert_eq!(content.unknown[0].name(), "Mustermann");
    let shown = format!("{content:?}");
    assert!(!shown.contains("Muster") && !shown.contains("Erika"));
}
