//! One connection to the agent: one question at a time.

use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::agent::wire::{Answer, Request, Wait, read_frame, write_frame};
use crate::exit::Exit;
use crate::failure::Failure;

/// How long an answer may take: a slow disk, or a passphrase that costs much.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection. Once something went wrong on it, it is not used any more: what would come next might be the answer
/// to another question.
#[derive(Debug)]
pub(crate) struct Link(Mutex<Option<UnixStream>>);

/// There was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The agent has gone, or does not answer.
    Gone,
    /// It has as many connections as it takes.
    Busy,
}

impl Link {
    pub(crate) const fn new(stream: UnixStream) -> Self {
        Self(Mutex::new(Some(stream)))
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&self, request: &Request<'_>) -> Result<Answer, Lost> {
        let mut link = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = link.take().ok_or(Lost::Gone)?;
        let body = request.render().map_err(|_| Lost::Gone)?;
        // One that was turned away finds the answer there, though it could not ask.
        let asked = write_frame(&stream, &body, PATIENCE);
        let wait = Wait { first: Some(PATIENCE), rest: PATIENCE };
        let body = read_frame(&stream, wait).map_err(|_| Lost::Gone)?;
        let answer = Answer::parse(&body).map_err(|_| Lost::Gone)?;
        match (asked, answer) {
            (_, Answer::Busy) => Err(Lost::Busy),
            (Ok(()), answer) => {
                *link = Some(stream);
                Ok(answer)
            }
            (Err(_), _) => Err(Lost::Gone),
        }
    }
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Gone => {
                Self::new(Exit::Session, "the agent cannot be reached any more; nothing was done")
                    .next("`medsec status` tells whether it runs; log in again: `medsec login`")
            }
            Lost::Busy => Self::new(
                Exit::Session,
                "the agent serves as many commands as it can; nothing was done",
            )
            .next("try again when others have ended"),
        }
    }
}
