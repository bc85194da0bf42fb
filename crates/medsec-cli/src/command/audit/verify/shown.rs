//! What a verification came to, for people and programs.

use medsec_audit::{ContentReport, StreamReport};
use serde_json::{Value, json};

use crate::anchor::Memory;
use crate::audit::check::{CheckedStream, name, next};
use crate::failure::Failure;
use crate::units::counted;

pub(super) fn lines(checked: &CheckedStream) -> Vec<String> {
    let stream = &checked.stream;
    let mut lines = Vec::new();
    if let Some(found) = &checked.report {
        lines.extend(sizes(found, checked.anchor.as_ref()));
        for finding in &found.findings {
            lines.push(format!("{}: {finding}", name(finding.verdict())));
            lines.push(format!("next: {}", next(finding)));
        }
    }
    for Failure { exit, message, next } in &checked.faults {
        lines.push(format!("{}: {message}", exit.name()));
        lines.extend(next.as_ref().map(|next| format!("next: {next}")));
    }
    lines.iter().map(|line| format!("{stream}: {line}")).collect()
}

fn sizes(found: &StreamReport, anchor: Option<&Memory>) -> Vec<String> {
    let end = if found.closed { "ended in order" } else { "open" };
    let last = found.last.map_or_else(|| "none".to_owned(), |last| last.to_string());
    let size = found.size;
    let mut lines = vec![format!("{size} records, the newest of {last}, {end}")];
    if found.recoveries > 0 {
        lines.push(format!("interrupted batches were put aside {} times", found.recoveries));
    }
    lines.extend(anchor.and_then(|anchor| anchored(anchor, size)));
    lines.extend(found.content.as_ref().map(counts));
    lines
}

/// How much of the stream the anchor vouches for; nothing where there is none.
fn anchored(anchor: &Memory, size: u64) -> Option<String> {
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

pub(super) fn value(checked: &CheckedStream) -> Value {
    let found = checked.report.as_ref();
    let findings = found.iter().flat_map(|found| &found.findings).map(|finding| {
        let (verdict, text) = (name(finding.verdict()), finding.to_string());
        json!({ "verdict": verdict, "text": text, "next": next(finding) })
    });
    let faults = checked.faults.iter().map(|fault| {
        let Failure { exit, message, next } = fault;
        json!({ "code": exit.name(), "message": message, "next": next })
    });
    let anchor = checked.anchor.as_ref();
    let known = anchor.and_then(Memory::known).map(medsec_audit::Known::size);
    json!({
        "stream": checked.stream.as_str(),
        "size": found.map(|found| found.size),
        "root": found.and_then(|found| found.root).map(|root| root.to_string()),
        "last": found.and_then(|found| found.last).map(|last| last.to_string()),
        "epochs": found.map(|found| found.epochs),
        "recoveries": found.map(|found| found.recoveries),
        "closed": found.map(|found| found.closed),
        "acknowledged": found.and_then(|found| found.acknowledged),
        "anchor": { "state": anchor.map_or("unusable", Memory::name), "size": known },
        "content": found.and_then(|found| found.content.as_ref()).map(content_value),
        "verdict": checked.name(),
        "findings": findings.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
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
