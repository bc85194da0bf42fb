//! Which records a watch has to look at.

use medsec_audit::{Head, Kind, LogTime};

use super::super::records::Choice;

/// All that is new; of what is older, what may still be open.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// Nothing older.
    pub(crate) since: LogTime,
    /// Of keys, nothing older.
    pub(crate) keys_since: LogTime,
    /// Everything from here on.
    pub(crate) recent: LogTime,
    /// By stream: everything from this record on, because it was not counted yet.
    pub(crate) counted: Vec<Option<u64>>,
}

impl History {
    /// Where reading has to begin.
    pub(crate) fn from(&self) -> LogTime {
        self.since.min(self.keys_since)
    }
}

impl Choice for History {
    fn head(&self, stream: usize, head: &Head<'_>) -> bool {
        let (seq, time) = (head.position.seq.get(), head.position.ts);
        let fresh = self.counted.get(stream).copied().flatten().is_some_and(|next| seq >= next);
        let lasting = [Kind::EMERGENCY, Kind::REVIEW].contains(&head.kind);
        let key = head.kind == Kind::KEY && time >= self.keys_since;
        fresh || key || time >= self.recent || (lasting && time >= self.since)
    }
}
