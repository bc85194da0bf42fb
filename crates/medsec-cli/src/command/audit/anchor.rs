//! `medsec audit anchor`: the folder elsewhere that remembers checkpoints.

use clap::{Args, Subcommand};
use medsec_audit::{
    Action, AuditLog, Checkpoint, FolderAnchor, Known, Outcome, StreamName, Subject,
};
use serde_json::{Value, json};

use crate::anchor::{self, Memory};
use crate::audit::LogOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recording;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the anchor of the settings ready for the streams there are, and hand over their checkpoints.
    Init(Init),
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_ANCHOR_INIT)]
pub(crate) struct Init {}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "audit anchor init",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::Init(_) => init(session),
        }
    }
}

/// Makes the places of all streams. What is there stays: a place in which something was kept is not made anew, and one
/// that knows more than the log, or another history, ends the command.
fn init(session: &Session) -> Result<Report, Failure> {
    let log = LogOption::OWN.open(session)?;
    let Some(folder) = anchor::of(session)? else {
        return Err(Failure::new(Exit::Log, "the settings name no anchor; nothing was made").next(
            "set audit.anchor in config.toml to a folder on another disk, which must be there",
        ));
    };
    let (mut report, mut shown) = (Report::new(), Vec::<Value>::new());
    for stream in log.root().streams() {
        let known = anchor::recall(session, &log, stream)?;
        let here = log.checkpoint(stream)?;
        let checkpoint = here.as_ref().map(|here| &here.checkpoint);
        if let Some(known) = known.known() {
            check_continues(&log, stream, checkpoint, known)?;
        }
        let made = matches!(known, Memory::Unreachable);
        if made {
            make(&log, &folder, stream)?;
        }
        // Of a place that was made by a process that was killed, this makes sure.
        folder.prepare(&log.origin(stream))?;
        if let Some(here) = &here {
            folder.keep(&here.note)?;
        }
        let size = checkpoint.map(Checkpoint::size);
        let words = size.map_or_else(
            || "no checkpoint yet: run `medsec audit checkpoint`".to_owned(),
            |size| format!("keeps its checkpoint of {size} records"),
        );
        report = report.line(format!("{stream}: ready; {words}"));
        shown.push(json!({ "stream": stream.as_str(), "size": size, "made": made }));
    }
    Ok(report.field("streams", shown))
}

/// Makes the place of a stream, and records that: who finds the record knows that the anchor remembers nothing older,
/// also where somebody had taken the place away before.
fn make(log: &AuditLog, folder: &FolderAnchor, stream: &StreamName) -> Result<(), Failure> {
    let known: Vec<_> = log.known(stream)?.into_iter().collect();
    // First, because a stream that cannot be written should not be blessed.
    let writer = log.writer(stream, &recording::options()?, &known)?;
    let made = folder.prepare(&log.origin(stream));
    if made.is_ok() {
        let mut subject = Subject::default();
        subject.peer = Some(anchor::name()?);
        let event = recording::by_itself(Action::AnchorLag, Outcome::Success, subject)?;
        let _ = writer.append(&event)?;
    }
    writer.close()?;
    Ok(made?)
}

/// Whether the log's checkpoint continues what the anchor knows. Where another was kept beside it, the anchor would
/// vouch for both.
fn check_continues(
    log: &AuditLog,
    stream: &StreamName,
    here: Option<&Checkpoint>,
    known: &Known,
) -> Result<(), Failure> {
    let fork = |what: &str| {
        Failure::new(Exit::Fork, format!("the anchor knows {what} of `{stream}`; nothing was kept"))
            .next("run `medsec audit verify`; keep the log and the anchor as they are")
    };
    let here = here.filter(|here| here.size() >= known.size());
    let here = here.ok_or_else(|| fork("more records than the log's checkpoint"))?;
    if known.size() == 0 {
        return Ok(());
    }
    let proof = log.prove_growth(stream, known.size(), here.size())?;
    proof.verify(known.root(), here.root()).map_err(|_| fork("another history"))
}
