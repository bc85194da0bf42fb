//! A journal that becomes the writer of the home's stream only when there is something to record: for refusals, and
//! for whoever only looks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use medsec::{Journal, JournalError, Recorded};
#[cfg(unix)]
use medsec_audit::Actor;
use medsec_audit::Event;

#[cfg(unix)]
use crate::agent;
use crate::audit::LogOption;
use crate::failure::Failure;
use crate::recording;
use crate::session::Session;

/// Where no writer is held. Each time something is recorded, the stream is opened and closed in order; where an agent
/// writes it, the agent does so.
#[derive(Debug)]
pub(super) struct LateJournal {
    session: Mutex<Session>,
    /// Whether the process is the agent itself, which cannot ask itself.
    #[cfg(unix)]
    is_agent: bool,
    /// Whether something could not be recorded.
    missed: AtomicBool,
}

impl LateJournal {
    /// Of the home of that session.
    pub(super) fn of(session: &Session) -> Self {
        Self {
            session: Mutex::new(session.again()),
            #[cfg(unix)]
            is_agent: false,
            missed: AtomicBool::new(false),
        }
    }

    /// The same, in the process that is about to be the home's agent.
    #[cfg(unix)]
    pub(super) fn of_agent(session: &Session) -> Self {
        Self { is_agent: true, ..Self::of(session) }
    }

    /// Whether something could not be recorded.
    pub(super) fn has_missed(&self) -> bool {
        self.missed.load(Ordering::Relaxed)
    }

    fn write(&self, session: &Session, events: &[Event]) -> Result<Vec<Recorded>, Failure> {
        #[cfg(unix)]
        if !self.is_agent
            && let Some(journal) = agent::journal(session)
        {
            return Ok(journal.append(events).or_else(|error| match error {
                // The agent takes no name that it has not proved itself.
                JournalError::Refused => journal.append(&nameless(events)),
                error => Err(error),
            })?);
        }
        let log = LogOption::OWN.open(session)?;
        let writer = recording::writer(session, &log, &session.settings()?.audit_stream.value)?;
        let recorded = Journal::append(&writer, events)?;
        // What was recorded is durable in any case.
        let _ = writer.close();
        Ok(recorded)
    }
}

impl Journal for LateJournal {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&session, events).map_err(|_| {
            self.missed.store(true, Ordering::Relaxed);
            JournalError::Unreachable
        })
    }

    fn newest(&self) -> Option<SystemTime> {
        None
    }
}

/// The same of nobody known.
#[cfg(unix)]
fn nameless(events: &[Event]) -> Vec<Event> {
    let nameless = |event: &Event| Event { actor: Actor::Unknown, session: None, ..event.clone() };
    events.iter().map(nameless).collect()
}
