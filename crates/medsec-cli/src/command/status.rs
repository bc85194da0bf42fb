//! `medsec status`.

use std::time::{Duration, SystemTime};

use clap::Args;
use medsec_audit::LogTime;
use medsec_policy::Factors;

use crate::agent::Place;
use crate::agent::client::{ask_first, unasked};
use crate::agent::wire::{Answer, Held, Request, Status};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::STATUS)]
pub(crate) struct Options {}

pub(crate) fn run(session: &Session, _: &Options) -> Result<Report, Failure> {
    let Some((_, answer)) = ask_first(&Place::of(session)?, &Request::Status)? else {
        return Err(nobody("nobody is logged in, and no agent runs"));
    };
    match answer {
        Answer::Status(status) if status.session.is_some() => Ok(report(&status, "logged in")),
        Answer::Status(_) => Err(nobody("nobody is logged in; the agent runs")),
        answer => Err(unasked(answer)),
    }
}

fn nobody(message: &str) -> Failure {
    Failure::new(Exit::Session, message).next("log in: `medsec login`")
}

/// Who is logged in, and for how long.
pub(super) fn report(status: &Status, what: &str) -> Report {
    let Status { session, records, pid, connections, .. } = status;
    let report = Report::new()
        .field("records", *records)
        .field("pid", *pid)
        .field("connections", *connections);
    let Some(Held { who, age, idle_left, absolute_left }) = session else { return report };
    let since = SystemTime::now().checked_sub(*age).map(LogTime::from);
    let since = since.map(|since| since.to_string()).unwrap_or_default();
    let factors = if who.principal.factors == Factors::Two { 2 } else { 1 };
    report
        .line(format!("{what}: {} since {since}", who.principal.id))
        .line(format!(
            "ends after {} without use, and in {} in any case",
            minutes(*idle_left),
            minutes(*absolute_left)
        ))
        .line(format!("the agent ({pid}) writes the audit log: {records} records"))
        .field("user", who.principal.id.as_str())
        .field("session", who.session.to_string())
        .field("since", since)
        .field("factors", factors)
        .field("authenticated_seconds_ago", who.authentication_age.as_secs())
        .field("idle_left_seconds", idle_left.as_secs())
        .field("absolute_left_seconds", absolute_left.as_secs())
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds.checked_div(60), seconds.checked_rem(60)) {
        (Some(minutes), Some(rest)) if minutes > 0 => format!("{minutes} min {rest} s"),
        _ => format!("{seconds} s"),
    }
}
