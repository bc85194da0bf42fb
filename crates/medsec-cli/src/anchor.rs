//! The folder elsewhere that remembers checkpoints of the audit log.

use std::path::Path;

use medsec_audit::{AuditLog, FolderAnchor, Known, Note, OutsideError, PeerName, StreamName};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

/// What records call it.
const NAME: &str = "folder";

/// What the anchor knows of a stream.
#[derive(Clone, Debug)]
pub(crate) enum Memory {
    /// The settings name no anchor.
    NoAnchor,
    /// It could not be asked.
    Unreachable,
    /// It knows no checkpoint of the stream.
    Nothing,
    /// The newest one, verified.
    Checkpoint(Known),
}

impl Memory {
    /// The checkpoint, if there is one.
    pub(crate) const fn known(&self) -> Option<&Known> {
        match self {
            Self::Checkpoint(known) => Some(known),
            Self::NoAnchor | Self::Unreachable | Self::Nothing => None,
        }
    }

    /// For programs.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::NoAnchor => "none",
            Self::Unreachable => "unreachable",
            Self::Nothing => "nothing",
            Self::Checkpoint(_) => "checkpoint",
        }
    }
}

/// The name under which the anchor is recorded.
pub(crate) fn name() -> Result<PeerName, Failure> {
    PeerName::new(NAME).map_err(|error| {
        Failure::new(Exit::Failure, error.to_string()).next("use another build of medsec")
    })
}

/// The anchor in a folder.
pub(crate) fn at(folder: &Path) -> Result<FolderAnchor, Failure> {
    Ok(FolderAnchor::new(name()?, folder))
}

/// The anchor of the settings, if they name one.
pub(crate) fn of(session: &Session) -> Result<Option<FolderAnchor>, Failure> {
    let folder = session.any_settings()?.and_then(|settings| settings.audit_anchor.value.as_ref());
    folder.map(|folder| at(folder)).transpose()
}

/// Asks the anchor of the settings what it knows of a stream. That it cannot be asked is no error.
pub(crate) fn recall(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
) -> Result<Memory, Failure> {
    let Some(anchor) = of(session)? else { return Ok(Memory::NoAnchor) };
    match anchor.newest(&log.origin(stream)) {
        Err(error) if error.is_retryable() => Ok(Memory::Unreachable),
        Err(error) => Err(error.into()),
        Ok(None) => Ok(Memory::Nothing),
        Ok(Some(bytes)) => {
            let published = log.open_checkpoint(stream, &bytes).map_err(|_| {
                let what = "the anchor's newest checkpoint is not one that this log's key signed";
                Failure::new(Exit::Fork, what).next("keep the log and the anchor as they are")
            })?;
            Ok(Memory::Checkpoint(Known::from(&published.checkpoint)))
        }
    }
}

/// Makes the anchor of the settings ready for a stream that the log is about to get. An anchor that does not have the
/// folders of the streams there are is not mounted, or not the log's: nothing is made there.
pub(crate) fn prepare(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
) -> Result<(), Failure> {
    let Some(anchor) = of(session)? else { return Ok(()) };
    for known in log.root().streams() {
        anchor.newest(&log.origin(known))?;
    }
    Ok(anchor.prepare(&log.origin(stream))?)
}

/// Hands a checkpoint to the anchor of the settings; whether there is one.
pub(crate) fn keep(session: &Session, checkpoint: &Note) -> Result<bool, Failure> {
    let Some(anchor) = of(session)? else { return Ok(false) };
    anchor.keep(checkpoint)?;
    Ok(true)
}

impl From<OutsideError> for Failure {
    fn from(error: OutsideError) -> Self {
        match error {
            OutsideError::Unreachable(_) => {
                Self::new(Exit::Io, "the anchor is not there or cannot be used")
                    .next("see that its disk is mounted and its folder can be written, and try again; where the folder of a stream is gone, find out who removed it")
            }
            OutsideError::Fork => Self::new(
                Exit::Fork,
                "the anchor holds another history of this log",
            )
            .next("keep the log and the anchor as they are: one of the two was forged or put back"),
            error => Self::new(Exit::Log, format!("the anchor: {error}"))
                .next("`medsec config show` tells which folder it is: see what lies there"),
        }
    }
}
