//! `medsec emergency status`: what is open, and which reviews are due. Needs no private key and changes nothing.

use clap::Args;
use medsec::{BookEntry, BookError};
use medsec_audit::LogTime;
use medsec_policy::EmergencyPhase;
use serde_json::{Value, json};

use crate::audit::when::at;
use crate::custody::{InForce, book};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own::open_store;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_STATUS)]
pub(crate) struct Options {}

pub(crate) fn run(session: &Session) -> Result<Report, Failure> {
    let in_force = InForce::load(session, &open_store(session)?)?;
    let entries = book(session, &in_force)?.entries()?;
    let mut report = Report::new();
    let (mut values, mut bad) = (Vec::new(), 0_usize);
    for entry in &entries {
        report = report.line(line(entry));
        values.push(value(entry));
        let is_bad = entry.as_ref().map_or(true, |entry| entry.is_overdue);
        bad = bad.saturating_add(usize::from(is_bad));
    }
    if entries.is_empty() {
        report = report.line("no emergency is open, and no review is due");
    }
    if bad > 0 {
        report.failed = Some(Exit::Failure);
    }
    Ok(report.field("emergencies", Value::Array(values)).field("overdue", bad))
}

fn line(entry: &Result<BookEntry, BookError>) -> String {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return format!("a record cannot be read and covers nothing: {error}"),
    };
    let record = &entry.record;
    let (id, who, reason) = (record.id, &record.initiator, record.reason);
    let dataset = record.scope.dataset();
    let head = format!("{id}: `{who}`, {reason}, data set `{dataset}`");
    match &record.phase {
        EmergencyPhase::Open => format!("{head}: open until {}", seconds(record.until)),
        EmergencyPhase::Ended { how, at } => {
            let due =
                entry.review_due.map_or_else(String::new, |due| LogTime::from(due).to_string());
            let state = if entry.is_overdue { "OVERDUE since" } else { "due until" };
            format!("{head}: ended {} ({how}), review {state} {due}", seconds(*at))
        }
        EmergencyPhase::Reviewed { review, .. } => format!("{head}: reviewed by `{}`", review.by),
    }
}

fn value(entry: &Result<BookEntry, BookError>) -> Value {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return json!({ "state": "unreadable", "message": error.to_string() }),
    };
    let record = &entry.record;
    let (state, how, ended) = match &record.phase {
        EmergencyPhase::Open => ("open", None, None),
        EmergencyPhase::Ended { how, at } => ("ended", Some(*how), Some(*at)),
        EmergencyPhase::Reviewed { how, at, .. } => ("reviewed", Some(*how), Some(*at)),
    };
    json!({
        "emergency": record.id.to_string(),
        "who": record.initiator.as_str(),
        "reason": record.reason.to_string(),
        "dataset": record.scope.dataset().as_str(),
        "one_patient": record.scope.patient().is_some(),
        "participants": record.participants.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "state": state,
        "opened": seconds(record.opened_at),
        "until": seconds(record.until),
        "how": how.map(|how| how.to_string()),
        "ended": ended.map(seconds),
        "review_due": entry.review_due.map(|due| LogTime::from(due).to_string()),
        "overdue": entry.is_overdue,
    })
}

fn seconds(seconds: u64) -> String {
    at(seconds.saturating_mul(1000)).to_string()
}
