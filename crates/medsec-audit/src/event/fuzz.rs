//! Fuzz targets of lines and events. Not part of the library: built for tests and with `--cfg fuzzing` only.
//! A target panics where something does not hold.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use super::{Action, ContentError, Event, samples};
use crate::commitment::Opening;
use crate::count::Count;
use crate::line::{CommitLine, Head, Line, MAX_LINE_LEN, Members};
use crate::tree::Hash;

/// A line, and edits of valid ones: what is accepted has only bytes that may stand in a line, and its fixed
/// parts have one form only.
pub fn audit_line(data: &[u8]) {
    look_at_line(data);
    if let Ok(opening) = Opening::parse(data) {
        assert!(opening.render().as_slice() == data, "another opening");
    }
    if let Some((which, edits)) = data.split_first() {
        let originals = originals();
        let original = originals.get(usize::from(*which) % originals.len()).unwrap();
        look_at_line(&edit(original, edits));
    }
}

/// A record, and edits of valid ones: what is accepted as an event is written the same way again.
pub fn audit_event(data: &[u8]) {
    look_at_event(data);
    if let Some((which, edits)) = data.split_first() {
        let originals = originals();
        let original = originals.get(usize::from(*which) % originals.len()).unwrap();
        look_at_event(&edit(original, edits));
    }
}

fn look_at_line(line: &[u8]) {
    let parsed = Line::parse(line);
    if parsed.is_ok() {
        assert!(line.len() <= MAX_LINE_LEN);
        assert!(line.iter().all(|byte| matches!(byte, 0x21..=0x7E) && *byte != b'\\'));
    }
    match parsed {
        Ok(Line::Commit(commit)) => assert!(commit.render() == line, "another commit"),
        Ok(Line::Record(record)) => {
            assert!(record.bytes == line);
            check_head(&record.head, line);
        }
        Err(_) => {}
    }
}

/// The head is written as it was read.
fn check_head(head: &Head<'_>, line: &[u8]) {
    let bare = head.render(&Members::default()).unwrap();
    let (brace, first) = bare.split_last().unwrap();
    let rest = line.strip_prefix(first).unwrap();
    assert!(rest == [*brace] || rest.starts_with(b",\""));
}

fn look_at_event(line: &[u8]) {
    match Event::parse(line) {
        Ok(content) => {
            let again = content.event.to_line(&content.head.position).unwrap();
            assert!((again == line) == content.unknown.is_empty(), "another form");
            assert!(again.len() <= line.len());
            let plain = Event::parse(&again).unwrap();
            assert!(plain.event == content.event && plain.head == content.head);
        }
        // Content is never better understood than the line it stands in.
        Err(ContentError::Line(_)) => assert!(Line::parse(line).is_err()),
        Err(_) => assert!(Line::parse(line).is_ok()),
    }
}

/// Edits of a text: each is an offset in steps of 8 and 1, how many bytes go, how many come, and these.
fn edit(original: &[u8], mut rest: &[u8]) -> Vec<u8> {
    let mut text = original.to_vec();
    while let [place, out, come, tail @ ..] = rest {
        let at = (usize::from(*place) * 8 + usize::from(out >> 5)).min(text.len());
        let end = (at + usize::from(out & 0x1F)).min(text.len());
        let (new, tail) = tail.split_at(usize::from(come & 0x1F).min(tail.len()));
        text.splice(at..end, new.iter().copied());
        rest = tail;
    }
    text
}

/// One event of every action with all there can be, one with little, and a commit.
fn originals() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let line = |event: Event| event.to_line(&samples::position()).unwrap();
        let full = Action::ALL.iter().map(|action| line(samples::full(*action)));
        full.chain([line(samples::bare(Action::Test)), commit().render()]).collect()
    })
}

fn commit() -> CommitLine {
    CommitLine {
        epoch: Count::from(1),
        counter: Count::from(1),
        size: Count::from(2),
        root: Hash::from_bytes([0x77; 32]),
        signature: [0x88; 64],
    }
}

/// First inputs of the targets: lines as they are, and edits of every one of them.
#[cfg(test)]
pub(crate) fn seeds() -> [(&'static str, Vec<Vec<u8>>); 2] {
    let opening =
        b"medsec audit opening v1\nsalt: AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\nText\n";
    let lines = [originals().last().unwrap().clone(), opening.to_vec()];
    let head = [0, 1, 0x01, 0x01, b'2'].to_vec();
    let events: Vec<_> =
        [samples::example(), samples::bare(Action::Open), samples::full(Action::Review)]
            .iter()
            .map(|event| event.to_line(&samples::position()).unwrap())
            .collect();
    let edits = (0..36_u8).map(|which| vec![which, which * 5, which, 4, b'"', b',', b'"', b'a']);
    let unknown = [&[1, 14, 0x60, 8][..], b",\"x\":[1]"].concat();
    [
        ("audit_line", lines.into_iter().chain(events.clone()).chain([head]).collect()),
        ("audit_event", events.into_iter().chain(edits).chain([unknown]).collect()),
    ]
}
