//! A journal of one's own: the log as before, and a counter for a wall display. What the journal answers as recorded
//! must be durable, so the log comes first, and its error is the answer.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use medsec::{Custodian, Journal, JournalError, Parts, Recorded};
use medsec_audit::{Denial, Event, Outcome};
use medsec_examples::clinic::{Clinic, Failed, read};
use medsec_policy::Purpose;

/// Counts what was denied for want of a purpose.
#[derive(Debug)]
struct Counted {
    log: Arc<dyn Journal>,
    denied: AtomicU64,
}

impl Journal for Counted {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let recorded = self.log.append(events)?;
        let denied = Some(Outcome::Denied(Denial::Purpose));
        let count = events.iter().filter(|event| event.phase.outcome() == denied).count();
        self.denied.fetch_add(count as u64, Ordering::SeqCst);
        Ok(recorded)
    }

    fn newest(&self) -> Option<SystemTime> {
        self.log.newest()
    }
}

fn main() -> Result<(), Failed> {
    let clinic = Clinic::found()?;
    let log = Arc::clone(&clinic.parts.journal);
    let journal = Arc::new(Counted { log, denied: AtomicU64::new(0) });
    let parts = Parts { journal: Arc::clone(&journal) as _, ..clinic.parts.clone() };
    let custodian = Custodian::new(parts)?;
    let login = clinic.ada()?;
    let package = clinic.seal(&custodian, &login, b"no abnormality detected")?;
    println!("opened: {} bytes", read(&custodian, &login, &package, Purpose::Treatment)?);
    for _ in 0..2 {
        if let Err(refused) = read(&custodian, &login, &package, Purpose::Marketing) {
            println!("for marketing: {refused}");
        }
    }
    println!("denied for their purpose: {}", journal.denied.load(Ordering::SeqCst));
    println!("in the log: {} events", clinic.told()?.len());
    Ok(())
}
