//! The facts.

use std::time::{Duration, SystemTime};

use medsec_audit::{
    Action, Actor, Authentication, Count, Event, Extent, HostId, Origin, Outcome, PackageId, Phase,
    Place, Principal, PrincipalId, ProcessName, Subject,
};

use super::JournalHarness;

/// Somebody opened package number `number`.
fn opened(number: u8) -> Event {
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes([number; 16]));
    subject.extent = Some(Extent { bytes: Count::from(1_u32), ranges: Count::from(1_u32) });
    Event {
        actor: Actor::Person(Principal {
            id: PrincipalId::new("ada").expect("a name"),
            authentication: Authentication::PrivateKey,
            role: None,
            on_behalf_of: None,
        }),
        action: Action::Open,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject,
        purpose: None,
        place: Place {
            host: HostId::new("node-1").expect("a host"),
            process: ProcessName::new("conformance").expect("a process"),
            pid: None,
            origin: Origin::Local,
        },
        ruling: None,
        session: None,
    }
}

/// An opened package without the package: it makes no record.
fn unfit() -> Event {
    Event { subject: Subject::default(), ..opened(0) }
}

/// When it returns, whoever looks finds the events, under the numbers that it gave.
pub fn recorded_events_are_durable_when_it_returns(harness: &dyn JournalHarness) {
    let journal = harness.journal();
    for number in 1..4 {
        let recorded = journal.append(&[opened(number)]).expect("a record");
        let seq = recorded.last().expect("one record").seq;
        assert_eq!(harness.found().last(), Some(&(seq, opened(number))));
    }
}

/// The numbers are those of the events, one behind the other.
pub fn records_are_in_the_order_of_their_events(harness: &dyn JournalHarness) {
    let events = [1, 2, 3, 4].map(opened);
    let recorded = harness.journal().append(&events).expect("four records");
    let numbers: Vec<u64> = recorded.iter().map(|recorded| recorded.seq).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
    let expected: Vec<_> = numbers.into_iter().zip(events).collect();
    assert_eq!(harness.found(), expected);
}

/// All or none.
pub fn event_that_makes_no_record_fails_all_that_belong_to_it(harness: &dyn JournalHarness) {
    let journal = harness.journal();
    for events in [[unfit(), opened(1), opened(2)], [opened(1), opened(2), unfit()]] {
        assert!(journal.append(&events).is_err());
        assert!(harness.found().is_empty());
    }
    assert!(journal.append(&[opened(3)]).is_ok(), "what did not belong to it is recorded");
}

/// A failure is told, and nothing that was told as failed is counted as recorded later.
pub fn journal_that_failed_goes_on_or_stays_shut(harness: &dyn JournalHarness) {
    let journal = harness.journal();
    assert!(journal.append(&[opened(1)]).is_ok());
    if !harness.shut() {
        return;
    }
    assert!(journal.append(&[opened(2), opened(3)]).is_err(), "told as recorded");
    assert!(journal.append(&[opened(4)]).is_err(), "told as recorded");
    let found: Vec<Event> = harness.found().into_iter().map(|(_, event)| event).collect();
    assert_eq!(found, [opened(1)]);
}

/// No events, no records.
pub fn nothing_to_record_records_nothing(harness: &dyn JournalHarness) {
    assert!(harness.journal().append(&[]).is_ok_and(|recorded| recorded.is_empty()));
    assert!(harness.found().is_empty());
}

/// Who does not know the time says so.
pub fn newest_is_never_earlier_than_what_was_recorded(harness: &dyn JournalHarness) {
    let journal = harness.journal();
    let before = SystemTime::now().checked_sub(Duration::from_secs(1)).expect("a time");
    assert!(journal.append(&[opened(1)]).is_ok());
    assert!(journal.newest().is_none_or(|newest| newest >= before));
}

/// Threads that record at the same time get numbers of their own, and every record is there.
pub fn eight_threads_share_one_journal(harness: &dyn JournalHarness) {
    let journal = harness.journal();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let journal = &journal;
            scope.spawn(move || {
                for round in 0..8_u8 {
                    let number = thread.wrapping_mul(8).wrapping_add(round);
                    let recorded = journal.append(&[opened(number)]).expect("a record");
                    let seq = recorded.first().expect("one record").seq;
                    assert!(harness.found().contains(&(seq, opened(number))));
                }
            });
        }
    });
    assert_eq!(harness.found().len(), 64);
}
