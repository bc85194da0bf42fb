//! Where records go.

mod recorder;

use std::fmt;
use std::time::{Duration, SystemTime};

use medsec_audit::{AppendError, Event, Hash, StreamWriter};

pub(crate) use self::recorder::Recorder;

/// Makes records durable. A stream of the audit log is one; the agent's client is another.
///
/// Contract, held by the conformance suite: when it returns, all of the events are durable, in their order, or
/// none is and the error says so; it never returns success for less.
pub trait Journal: fmt::Debug + Send + Sync {
    /// Records events that belong together. Blocks until they are durable.
    ///
    /// # Errors
    /// [`JournalError`]: none of the events counts as recorded, and what they tell of must not happen.
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError>;

    /// The latest time that any record bears, where that is known: the wall clock cannot be earlier. Must not wait, for
    /// a disk neither: it is asked inside polls.
    fn newest(&self) -> Option<SystemTime>;
}

/// A record that is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "other journals make them too")]
pub struct Recorded {
    /// Its number in its stream.
    pub seq: u64,
    /// Its leaf hash.
    pub leaf: Hash,
}

/// Why events were not recorded. What they tell of must not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The log did not take them.
    #[error(transparent)]
    Log(#[from] AppendError),
    /// Who keeps the log cannot be reached.
    #[error("who keeps the audit log cannot be reached")]
    Unreachable,
    /// Who keeps the log refused.
    #[error("who keeps the audit log refused the record")]
    Refused,
    /// Too many events wait to be recorded.
    #[error("too many events wait to be recorded")]
    Full,
    /// Nothing is recorded any more in this process.
    #[error("recording has stopped")]
    Stopped,
}

impl Journal for StreamWriter {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let appended = self.append_all(events)?;
        Ok(appended.into_iter().map(Recorded::from).collect())
    }

    fn newest(&self) -> Option<SystemTime> {
        let millis = Duration::from_millis(self.newest_time().unix_millis());
        SystemTime::UNIX_EPOCH.checked_add(millis)
    }
}
