use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn over(clock: &ManualClock) -> Emergency {
    let mut emergency = open(clock);
    emergency.took_part(&PrincipalId::new("ben").unwrap()).unwrap();
    emergency.return_to_normal(clock).unwrap();
    emergency
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "the review of an emergency is closed by another person than those who had a part in it",
    polarity = deny,
)]
fn review_by_whoever_had_a_part_is_refused(ev: Ev) -> Proven {
    let clock = ManualClock::new();
    let mut emergency = over(&clock);
    let outcome = ReviewOutcome::Justified;
    for name in ["ada", "Ada", "ADA", "ben", "Ben"] {
        let refused = emergency.review(&person(name), outcome, &clock);
        ev.denies(refused, |e| *e == ReviewError::TookPart);
    }
    let mut program = person("checker");
    program.kind = PrincipalKind::Service;
    let refused = emergency.review(&program, outcome, &clock);
    ev.denies(refused, |e| *e == ReviewError::NotAPerson);
    ev.allows(emergency.review(&person("eve"), outcome, &clock));
    let again = emergency.review(&person("zoe"), ReviewOutcome::NotJustified, &clock);
    ev.denies(again, |e| *e == ReviewError::Reviewed);
    let closed = matches!(&emergency.record().phase, EmergencyPhase::Reviewed { review, .. }
        if review.by.as_str() == "eve" && review.outcome == outcome);
    ev.holds("the review names who closed it", closed);
    ev.proven()
}

#[test]
fn open_emergency_is_not_reviewed() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    let eve = person("eve");
    let refused = emergency.review(&eve, ReviewOutcome::Justified, &clock);
    assert_eq!(refused, Err(ReviewError::StillOpen));
    // One whose time is over has ended, though nobody looked.
    clock.pass(Duration::from_secs(3600));
    assert_eq!(emergency.review(&eve, ReviewOutcome::Justified, &clock), Ok(()));
}

#[test]
fn review_is_overdue_at_its_day() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    assert_eq!(emergency.review_due(&limits()), None);
    assert!(!emergency.is_overdue(&limits(), clock.wall()));
    emergency.revoke(&clock).unwrap();
    let due = clock.wall().checked_add(DAY.saturating_mul(7)).unwrap();
    assert_eq!(emergency.review_due(&limits()), Some(due));
    assert!(!emergency.is_overdue(&limits(), due.checked_sub(NANOSECOND).unwrap()));
    assert!(emergency.is_overdue(&limits(), due));
    let mut longer = limits();
    longer.review_within_days = 8;
    assert!(!emergency.is_overdue(&longer, due));
    // With the clock set back nobody can tell: better to ask once too often.
    let before = clock.wall().checked_sub(Duration::from_secs(1)).unwrap();
    assert!(emergency.is_overdue(&limits(), before));
    emergency.review(&person("eve"), ReviewOutcome::NotJustified, &clock).unwrap();
    assert!(!emergency.is_overdue(&limits(), due));
}

#[test]
fn review_is_due_from_the_end_not_from_when_it_was_noticed() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    let until = clock.wall().checked_add(Duration::from_secs(3600)).unwrap();
    clock.pass(DAY.saturating_mul(30));
    assert_eq!(ended(&mut emergency, &clock), Some(EmergencyEnd::Expired));
    let due = until.checked_add(DAY.saturating_mul(7)).unwrap();
    assert_eq!(emergency.review_due(&limits()), Some(due));
}

#[test]
fn participants_are_bounded_and_noted_once() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    let id = |n: usize| PrincipalId::new(&format!("p{n}")).unwrap();
    for n in 0..EmergencyRecord::MAX_PARTICIPANTS {
        emergency.took_part(&id(n)).unwrap();
        emergency.took_part(&PrincipalId::new(&format!("P{n}")).unwrap()).unwrap();
    }
    assert_eq!(emergency.took_part(&id(99)), Err(TooManyParticipants));
    let record = emergency.record();
    assert_eq!(record.participants.len(), EmergencyRecord::MAX_PARTICIPANTS);
    assert_eq!(EmergencyRecord::parse(record.render().as_bytes()).as_ref(), Ok(record));
}
