//! A line has one form, and says one thing.

use super::*;
use crate::event::*;
use crate::line::LineError;

#[test]
fn every_flip_of_a_line_is_refused_or_seen() {
    let line = full_line();
    let original = parse(&line).unwrap();
    let mut seen = 0;
    for at in 0..line.len() {
        let before = line.as_bytes()[at];
        let bits = (0..8).map(|bit| before ^ 1 << bit);
        for byte in bits.chain(*b"\"{}[]:,09fz").filter(|byte| *byte != before) {
            let mut other = line.clone().into_bytes();
            other[at] = byte;
            if let Ok(content) = Event::parse(&other) {
                assert_ne!(content, original, "byte {at}");
                seen += 1;
            }
        }
    }
    assert!(seen > 0);
}

#[test]
fn every_truncation_of_a_line_is_refused() {
    for event in samples::all() {
        let line = event.to_line(&samples::position()).unwrap();
        for end in 0..line.len() {
            assert!(Event::parse(&line[..end]).is_err(), "{end}");
        }
    }
}

#[test]
fn duplicate_members_are_refused_at_every_depth() {
    let line = full_line();
    let mut tried = 0;
    for (object, len) in objects(&line) {
        for index in 0..len {
            let other = edited(&line, |name, members| {
                if name == object {
                    let text = json::render(&vec![(
                        members[index].0.clone(),
                        Node::Number(samples::count(0)),
                    )]);
                    members.extend(json::parse(text.as_bytes()).unwrap());
                }
            });
            assert_eq!(parse(&other), Err(ContentError::Duplicate), "{object} {index}");
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
    let deep = line.replacen("\"who\"", "\"x\":[{\"y\":[{\"z\":1,\"z\":1}]}],\"who\"", 1);
    assert_eq!(parse(&deep), Err(ContentError::Duplicate));
}

#[test]
fn members_out_of_order_are_refused() {
    let line = full_line();
    for (object, len) in objects(&line) {
        for index in 1..len {
            let other = edited(&line, |name, members| {
                if name == object {
                    members.swap(index - 1, index);
                }
            });
            assert!(parse(&other).is_err(), "{object} {index}");
        }
    }
}

#[test]
fn a_removed_member_is_missed_or_seen() {
    let line = full_line();
    let original = parse(&line).unwrap();
    for (object, len) in objects(&line) {
        for index in 0..len {
            let other = edited(&line, |name, members| {
                if name == object {
                    members.remove(index);
                }
            });
            let is_same = parse(&other).is_ok_and(|content| content.event == original.event);
            assert!(!is_same, "{object} {index}");
        }
    }
}

#[test]
fn members_of_other_types_are_refused() {
    let line = full_line();
    for (object, len) in objects(&line) {
        for index in 0..len {
            for value in [Node::Null, Node::Bool(true), Node::List(vec![]), Node::Object(vec![])] {
                let mut value = Some(value);
                let other = edited(&line, |name, members| {
                    if let (true, Some(value)) = (name == object, value.take_if(|_| name == object))
                    {
                        members[index].1 = value;
                    }
                });
                assert!(parse(&other).is_err(), "{object} {index}");
            }
        }
    }
}

#[test]
fn emergencies_of_other_forms_are_refused() {
    let (line, id) = (full_line(), format!("\"{}\"", "99".repeat(16)));
    assert_eq!(line.matches(&id).count(), 1);
    let short = "9".repeat(31);
    for other in ["\"\"", "99", &format!("\"{short}\""), &format!("\"{short}A\""), "[]"] {
        let bad = ContentError::Value { object: "which", member: "emergency" };
        assert_eq!(parse(&line.replacen(&id, other, 1)), Err(bad), "{other}");
    }
    let of = |line: &str| parse(line).unwrap().event.subject.emergency;
    assert_eq!(of(&line), Some(EmergencyId::from_bytes([0x99; 16])));
    assert_eq!(of(&line.replacen(&format!("\"emergency\":{id},"), "", 1)), None);
}

#[test]
fn unknown_members_are_kept_apart_and_reported() {
    let line = full_line();
    let plain = parse(&line).unwrap();
    for (number, (object, len)) in objects(&line).into_iter().enumerate() {
        for index in 0..=len {
            // The first members of the record stay where they are.
            if object == "record" && index < 5 {
                continue;
            }
            let other = edited(&line, |name, members| {
                if name == object {
                    members.insert(index, ("later".to_owned(), Node::List(vec![Node::Null])));
                }
            });
            let content = parse(&other).unwrap();
            assert_eq!(content.event, plain.event);
            let [unknown] = &content.unknown[..] else { panic!("object {number}") };
            assert_eq!((unknown.object(), unknown.name()), (object.as_str(), "later"));
            assert_eq!(unknown.json(), "[null]");
        }
    }
}

#[test]
fn other_spellings_of_an_event_are_refused() {
    let line = example_line();
    let other_form = ContentError::OtherForm;
    for (from, to, refused_as) in [
        ("\"t\":\"access\"", "\"t\":\"session\"", other_form),
        ("\"t\":\"access\"", "\"t\":\"epoch\"", ContentError::NotAnEvent),
        ("\"where\"", "\"ruling\":{},\"where\"", ContentError::Duplicate),
        ("\"outcome\":\"success\",", "\"outcome\":\"success\",\"reason\":\"policy\",", other_form),
        (
            "\"outcome\":\"success\",",
            "\"outcome\":\"denied\",\"reason\":\"io\",",
            ContentError::Value { object: "record", member: "reason" },
        ),
        (
            "\"outcome\":\"success\",",
            "\"outcome\":\"denied\",",
            ContentError::Missing { object: "record", member: "reason" },
        ),
        (
            "\"action\":\"open\"",
            "\"action\":\"peek\"",
            ContentError::Value { object: "record", member: "action" },
        ),
        ("\"bytes\":1048576", "\"bytes\":-1", ContentError::Number),
        ("\"bytes\":1048576", "\"bytes\":1e6", ContentError::Number),
        ("\"bytes\":1048576", "\"bytes\":9007199254740992", ContentError::Number),
        ("\"bytes\":1048576", "\"bytes\":01", ContentError::Json),
        (
            "\"pid\":4711",
            "\"pid\":4294967296",
            ContentError::Value { object: "where", member: "pid" },
        ),
        (",\"ranges\":1", "", ContentError::Missing { object: "which", member: "ranges" }),
        ("\"who\"", "\"x\":[[[[[[[[0]]]]]]]],\"who\"", ContentError::Excess),
        ("\"phase\"", " \"phase\"", ContentError::Line(LineError::Byte { at: 130 })),
    ] {
        assert!(line.contains(from), "{from}");
        assert_eq!(parse(&line.replacen(from, to, 1)).unwrap_err(), refused_as, "{to}");
    }
}

#[test]
fn spans_and_periods_do_not_run_backwards() {
    let line = full_line();
    let swapped = line.replace("\"first\":0", "\"first\":100");
    assert_eq!(parse(&swapped), Err(ContentError::Value { object: "which", member: "last" }));
    let swapped = line.replace("2026-11-01T", "2026-11-09T");
    assert_eq!(parse(&swapped), Err(ContentError::Value { object: "which", member: "until" }));
}

#[test]
fn an_empty_object_is_refused() {
    let line =
        String::from_utf8(samples::bare(Action::Test).to_line(&samples::position()).unwrap());
    let line = line.unwrap();
    let other = line.replacen(",\"where\"", ",\"which\":{},\"where\"", 1);
    assert_ne!(line, other);
    assert_eq!(parse(&other), Err(ContentError::OtherForm));
}
