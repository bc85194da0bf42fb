//! Records through the agent.

use std::sync::Arc;
use std::time::SystemTime;

use medsec::{Journal, JournalError, Recorded};
use medsec_audit::{AppendError, Event};

use super::link::{Link, Lost};
use crate::agent::wire::{Answer, MAX_FRAME_LEN, Request, line_of};

/// The agent's stream. What is appended is durable when the agent says so.
#[derive(Clone, Debug)]
pub(crate) struct AgentJournal(Arc<Link>);

impl AgentJournal {
    pub(crate) const fn new(link: Arc<Link>) -> Self {
        Self(link)
    }
}

impl Journal for AgentJournal {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let lines = events.iter().map(line_of).collect::<Result<Vec<_>, _>>();
        let lines = lines.map_err(|error| JournalError::Log(AppendError::Event(error)))?;
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let total = lines
            .iter()
            .fold(64_usize, |sum, line| sum.saturating_add(line.len()).saturating_add(2));
        if total > MAX_FRAME_LEN {
            // Fewer at a time may fit.
            return Err(JournalError::Full);
        }
        match self.0.ask(&Request::Append(lines)) {
            Ok(Answer::Recorded(recorded)) if recorded.len() == events.len() => Ok(recorded),
            Ok(Answer::Unrecorded(error)) => Err(error),
            Err(Lost::Busy) => Err(JournalError::Full),
            // Whether it is recorded is not known, so it does not count.
            Ok(_) | Err(Lost::Gone) => Err(JournalError::Unreachable),
        }
    }

    fn newest(&self) -> Option<SystemTime> {
        None
    }
}
