//! A journal in memory.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use medsec::{Journal, JournalError, Recorded};
use medsec_audit::{Count, Event, Hash, LogTime, RecordPosition, leaf_hash};

/// Keeps what it is given, as a log would number it. Nothing of it is durable.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    events: Mutex<Vec<Event>>,
    shut: AtomicBool,
}

impl MemoryJournal {
    /// All that was recorded.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes nothing more.
    pub fn shut(&self) {
        self.shut.store(true, Ordering::SeqCst);
    }
}

impl Journal for MemoryJournal {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        if self.shut.load(Ordering::SeqCst) {
            return Err(JournalError::Stopped);
        }
        let mut kept = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = (kept.len() as u64)..;
        let recorded = numbers.zip(events).map(|(seq, event)| {
            let ts = LogTime::from(SystemTime::now());
            let seq = Count::new(seq).map_err(|_| JournalError::Full)?;
            let position = RecordPosition { seq, prev: Hash::from_bytes([0; 32]), ts };
            let line = event.to_line(&position).map_err(|_| JournalError::Refused)?;
            Ok(Recorded { seq: seq.get(), leaf: leaf_hash(&line) })
        });
        let recorded = recorded.collect::<Result<Vec<_>, JournalError>>()?;
        kept.extend(events.iter().cloned());
        Ok(recorded)
    }

    fn newest(&self) -> Option<SystemTime> {
        None
    }
}
