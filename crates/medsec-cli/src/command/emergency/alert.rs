//! Telling somebody of an emergency at once: the hook of the settings.
//!
//! A hook that fails stops nothing: a patient cannot wait for it. That it failed is told and recorded.

use std::fmt;

use medsec::EmergencyNote;
use medsec_policy::EmergencyRecord;
use serde_json::{Value, json};

use crate::audit::watch::Hook;
use crate::audit::when::{at, now};
use crate::custody::Custody;
use crate::report::Report;
use crate::session::Session;

/// How long the hook may take: somebody waits for it.
const LIMIT_SECONDS: u64 = 10;

/// What there is to tell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    Started,
    KeyUsed,
    Ended,
}

impl Event {
    const fn name(self) -> &'static str {
        match self {
            Self::Started => "emergency-started",
            Self::KeyUsed => "emergency-key-used",
            Self::Ended => "emergency-ended",
        }
    }
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Told {
    Done,
    NoHook,
    Failed(String),
}

/// Runs the hook, and records it if that fails.
pub(super) fn tell(
    session: &Session,
    custody: &Custody,
    record: &EmergencyRecord,
    event: Event,
) -> Told {
    let program =
        session.settings().ok().and_then(|settings| settings.emergency_hook.value.clone());
    let told = match program {
        None => return Told::NoHook,
        Some(program) => {
            let line = line(record, event).to_string();
            match Hook::new(&program, LIMIT_SECONDS).tell(&line, &session.interrupt) {
                Ok(()) => return Told::Done,
                Err(error) => error.to_string(),
            }
        }
    };
    match custody.note_emergency(Some(record), EmergencyNote::NobodyTold) {
        Ok(()) => Told::Failed(told),
        Err(_) => Told::Failed(format!("{told}, which could not be recorded either")),
    }
}

/// Identifiers, codes and times. Which patient it is about is not told.
fn line(record: &EmergencyRecord, event: Event) -> Value {
    let time = |seconds: u64| at(seconds.saturating_mul(1000)).to_string();
    json!({
        "medsec": env!("CARGO_PKG_VERSION"),
        "alert": event.name(),
        "raised": now().to_string(),
        "emergency": record.id.to_string(),
        "principal": record.initiator.as_str(),
        "reason": record.reason.to_string(),
        "dataset": record.scope.dataset().as_str(),
        "one_patient": record.scope.patient().is_some(),
        "opened": time(record.opened_at),
        "until": time(record.until),
    })
}

impl Told {
    /// Adds it to what a command says.
    pub(super) fn add(&self, report: Report) -> Report {
        report.line(self.to_string()).field(
            "alert",
            match self {
                Self::Done => "told",
                Self::NoHook => "no-hook",
                Self::Failed(_) => "failed",
            },
        )
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("the hook was told"),
            Self::NoHook => f.write_str(
                "nobody was told at once: emergency.hook is not set; tell who is on duty",
            ),
            Self::Failed(why) => {
                write!(f, "the hook {why}, and that is recorded; tell who is on duty")
            }
        }
    }
}
