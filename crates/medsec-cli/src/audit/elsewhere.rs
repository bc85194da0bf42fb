//! What is known of a stream elsewhere: beside it, and by the anchor of the settings.

use medsec_audit::{AuditLog, Event, Known, StreamName};

use crate::anchor::{self, Memory};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recording;
use crate::session::Session;

/// Whether the anchor of the settings is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// It is the log's own.
    Own,
    /// Of the log of somebody else it need not know.
    Foreign,
    /// It is not.
    No,
}

impl Ask {
    /// Of the log of the settings, or another one.
    pub(crate) const fn of(own: bool) -> Self {
        if own { Self::Own } else { Self::Foreign }
    }
}

/// Checkpoints of one stream, and what the anchor said.
#[derive(Clone, Debug)]
pub(crate) struct Elsewhere {
    pub(crate) known: Vec<Known>,
    /// None where the anchor has something that is no checkpoint of this stream.
    pub(crate) anchor: Option<Memory>,
}

impl Elsewhere {
    /// The checkpoint beside the stream, and the newest one of the anchor.
    ///
    /// # Errors
    /// One of them is no good.
    pub(crate) fn ask(
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
        ask: Ask,
    ) -> Result<Self, Failure> {
        let (found, faults) = Self::gather(session, log, stream, ask);
        faults.into_iter().next().map_or(Ok(found), Err)
    }

    /// As [`Self::ask`]; what is no good is told beside the rest.
    pub(crate) fn gather(
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
        ask: Ask,
    ) -> (Self, Vec<Failure>) {
        let (mut known, mut faults) = (Vec::new(), Vec::new());
        match log.known(stream) {
            Ok(beside) => known.extend(beside),
            Err(error) => faults.push(error.into()),
        }
        let asked = match ask {
            Ask::No => Ok(Memory::NoAnchor),
            Ask::Own | Ask::Foreign => anchor::recall(session, log, stream),
        };
        let anchor = match asked {
            Ok(Memory::Nothing | Memory::Unreachable) if ask == Ask::Foreign => {
                Some(Memory::NoAnchor)
            }
            Ok(memory) => Some(memory),
            Err(failure) => {
                faults.push(failure);
                None
            }
        };
        known.extend(anchor.as_ref().and_then(Memory::known).cloned());
        (Self { known, anchor }, faults)
    }

    /// Refuses where there is an anchor that says nothing although it should: it cannot be asked, or has lost what
    /// was anchored. What is given up without it may be what it would have told of.
    pub(crate) fn insist(self) -> Result<Self, Failure> {
        let what = match self.anchor {
            Some(Memory::Unreachable) => {
                "the anchor is not there or cannot be used; nothing was done"
            }
            Some(Memory::Nothing) if !self.known.is_empty() => {
                "the stream has a checkpoint, and the anchor knows none; nothing was done"
            }
            _ => return Ok(self),
        };
        Err(Failure::new(Exit::Log, what).next(
            "bring the anchor back and try again; if it is lost for good, give --without-anchor",
        ))
    }

    /// The record that the anchor could not be asked, where that is so.
    pub(crate) fn lag(&self) -> Result<Option<Event>, Failure> {
        let unreachable = matches!(self.anchor, Some(Memory::Unreachable));
        unreachable.then(recording::anchor_lag).transpose()
    }
}
