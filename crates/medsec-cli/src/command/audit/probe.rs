//! `medsec audit test`: writes a record to see that it can be; through the agent where one writes the stream.

use clap::Args;
use medsec::Journal as _;
use medsec_audit::{Action, Hash, Outcome, StreamName, Subject};

#[cfg(unix)]
use crate::agent;
use crate::audit::{LogOption, StreamOption};
use crate::failure::Failure;
use crate::recording::{by_itself, close, writer};
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_TEST)]
pub(crate) struct Options {
    #[command(flatten)]
    stream: StreamOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let log = LogOption::OWN.open(session)?;
    let stream = options.stream.one(&log)?;
    let event = by_itself(Action::Test, Outcome::Success, Subject::default())?;
    #[cfg(unix)]
    if agent::wanted(session)? == agent::Wanted::Yes
        && stream == session.settings()?.audit_stream.value
        && let Some(journal) = agent::journal(session)
    {
        let recorded = journal.append(&[event])?;
        let recorded = recorded.first().ok_or(medsec::JournalError::Unreachable)?;
        return Ok(report(&stream, recorded.seq, &recorded.leaf, 0));
    }
    let writer = writer(session, &log, &stream)?;
    let put_aside = writer.resumed().put_aside;
    let appended = writer.append(&event)?;
    let report = report(&stream, appended.seq(), appended.leaf(), put_aside);
    Ok(close(writer, report))
}

fn report(stream: &StreamName, seq: u64, leaf: &Hash, put_aside: u64) -> Report {
    let mut report = Report::new().line(format!("{stream}: record {seq} is durable"));
    if put_aside > 0 {
        report = report.line(format!(
            "{stream}: {put_aside} bytes of an interrupted batch were put aside before it"
        ));
    }
    report
        .field("stream", stream.as_str())
        .field("seq", seq)
        .field("leaf", leaf.to_string())
        .field("put_aside", put_aside)
}
