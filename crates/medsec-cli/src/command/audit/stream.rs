//! `medsec audit stream`: the streams of the log.

use clap::{Args, Subcommand};
use medsec_audit::{AuditLog, CreateLogError, Retention, StreamName, SystemClock};
use medsec_crypto::{Existing, OutputOptions};
use serde_json::{Value, json};

use crate::anchor;
use crate::audit::LogOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log_key::LogKeyOption;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a stream: one for every service that writes on its own. The log has a new pin then.
    Add(Add),
    /// List the streams.
    List(List),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_STREAM_ADD)]
pub(crate) struct Add {
    /// Name of the stream: 1 to 32 of a-z, 0-9 and `-`.
    #[arg(value_name = "NAME")]
    stream: StreamName,
    #[command(flatten)]
    key: LogKeyOption,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_STREAM_LIST)]
pub(crate) struct List {
    #[command(flatten)]
    log: LogOption,
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "audit stream add",
            Self::List(_) => "audit stream list",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Add(add) => add.run(session),
            Self::List(list) => describe(&list.log.open(session)?),
        }
    }
}

impl Add {
    fn run(&self, session: &Session) -> Result<Report, Failure> {
        let mut log = LogOption::OWN.open(session)?;
        if log.root().genesis(&self.stream).is_some() {
            return Err(Failure::new(Exit::Output, "the log has a stream of this name already")
                .next("`medsec audit stream list` shows its streams"));
        }
        let signer = self.key.load(session, log.pin())?;
        anchor::prepare(session, &log, &self.stream)?;
        let before = log.pin().revision();
        let clock = SystemClock::default();
        let added = log.add_stream(&self.stream, Retention::SIX_YEARS, &signer, &clock);
        // Also where only the stream's first checkpoint is missing.
        if log.pin().revision() != before {
            write_pin(session, &log)?;
        }
        let anchored = match added {
            // Nothing was added.
            Err(error) if log.pin().revision() == before => return Err(told(error)),
            Err(error) => Err(told(error)),
            Ok(()) => self.anchor_first(session, &log),
        };
        let report = Report::new().line(format!("added stream `{}`", self.stream));
        let mut report = tell_pin(report, &log).field("stream", self.stream.as_str());
        // The stream is there, and so its new pin is told in any case.
        if let Err(failure) = anchored {
            report = report.line(failure.message).field("anchored", false);
            report = failure.next.into_iter().fold(report, Report::line);
            report.failed = Some(Exit::Unfinished);
        }
        Ok(report)
    }

    fn anchor_first(&self, session: &Session, log: &AuditLog) -> Result<(), Failure> {
        if let Some(published) = log.checkpoint(&self.stream)? {
            anchor::keep(session, &published.note)?;
        }
        Ok(())
    }
}

fn told(error: CreateLogError) -> Failure {
    match error {
        CreateLogError::Publish(error) => {
            let failure = Failure::from(*error);
            let message = format!("the stream is there, without a checkpoint: {}", failure.message);
            Failure { exit: Exit::Unfinished, message, ..failure }
                .next("`medsec audit checkpoint` makes it")
        }
        error => error.into(),
    }
}

/// Puts the log's new pin in the place of the old one.
fn write_pin(session: &Session, log: &AuditLog) -> Result<(), Failure> {
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    let path = &session.settings()?.audit_pin.value;
    medsec_crypto::write_file(path, log.pin().to_string().as_bytes(), options).map_err(|error| {
        let failure = Failure::from(error);
        let message = format!("the stream is there, but not the new pin: {}", failure.message);
        let revision = log.pin().revision();
        Failure { exit: Exit::Unfinished, message, ..failure }.next(format!(
            "the old pin still opens the log; write `revision: {revision}` as its last line"
        ))
    })
}

/// Shows the pin in full, with what to do with it.
pub(crate) fn tell_pin(report: Report, log: &AuditLog) -> Report {
    let pin = log.pin().to_string();
    let report = report.line("the pin of the audit log, with which anyone verifies it:").line("");
    let report = pin.lines().fold(report, |report, line| report.line(format!("  {line}")));
    report
        .line("")
        .line("keep a copy of it where whoever can write the log cannot write")
        .field("pin", pin)
}

fn describe(log: &AuditLog) -> Result<Report, Failure> {
    let (mut report, mut shown) = (Report::new(), Vec::<Value>::new());
    for stream in log.root().streams() {
        let published = log.checkpoint(stream)?.map(|published| published.checkpoint.size());
        let size = published.map_or_else(|| "none".to_owned(), |size| format!("{size} records"));
        report = report.line(format!("{stream}: newest checkpoint: {size}"));
        shown.push(json!({
            "stream": stream.as_str(),
            "origin": log.origin(stream).as_str(),
            "checkpoint": published,
        }));
    }
    Ok(report.field("streams", shown).field("revision", log.root().revision()))
}
