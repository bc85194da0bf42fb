//! One connection to the agent: one question at a time.

use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::agent::wire::{Answer, Request, Wait, foreign_version, read_frame, write_frame};
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
    /// It is of another version of the program, which speaks so.
    Foreign(u8),
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
        let answer = match foreign_version(&body) {
            Some(version) => return Err(Lost::Foreign(version)),
            None => Answer::parse(&body).map_err(|_| Lost::Gone)?,
        };
        match (asked, answer) {
            (_, Answer::Busy) => Err(Lost::Busy),
            (Ok(()), answer) => {
                *link = Some(stream);
                Ok(answer)
            }
            (Err(_), _) => Err(Lost::Gone),
        }
    }

    /// Ends the session of an agent that speaks another version. Whether there was one.
    pub(crate) fn end_foreign(&self, version: u8) -> Result<bool, Lost> {
        let mut link = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = link.take().ok_or(Lost::Gone)?;
        let of_version = |body: &[u8]| {
            let rest = body.get(1..).unwrap_or_default();
            [&[version], rest].concat()
        };
        let request = Request::Logout.render().map_err(|_| Lost::Gone)?;
        write_frame(&stream, &of_version(&request), PATIENCE).map_err(|_| Lost::Gone)?;
        let wait = Wait { first: Some(PATIENCE), rest: PATIENCE };
        let body = read_frame(&stream, wait).map_err(|_| Lost::Gone)?;
        let done = Answer::Done.render().map_err(|_| Lost::Gone)?;
        match body.as_slice() {
            said if said == of_version(&done) => Ok(true),
            [of, Answer::NOT_LOGGED_IN, ..] if *of == version => Ok(false),
            _ => Err(Lost::Foreign(version)),
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
            Lost::Foreign(_) => Self::new(
                Exit::Session,
                "the agent is of another version of the program; nothing was done",
            )
            .next("restart the agent: `medsec logout`, then `medsec login`; one that a service manager runs is restarted there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Wait = Wait { first: Some(PATIENCE), rest: PATIENCE };

    /// What a request gets from an agent that answers with this body, and the body that the agent got.
    fn asked<T: Send + 'static>(
        answer: &[u8],
        ask: impl FnOnce(&Link) -> T + Send + 'static,
    ) -> (T, Vec<u8>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let asking = std::thread::spawn(move || ask(&Link::new(ours)));
        let got = read_frame(&theirs, SHORT).unwrap().to_vec();
        write_frame(&theirs, answer, PATIENCE).unwrap();
        (asking.join().unwrap(), got)
    }

    #[test]
    fn agent_of_another_version_is_told_as_that() {
        for answer in [&[1, 14][..], &[3, 14], &[1, 2, 0, 0]] {
            let (lost, _) = asked(answer, |link| link.ask(&Request::Status).map(|_| ()));
            assert_eq!(lost, Err(Lost::Foreign(answer[0])));
        }
        let failure = Failure::from(Lost::Foreign(1));
        assert!(failure.next.is_some_and(|next| next.contains("medsec logout")));
    }

    #[test]
    fn session_of_an_agent_of_another_version_is_ended() {
        let ended = |answer: &[u8]| asked(answer, |link| link.end_foreign(1));
        assert_eq!(ended(&[1, 1]), (Ok(true), vec![1, 3]));
        assert_eq!(ended(&[1, 9, 0]), (Ok(false), vec![1, 3]));
        for other in [&[1, 14][..], &[2, 1], &[1, 1, 0], &[1]] {
            assert_eq!(ended(other).0, Err(Lost::Foreign(1)));
        }
    }
}
