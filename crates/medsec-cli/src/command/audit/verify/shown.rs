//! What a verification came to, for people and programs.

use medsec_audit::{ContentReport, StreamName, StreamReport};
use serde_json::{Value, json};

use crate::anchor::Memory;
pub(crate) use crate::audit::report::{exit, name};
use crate::units::counted;

pub(super) fn lines(stream: &StreamName, found: &StreamReport, anchor: Memory) -> Vec<String> {
    let end = if found.closed { "ended in order" } else { "open" };
    let last = found.last.map_or_else(|| "none".to_owned(), |last| last.to_string());
    let size = found.size;
    let mut lines = vec![format!("{stream}: {size} records, the newest of {last}, {end}")];
    if found.recoveries > 0 {
        let times = found.recoveries;
        lines.push(format!("{stream}: interrupted batches were put aside {times} times"));
    }
    if let Some(words) = anchored(anchor, size) {
        lines.push(format!("{stream}: {words}"));
    }
    lines.extend(found.content.as_ref().map(|content| format!("{stream}: {}", counts(content))));
    lines.extend(
        found
            .findings
            .iter()
            .map(|finding| format!("{stream}: {}: {finding}", name(finding.verdict()))),
    );
    lines
}

/// How much of the stream the anchor vouches for; nothing where there is none.
fn anchored(anchor: Memory, size: u64) -> Option<String> {
    match anchor {
        Memory::NoAnchor => None,
        Memory::Unreachable => Some(
            "WARNING: the anchor cannot be asked: records missing at the end would not show".into(),
        ),
        Memory::Nothing => Some("WARNING: the anchor knows no checkpoint of this stream".into()),
        Memory::Checkpoint(known) => {
            let behind = size.saturating_sub(known.size());
            Some(format!("the anchor knows {} of them, {behind} came later", known.size()))
        }
    }
}

fn counts(content: &ContentReport) -> String {
    let ContentReport { events, epochs, unknown_kinds, unknown_members, .. } = *content;
    let mut text = format!(
        "{}, {}",
        counted(events, ["event", "events"]),
        counted(epochs, ["epoch", "epochs"])
    );
    if unknown_kinds > 0 || unknown_members > 0 {
        text.push_str(&format!(
            "; {unknown_kinds} records of unknown kinds, {unknown_members} unknown members"
        ));
    }
    text
}

pub(super) fn value(stream: &StreamName, found: &StreamReport, anchor: Memory) -> Value {
    let findings: Vec<_> = found
        .findings
        .iter()
        .map(|finding| json!({ "verdict": name(finding.verdict()), "text": finding.to_string() }))
        .collect();
    json!({
        "stream": stream.as_str(),
        "size": found.size,
        "root": found.root.map(|root| root.to_string()),
        "last": found.last.map(|last| last.to_string()),
        "epochs": found.epochs,
        "recoveries": found.recoveries,
        "closed": found.closed,
        "acknowledged": found.acknowledged,
        "anchor": { "state": anchor.name(), "size": anchor.known().map(|known| known.size()) },
        "content": found.content.as_ref().map(content_value),
        "verdict": name(found.verdict()),
        "findings": findings,
    })
}

fn content_value(content: &ContentReport) -> Value {
    json!({
        "events": content.events,
        "epochs": content.epochs,
        "unknown_kinds": content.unknown_kinds,
        "unknown_members": content.unknown_members,
        "faults": content.faults,
    })
}
