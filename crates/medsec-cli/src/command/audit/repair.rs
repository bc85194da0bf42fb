//! `medsec audit repair` and `medsec audit rekey`: let a stream go on that refuses to.

use clap::Args;
use medsec_audit::{AuditLog, StreamName, StreamWriter};

use crate::audit::LogOption;
use crate::audit::check::{Manner, name, verify};
use crate::audit::elsewhere::{Ask, Elsewhere};
use crate::failure::Failure;
use crate::log_key::LogKeyOption;
use crate::recording::{close, options};
use crate::report::Report;
use crate::session::Session;
use crate::units::counted;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_REPAIR)]
pub(crate) struct Repair {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_REKEY)]
pub(crate) struct Rekey {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    key: LogKeyOption,
}

#[derive(Debug, Args)]
struct Which {
    /// The stream.
    #[arg(value_name = "STREAM")]
    stream: StreamName,
    /// The stream's name again: what is given up is not to be had back.
    #[arg(long, value_name = "STREAM")]
    confirm: StreamName,
    /// Do not ask the anchor, because it is lost: what it would have known is given up unseen.
    #[arg(long)]
    without_anchor: bool,
}

impl Which {
    fn stream(&self) -> Result<&StreamName, Failure> {
        let same = self.stream == self.confirm;
        same.then_some(&self.stream).ok_or_else(|| {
            Failure::usage("--confirm does not repeat the name of the stream; nothing was done")
                .next("give the same name twice, after a copy of the log's folder was made")
        })
    }
}

impl Which {
    /// What the stream must continue.
    fn elsewhere(&self, session: &Session, log: &AuditLog) -> Result<Elsewhere, Failure> {
        match self.without_anchor {
            true => Elsewhere::ask(session, log, &self.stream, Ask::No),
            false => Elsewhere::ask(session, log, &self.stream, Ask::Own)?.insist(),
        }
    }
}

impl Repair {
    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let stream = self.which.stream()?;
        let log = LogOption::OWN.open(session)?;
        let elsewhere = self.which.elsewhere(session, &log)?;
        let before = Before::of(session, &log, stream)?;
        let writer = log.repair(stream, &options()?, &elsewhere.known)?;
        conclude(stream, &before, writer, Report::new())
    }
}

impl Rekey {
    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let stream = self.which.stream()?;
        let log = LogOption::OWN.open(session)?;
        let elsewhere = self.which.elsewhere(session, &log)?;
        let signer = self.key.load(session, log.pin())?;
        let before = Before::of(session, &log, stream)?;
        let writer = log.rekey(stream, &options()?, &elsewhere.known, &signer)?;
        let told = format!("{stream}: the log key vouches for a new epoch key");
        let report = Report::new().line(told).field("rekeyed", true);
        conclude(stream, &before, writer, report)
    }
}

/// The stream as it was found.
struct Before {
    verdict: &'static str,
}

impl Before {
    fn of(session: &Session, log: &AuditLog, stream: &StreamName) -> Result<Self, Failure> {
        let manner = Manner::new(Ask::No);
        let found = verify(session, log, stream, &[], &manner)?.report;
        Ok(Self { verdict: name(found.verdict()) })
    }
}

/// Ends the stream in order, and says what it lost.
fn conclude(
    stream: &StreamName,
    before: &Before,
    writer: StreamWriter,
    report: Report,
) -> Result<Report, Failure> {
    let resumed = writer.resumed();
    let (size, lost, aside) = (resumed.size, resumed.lost, resumed.put_aside);
    let mut report =
        report.line(format!("{stream}: was {}; {size} records were kept", before.verdict));
    report = match lost {
        0 => report.line(format!("{stream}: no acknowledged record is known to be lost")),
        _ => report.line(format!(
            "{stream}: {} lost: {size} to {}; every later verification tells so",
            counted(lost, ["acknowledged record is", "acknowledged records are"]),
            size.saturating_add(lost).saturating_sub(1),
        )),
    };
    if aside > 0 {
        report = report.line(format!(
            "{stream}: {aside} bytes behind the last good commit were moved to `quarantine`"
        ));
    }
    let report = report
        .line("next: medsec audit verify")
        .field("stream", stream.as_str())
        .field("was", before.verdict)
        .field("kept", size)
        .field("lost", lost)
        .field("put_aside", aside);
    Ok(close(writer, report))
}
