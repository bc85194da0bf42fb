//! Writing records into the audit log from one command: open, append, close.

use medsec_audit::{
    Action, Actor, AuditLog, Event, Failure as Cause, HostId, Known, Origin, Outcome, Phase, Place,
    ProcessName, StreamName, StreamWriter, Subject, WriterOptions,
};

use crate::anchor::{self, Memory};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::Report;
use crate::session::Session;

/// What the name of a machine is where it has none that can be recorded.
const NO_HOST: &str = "unknown";

/// This process on this machine.
pub(crate) fn place() -> Result<Place, Failure> {
    let unfit = |error: medsec_audit::InvalidValue| Failure::new(Exit::Failure, error.to_string());
    Ok(Place {
        host: HostId::new(&host()).or_else(|_| HostId::new(NO_HOST)).map_err(unfit)?,
        process: ProcessName::new("medsec").map_err(unfit)?,
        pid: Some(std::process::id()),
        origin: Origin::Local,
    })
}

/// The machine's name in the characters that records have.
#[cfg(unix)]
fn host() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let name = name.chars().map(|c| if fits(c) { c } else { '-' });
    name.take(HostId::MAX_LEN).collect()
}

#[cfg(not(unix))]
fn host() -> String {
    NO_HOST.to_owned()
}

/// What is known of a stream elsewhere, and what became of the anchor.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub(crate) known: Vec<Known>,
    anchor: Memory,
}

impl Elsewhere {
    /// The checkpoint beside the stream, and the newest one of the anchor.
    pub(crate) fn ask(
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
    ) -> Result<Self, Failure> {
        let anchor = anchor::recall(session, log, stream)?;
        let known = log.known(stream)?.into_iter().chain(anchor.known()).collect();
        Ok(Self { known, anchor })
    }

    /// The checkpoint beside the stream only.
    pub(crate) fn beside(log: &AuditLog, stream: &StreamName) -> Result<Self, Failure> {
        Ok(Self { known: log.known(stream)?.into_iter().collect(), anchor: Memory::NoAnchor })
    }

    /// Refuses where there is an anchor that says nothing although it should: it cannot be asked, or has lost what
    /// was anchored. What is given up without it may be what it would have told of.
    pub(crate) fn insist(self) -> Result<Self, Failure> {
        let what = match self.anchor {
            Memory::Unreachable => "the anchor is not there or cannot be used; nothing was done",
            Memory::Nothing if !self.known.is_empty() => {
                "the stream has a checkpoint, and the anchor knows none; nothing was done"
            }
            Memory::Nothing | Memory::NoAnchor | Memory::Checkpoint(_) => return Ok(self),
        };
        Err(Failure::new(Exit::Log, what).next(
            "bring the anchor back and try again; if it is lost for good, give --without-anchor",
        ))
    }

    /// The record that the anchor could not be asked, where that is so.
    fn lag(&self) -> Result<Option<Event>, Failure> {
        let lag = || {
            let outcome = Outcome::Failure(Cause::Unreachable);
            let mut subject = Subject::default();
            subject.peer = Some(anchor::name()?);
            by_itself(Action::AnchorLag, outcome, subject)
        };
        matches!(self.anchor, Memory::Unreachable).then(lag).transpose()
    }
}

/// An event of the program itself, here and now.
pub(crate) fn by_itself(
    action: Action,
    outcome: Outcome,
    subject: Subject,
) -> Result<Event, Failure> {
    Ok(Event {
        actor: Actor::System,
        action,
        phase: Phase::Single { request: None, outcome },
        subject,
        purpose: None,
        place: place()?,
        ruling: None,
        session: None,
    })
}

/// How a writer of this process works.
pub(crate) fn options() -> Result<WriterOptions, Failure> {
    Ok(WriterOptions::new(place()?))
}

/// Becomes the writer of a stream, which must continue what is known of it elsewhere. Where the anchor cannot be
/// asked, that is told and recorded.
pub(crate) fn writer(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
) -> Result<StreamWriter, Failure> {
    let elsewhere = Elsewhere::ask(session, log, stream)?;
    let writer = log.writer(stream, &options()?, &elsewhere.known)?;
    if let Some(lag) = elsewhere.lag()? {
        output::note(
            session,
            "the anchor cannot be asked: whether the end of the log was cut is not known",
        );
        let _ = writer.append(&lag)?;
    }
    Ok(writer)
}

/// Closes a stream behind what was recorded. Where that fails, the records are there nevertheless: the result is
/// told, and the program ends with [`Exit::Unfinished`].
pub(crate) fn close(writer: StreamWriter, mut report: Report) -> Report {
    let Err(error) = writer.close() else { return report };
    report.failed = Some(Exit::Unfinished);
    report
        .line(format!("this is recorded, but the stream could not be closed in order: {error}"))
        .line("do not repeat it; next: medsec audit verify")
        .field("closed", false)
}
