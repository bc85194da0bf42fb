//! Reading streams of the log, and what it means where one cannot be read.

use std::io;

use medsec_audit::{AuditLog, Batches, MarkError, StreamName, StreamReader};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// The next batches of a stream. One without a mark, such as a copy, is read up to its newest checkpoint, which is told:
/// nothing is signed beyond what is durable, and behind it a writer may be at work.
pub(crate) fn next(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    reader: &mut StreamReader,
) -> Result<Option<Batches>, Failure> {
    let error = match reader.read() {
        Ok(batches) => return Ok(batches),
        Err(error) => error,
    };
    let known = match MarkError::of(&error) {
        Some(MarkError::Missing) => log.known(stream)?,
        _ => None,
    };
    let size = known.ok_or_else(|| unreadable(&error))?.size();
    let what = "has no mark of what was acknowledged, and is read up to its newest checkpoint";
    output::note(session, &format!("{stream} {what}, of {size} records"));
    *reader = reader.clone().up_to(size);
    reader.read().map_err(|error| unreadable(&error))
}

/// Why a stream cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Failure {
    match (MarkError::of(error), error.kind()) {
        (Some(MarkError::Missing), _) => {
            let what = "a stream has neither a mark of what was acknowledged nor a checkpoint";
            Failure::new(Exit::Log, format!("{what}: how far it may be read is not known")).next(
                "bring its file `hwm` or `checkpoint` back; `medsec audit repair` goes on without",
            )
        }
        (Some(_), _) => {
            let what = "a stream's mark of what was acknowledged is damaged; nothing was read";
            Failure::new(Exit::Tampered, what).next(
                "keep a copy of the files; then `medsec audit verify` and `medsec audit repair`",
            )
        }
        (None, io::ErrorKind::InvalidData) => malformed(),
        (None, io::ErrorKind::Interrupted) => Failure::interrupted(),
        (None, _) => Failure::io("the audit log cannot be read", error),
    }
}

/// What stands there is no log.
pub(crate) fn malformed() -> Failure {
    Failure::new(Exit::Tampered, "the audit log is malformed here; nothing behind it was read")
        .next("run `medsec audit verify`, which names the first bad record")
}
