//! The conformance suite of journals, facts that hold for every implementation, each a function; and journals that
//! fail when a test says so.
//!
//! An implementation gives a [`JournalHarness`] and calls [`journal_conformance!`](crate::journal_conformance). A fact
//! panics where it does not hold.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a fact states by panicking that it does not hold"
)]

mod facts;
mod memory;
mod watched;

use std::sync::Arc;

use medsec::Journal;
use medsec_audit::Event;

pub use self::facts::{
    eight_threads_share_one_journal, event_that_makes_no_record_fails_all_that_belong_to_it,
    journal_that_failed_goes_on_or_stays_shut, newest_is_never_earlier_than_what_was_recorded,
    nothing_to_record_records_nothing, recorded_events_are_durable_when_it_returns,
    records_are_in_the_order_of_their_events,
};
pub use self::memory::MemoryJournal;
pub use self::watched::WatchedJournal;

/// What the suite needs of an implementation. Each test makes a harness of its own.
pub trait JournalHarness: Sync {
    /// The journal.
    fn journal(&self) -> Arc<dyn Journal>;

    /// What somebody finds who looks where the journal writes, and does not ask the journal: the events that were
    /// handed to it, in their order, each with its number.
    fn found(&self) -> Vec<(u64, Event)>;

    /// From now on nothing can be written; `false` if that cannot be arranged.
    fn shut(&self) -> bool;
}

/// Makes a test of every fact: `journal_conformance!(make_harness)`.
#[macro_export]
macro_rules! journal_conformance {
    ($make:expr) => {
        $crate::journal_conformance!(@facts $make;
            recorded_events_are_durable_when_it_returns, records_are_in_the_order_of_their_events,
            event_that_makes_no_record_fails_all_that_belong_to_it,
            journal_that_failed_goes_on_or_stays_shut, nothing_to_record_records_nothing,
            newest_is_never_earlier_than_what_was_recorded, eight_threads_share_one_journal
        );
    };
    (@facts $make:expr; $($fact:ident),+) => {$(
        #[test]
        fn $fact() {
            $crate::journal::$fact(&$make());
        }
    )+};
}
