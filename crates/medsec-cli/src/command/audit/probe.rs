//! `medsec audit test`: writes a record to see that it can be.

use clap::Args;
use medsec_audit::{Action, Outcome, Subject};

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
    let writer = writer(session, &log, &stream)?;
    let put_aside = writer.resumed().put_aside;
    let appended = writer.append(&event)?;
    let (seq, leaf) = (appended.seq(), appended.leaf());
    let mut report = Report::new().line(format!("{stream}: record {seq} is durable"));
    if put_aside > 0 {
        report = report.line(format!(
            "{stream}: {put_aside} bytes of an interrupted batch were put aside before it"
        ));
    }
    let report = report
        .field("stream", stream.as_str())
        .field("seq", seq)
        .field("leaf", leaf.to_string())
        .field("put_aside", put_aside);
    Ok(close(writer, report))
}
