//! Writing records into the audit log from one command: open, append, close.

use medsec_audit::{
    Action, Actor, AuditLog, Event, Failure as Cause, HostId, OpenWriterError, Origin, Outcome,
    Phase, Place, ProcessName, StreamName, StreamWriter, Subject, WriterOptions,
};

use crate::anchor;
use crate::audit::elsewhere::{Ask, Elsewhere};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::Report;
use crate::session::Session;

/// What the name of a machine is where it has none that can be recorded.
const NO_HOST: &str = "unknown";

/// This process on this machine.
pub(crate) fn place() -> Result<Place, Failure> {
    let unfit = |error: medsec_audit::InvalidValue| {
        Failure::new(Exit::Failure, error.to_string())
            .next("see whether the machine has a name of at most 128 letters, digits, `.` and `-`")
    };
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

/// The event that the anchor could not be asked.
pub(crate) fn anchor_lag() -> Result<Event, Failure> {
    let mut subject = Subject::default();
    subject.peer = Some(anchor::name()?);
    by_itself(Action::AnchorLag, Outcome::Failure(Cause::Unreachable), subject)
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

/// Becomes the writer of a stream, as a command that ends soon. An agent that has it is named.
pub(crate) fn writer(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
) -> Result<StreamWriter, Failure> {
    let opened = stream_writer(session, log, stream)?;
    opened.map_err(|error| match error {
        #[cfg(unix)]
        OpenWriterError::Busy if crate::agent::is_running(session) => Failure::new(
            Exit::Log,
            "the agent of this home writes the audit log; nothing was recorded",
        )
        .next("leave --identity, --no-agent and MEDSEC_AGENT=off away, so that the agent does it; or run `medsec logout` first"),
        error => error.into(),
    })
}

/// Becomes the writer of a stream, which must continue what is known of it elsewhere. Where the anchor cannot be
/// asked, that is told and recorded.
pub(crate) fn stream_writer(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
) -> Result<Result<StreamWriter, OpenWriterError>, Failure> {
    let elsewhere = Elsewhere::ask(session, log, stream, Ask::Own)?;
    let writer = match log.writer(stream, &options()?, &elsewhere.known) {
        Ok(writer) => writer,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(lag) = elsewhere.lag()? {
        output::note(
            session,
            "the anchor cannot be asked: whether the end of the log was cut is not known",
        );
        let _ = writer.append(&lag)?;
    }
    Ok(Ok(writer))
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
