//! How old each stream's newest record and checkpoint are.

use std::fs;
use std::time::{Duration, SystemTime};

use medsec_audit::{AuditLog, LogTime, StreamName};

use crate::doctor::Finding;
use crate::failure::Failure;

/// Days after which records should stand behind a checkpoint.
const CHECKPOINT_DAYS: u64 = 7;
/// Days without any record after which nobody knows whether the log works.
const STALE_DAYS: u64 = 30;
const DAY: u64 = 86_400;

pub(super) fn judge(log: &AuditLog) -> Vec<Finding> {
    log.root().streams().flat_map(|stream| [newest(log, stream), checkpoint(log, stream)]).collect()
}

fn newest(log: &AuditLog, stream: &StreamName) -> Finding {
    const CHECK: &str = "newest record";
    match last(log, stream) {
        Some(Newest { time, .. }) => {
            let now = LogTime::from(SystemTime::now());
            let age = Duration::from_millis(now.unix_millis().saturating_sub(time.unix_millis()));
            match age.as_secs().checked_div(DAY).unwrap_or(0) {
                days if days >= STALE_DAYS => Finding::warning(
                    CHECK,
                    format!("that of `{stream}` is {days} days old: the log was stopped, or cut"),
                    "run `medsec audit verify` and `medsec audit test`",
                ),
                days => Finding::good(CHECK, format!("that of `{stream}` is {days} days old")),
            }
        }
        None => Finding::problem(
            CHECK,
            format!("`{stream}` has none that could be read"),
            "run `medsec audit verify`; keep the files as they are",
        ),
    }
}

fn checkpoint(log: &AuditLog, stream: &StreamName) -> Finding {
    const CHECK: &str = "checkpoint";
    let size = match log.checkpoint(stream) {
        Ok(Some(published)) => published.checkpoint.size(),
        Ok(None) => {
            return Finding::warning(
                CHECK,
                format!("`{stream}` has none"),
                "run `medsec audit checkpoint`, and find out who removed the one that was there",
            );
        }
        Err(error) => {
            let failure = Failure::from(error);
            let message = format!("that of `{stream}`: {}", failure.message);
            return Finding::problem(CHECK, message, failure.next.unwrap_or_default());
        }
    };
    let found = last(log, stream).map_or(0, |newest| newest.size);
    let behind = found.saturating_sub(size);
    match days_since_made(log, stream) {
        Some(days) if days >= CHECKPOINT_DAYS && behind > 0 => Finding::warning(
            CHECK,
            format!("that of `{stream}` is {days} days old, and {behind} records came later"),
            "run `medsec audit checkpoint`, best every hour",
        ),
        _ => Finding::good(CHECK, format!("of {size} records of `{stream}`, {behind} came later")),
    }
}

/// A checkpoint has no time in it; its file has.
fn days_since_made(log: &AuditLog, stream: &StreamName) -> Option<u64> {
    let path = log.stream_folder(stream).join("checkpoint");
    let made = fs::metadata(path).and_then(|about| about.modified()).ok()?;
    SystemTime::now().duration_since(made).ok()?.as_secs().checked_div(DAY)
}

struct Newest {
    size: u64,
    time: LogTime,
}

/// The last record that was acknowledged, as the lines have it. Nothing is verified: that takes as long as the log
/// is large.
fn last(log: &AuditLog, stream: &StreamName) -> Option<Newest> {
    let mut reader = log.reader(stream, u64::MAX).ok()?;
    let mut newest = None;
    while let Some(batches) = reader.read().ok()? {
        let lines = batches.lines().ok()?;
        let time = lines.records().last().map(|record| record.head.position.ts);
        newest = time.map(|time| Newest { size: lines.size(), time }).or(newest);
    }
    newest
}
