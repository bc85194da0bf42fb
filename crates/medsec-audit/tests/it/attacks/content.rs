//! The form of lines: what they may be made of, and that they can be read in one way only.

use medsec_audit::{ContentError, Event, FaultKind, Finding, LineError};
use medsec_evidence::{Ev, Proven, evidence};

use super::forge::{self, forge_mark, own_key, stolen_key};
use super::{Tampered, Torn, Whole, anchor, busy_lines, commit, judge, put, record};
use crate::streams::{Home, opened};

/// The kind of the first fault.
fn kind(home: &Home) -> Option<FaultKind> {
    home.verify().findings.iter().find_map(|finding| match finding {
        Finding::Tampered(fault) => Some(fault.kind),
        _ => None,
    })
}

#[test]
fn record_of_another_version_is_refused_and_named() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 3);
    lines[at] = lines[at].replacen("{\"v\":1,", "{\"v\":2,", 1);
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
    assert_eq!(kind(&home), Some(FaultKind::Line(LineError::Version)));
}

#[test]
fn other_ends_of_lines_are_refused() {
    let (home, lines) = busy_lines();
    let known = anchor(&home);
    let all: Vec<_> = lines.iter().map(|line| format!("{line}\r")).collect();
    put(&home, &all);
    assert_eq!(judge(&home, &known), [Tampered(0); 3]);
    let mut one = lines.clone();
    one[record(&lines, 3)].push('\r');
    put(&home, &one);
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
}

#[test]
fn bytes_that_no_line_has_are_refused_within_a_stream() {
    for byte in ['\0', ' ', '\t', '\\', 'é', '\u{7F}'] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = record(&lines, 6);
        lines[at].insert(60, byte);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(6); 3], "{byte:?}");
    }
}

#[test]
fn empty_line_within_a_stream_is_refused() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    lines.insert(record(&lines, 6), String::new());
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(6); 3]);
}

#[test]
fn damaged_last_batch_is_an_interrupted_one_unless_it_was_acknowledged() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 13);
    lines[at].insert(60, '\0');
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Torn, Tampered(13), super::Truncated]);
}

#[evidence(
    hipaa2013::["164.312(b)"],
    claim = "a record that says the same thing twice, so that readers could differ, is refused by its content",
    polarity = deny,
)]
fn member_that_stands_twice_is_refused(ev: Ev) -> Proven {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    // Put into a record without a key, its bytes are others.
    let at = record(&lines, 3);
    let twice =
        lines[at].replacen("\"action\":\"open\"", "\"action\":\"open\",\"action\":\"open\"", 1);
    let honest = std::mem::replace(&mut lines[at], twice.clone());
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
    lines[at] = honest;

    // Signed with a stolen key, only its content shows.
    let key = stolen_key(&home);
    lines.truncate(commit(&lines, 14) + 1);
    lines.push(forge::epoch_line(&lines, 4, &key, &own_key(99)));
    let event = forge::event_line(&lines, &opened(9));
    let who = "\"who\":{\"is\":\"person\",\"id\":\"ann\"";
    let forged = event.replacen(who, &format!("{who},\"id\":\"bob\""), 1);
    assert_ne!(forged, event);
    lines.push(forged.clone());
    forge::sign_end(&home, &mut lines, (4, 0), &key);
    put(&home, &lines);
    forge_mark(&home, &lines);
    assert_eq!(judge(&home, &known), [Whole; 3]);
    let mut how = medsec_audit::VerifyOptions::default();
    how.content = true;
    ev.holds(
        "a check of the content finds it",
        super::seen(&home.verify_with(&how)) == Tampered(15),
    );
    for line in [twice, forged] {
        let refused = Event::parse(line.as_bytes()).map(drop);
        ev.denies(refused, |error| matches!(error, ContentError::Duplicate));
    }
    ev.proven()
}

#[test]
fn record_dated_back_with_a_stolen_key_is_not_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let key = stolen_key(&home);
    forge::go_on(&home, &mut lines, (4, &key), &[]);
    let line = forge::event_line(&lines, &opened(9)).replace("2026-11-03", "2024-11-03");
    lines.push(line);
    forge::sign_end(&home, &mut lines, (4, 1), &key);
    put(&home, &lines);
    forge_mark(&home, &lines);
    // Order is what the chain proves, not time: the record stands behind those it pretends to precede.
    assert_eq!(judge(&home, &known), [Whole; 3]);
}
