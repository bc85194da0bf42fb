//! Records through the agent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use medsec::{Journal, JournalError, Recorded};
use medsec_audit::{AppendError, Event, LogTime};

use super::link::{Link, Lost};
use crate::agent::wire::{Answer, MAX_FRAME_LEN, Request, line_of};

/// The agent's stream. What is appended is durable when the agent says so.
#[derive(Clone, Debug)]
pub(crate) struct AgentJournal {
    link: Arc<Link>,
    /// The latest time that the agent has told of any record, in milliseconds since 1970; 0 before it has told one.
    newest: Arc<AtomicU64>,
}

impl AgentJournal {
    /// Knows of no record as yet.
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self { link, newest: Arc::default() }
    }

    /// Knows how late the newest record is.
    pub(crate) fn knowing(link: Arc<Link>, newest: LogTime) -> Self {
        Self { link, newest: Arc::new(AtomicU64::new(newest.unix_millis())) }
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
        match self.link.ask(&Request::Append(lines)) {
            Ok(Answer::Recorded(recorded, newest)) if recorded.len() == events.len() => {
                self.newest.fetch_max(newest.unix_millis(), Ordering::Relaxed);
                Ok(recorded)
            }
            Ok(Answer::Unrecorded(error)) => Err(error),
            Err(Lost::Busy) => Err(JournalError::Full),
            // Whether it is recorded is not known, so it does not count.
            Ok(_) | Err(Lost::Gone | Lost::Foreign(_)) => Err(JournalError::Unreachable),
        }
    }

    /// As the agent told it last: it is not asked for this.
    fn newest(&self) -> Option<SystemTime> {
        let millis = Some(self.newest.load(Ordering::Relaxed)).filter(|millis| *millis > 0)?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }
}
