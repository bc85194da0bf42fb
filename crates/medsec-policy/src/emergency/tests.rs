#![expect(clippy::arithmetic_side_effects, reason = "times of tests are far from their limits")]

use std::collections::BTreeSet;

use medsec_evidence::{Ev, Proven, evidence};

use super::*;
use crate::clock::manual::ManualClock;
use crate::ids::{DatasetId, PackageId};
use crate::principal::{Factors, Method, Principal, PrincipalKind};
use crate::settings::EmergencyReason;

mod record;
mod review;

const MAX: Duration = Duration::from_secs(4 * 3600);
const NANOSECOND: Duration = Duration::from_nanos(1);
const FRESH: Duration = Duration::from_secs(300);

fn limits() -> EmergencyLimits {
    EmergencyLimits {
        max_duration: MAX,
        reasons: [EmergencyReason::PatientSafety, EmergencyReason::Drill].into(),
        max_authentication_age: FRESH,
        review_within_days: 7,
    }
}

fn person(name: &str) -> Principal {
    Principal {
        id: PrincipalId::new(name).unwrap(),
        kind: PrincipalKind::Person,
        method: Method::Token,
        factors: Factors::Two,
        authenticated_at: SystemTime::UNIX_EPOCH,
        groups: BTreeSet::new(),
    }
}

fn dataset(name: &str) -> DatasetId {
    DatasetId::new(name).unwrap()
}

fn pseudonym(text: &str) -> PatientPseudonym {
    PatientPseudonym::new(text).unwrap()
}

fn package(of: Option<&str>) -> Resource {
    let id = PackageId::from_bytes([7; 16]);
    Resource::Package { id, dataset: of.map(dataset), sealed_by: None }
}

/// A claim that is granted, as a test changes it.
fn claim(
    change: impl FnOnce(&mut Claim<'_>),
    clock: &ManualClock,
) -> Result<Emergency, ClaimError> {
    let (ada, text) = (person("ada"), ReasonText::new("unconscious, allergies unknown").unwrap());
    let mut claim = Claim {
        principal: &ada,
        authentication_age: Duration::from_secs(20),
        reason: EmergencyReason::PatientSafety,
        text: &text,
        scope: Scope::Dataset(dataset("mri-2026")),
        duration: Duration::from_secs(3600),
    };
    change(&mut claim);
    claim.open(&limits(), clock)
}

fn open(clock: &ManualClock) -> Emergency {
    claim(|_| (), clock).unwrap()
}

fn ended(emergency: &mut Emergency, clock: &ManualClock) -> Option<EmergencyEnd> {
    emergency.check(clock).err().map(|over| over.how)
}

#[test]
fn texts_outside_the_limits_are_refused() {
    let long = "ä".repeat(1001);
    for bad in ["", " ", "a\nb", "a\u{0}", "\u{85}", &long] {
        assert!(ReasonText::new(bad).is_err());
    }
    assert_eq!(ReasonText::new(&long[2..]).unwrap().expose(), &long[2..]);
    let long = "a".repeat(129);
    for bad in ["", "a b", "ä", "a\n", "\"", &long] {
        assert!(PatientPseudonym::new(bad).is_err());
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "emergency access outside its limits is refused: who, why, for how long and how freshly proven",
    polarity = deny,
)]
fn claims_outside_the_limits_are_refused(ev: Ev) -> Proven {
    let clock = ManualClock::new();
    let mut program = person("importer");
    program.kind = PrincipalKind::Service;
    let program = &program;
    ev.denies(claim_as(program, &clock), |e| *e == ClaimError::NotAPerson);
    let other = claim(|c| c.reason = EmergencyReason::Disaster, &clock);
    ev.denies(other, |e| *e == ClaimError::Reason);
    let stale = claim(|c| c.authentication_age = FRESH.saturating_add(NANOSECOND), &clock);
    ev.denies(stale, |e| *e == ClaimError::Authentication { max: FRESH });
    for duration in [Duration::ZERO, NANOSECOND, MAX.saturating_add(NANOSECOND)] {
        let refused = claim(|c| c.duration = duration, &clock);
        ev.denies(refused, |e| *e == ClaimError::Duration { max: MAX });
    }
    clock.set_boot(None);
    ev.denies(claim(|_| (), &clock), |e| matches!(e, ClaimError::Clock(_)));
    ev.proven()
}

fn claim_as(principal: &Principal, clock: &ManualClock) -> Result<Emergency, ClaimError> {
    let text = ReasonText::new("night shift").unwrap();
    let claim = Claim {
        principal,
        authentication_age: Duration::ZERO,
        reason: EmergencyReason::Drill,
        text: &text,
        scope: Scope::Dataset(dataset("mri-2026")),
        duration: Duration::from_secs(60),
    };
    claim.open(&limits(), clock)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "emergency access within its limits is given at once and covers what was claimed",
    polarity = allow,
)]
fn claim_at_the_limits_is_granted(ev: Ev) -> Proven {
    let clock = ManualClock::new();
    let mut emergency = ev.allows(claim(
        |c| {
            c.authentication_age = FRESH;
            c.duration = MAX;
        },
        &clock,
    ));
    let ada = person("ada").id;
    ev.allows(emergency.serves(&ada, &package(Some("mri-2026")), None, &clock));
    ev.allows(emergency.serves(&ada, &Resource::Dataset(dataset("mri-2026")), None, &clock));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "an emergency ends when its time is over, also while the machine sleeps or is off",
    polarity = deny,
)]
fn emergency_is_over_at_its_end(ev: Ev) -> Proven {
    let hour = Duration::from_secs(3600);
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    clock.suspend(hour.saturating_sub(NANOSECOND));
    ev.allows(emergency.check(&clock));
    clock.suspend(NANOSECOND);
    ev.denies(emergency.check(&clock), |over| over.how == EmergencyEnd::Expired);
    let clock = ManualClock::new();
    let record = open(&clock).record().clone();
    clock.restart(hour.saturating_sub(Duration::from_secs(10)));
    let mut resumed = Emergency::resume(record, &limits());
    ev.allows(resumed.check(&clock));
    clock.pass(Duration::from_secs(10));
    ev.denies(resumed.check(&clock), |over| over.how == EmergencyEnd::Expired);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "setting the wall clock back extends no emergency, in one process and across restarts",
    polarity = deny,
)]
fn clock_set_back_extends_no_emergency(ev: Ev) -> Proven {
    let untrusted = |over: &EmergencyOver| over.how == EmergencyEnd::ClockUntrusted;
    // Behind the beginning, by more than a correction.
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    clock.set_wall(ManualClock::START - 60);
    ev.allows(emergency.check(&clock));
    clock.set_wall(ManualClock::START - 61);
    ev.denies(emergency.check(&clock), untrusted);
    // Behind what it has shown, by more than a correction; within it, the other clock decides.
    for (back, expected) in [(61, EmergencyEnd::ClockUntrusted), (60, EmergencyEnd::Expired)] {
        let clock = ManualClock::new();
        let mut emergency = open(&clock);
        clock.pass(Duration::from_secs(3590));
        ev.allows(emergency.check(&clock));
        clock.set_wall(ManualClock::START + 3590 - back);
        clock.pass(Duration::from_secs(10));
        let back = if back == 61 { back + 10 } else { back };
        clock.set_wall(ManualClock::START + 3600 - back);
        ev.denies(emergency.check(&clock), |over| over.how == expected);
    }
    // Across a restart, which a set-back clock does not hide either.
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    clock.pass(Duration::from_secs(3000));
    ev.allows(emergency.check(&clock));
    clock.restart(Duration::from_secs(100));
    clock.set_wall(ManualClock::START + 100);
    let mut resumed = Emergency::resume(emergency.record().clone(), &limits());
    ev.denies(resumed.check(&clock), untrusted);
    ev.proven()
}

#[test]
fn clock_that_fails_ends_the_emergency() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    clock.set_boot(None);
    assert_eq!(ended(&mut emergency, &clock), Some(EmergencyEnd::ClockUntrusted));
}

#[test]
fn stricter_limits_after_a_restart_end_it_earlier() {
    let clock = ManualClock::new();
    let record = open(&clock).record().clone();
    let mut strict = limits();
    strict.max_duration = Duration::from_secs(600);
    clock.restart(Duration::from_secs(600));
    let mut resumed = Emergency::resume(record.clone(), &strict);
    assert_eq!(ended(&mut resumed, &clock), Some(EmergencyEnd::Expired));
    assert!(EmergencyRecord::parse(resumed.record().render().as_bytes()).is_ok());
    assert_eq!(ended(&mut Emergency::resume(record, &limits()), &clock), None);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(ii)",
    claim = "an emergency serves nobody but its initiator and nothing but what was claimed",
    polarity = deny,
)]
fn emergency_serves_nothing_else(ev: Ev) -> Proven {
    let clock = ManualClock::new();
    let (ada, ben) = (person("ada").id, person("ben").id);
    let here = package(Some("mri-2026"));
    let outside = |e: &ServeError| *e == ServeError::OutsideScope;
    let mut emergency = open(&clock);
    ev.denies(emergency.serves(&ben, &here, None, &clock), |e| *e == ServeError::AnotherPrincipal);
    let elsewhere =
        [package(Some("mri-2027")), package(None), Resource::AuditTrail, Resource::Policy];
    for resource in elsewhere {
        ev.denies(emergency.serves(&ada, &resource, None, &clock), outside);
    }
    let scope = Scope::Patient { pseudonym: pseudonym("hmac:1a"), dataset: dataset("mri-2026") };
    let mut emergency = ev.allows(claim(|c| c.scope = scope, &clock));
    let (same, other) = (pseudonym("hmac:1a"), pseudonym("hmac:2b"));
    ev.denies(emergency.serves(&ada, &here, None, &clock), outside);
    ev.denies(emergency.serves(&ada, &here, Some(&other), &clock), outside);
    let elsewhere = [package(Some("mri-2027")), Resource::Dataset(dataset("mri-2026"))];
    for resource in elsewhere {
        ev.denies(emergency.serves(&ada, &resource, Some(&same), &clock), outside);
    }
    ev.allows(emergency.serves(&ada, &here, Some(&same), &clock));
    ev.allows(emergency.return_to_normal(&clock));
    let over = emergency.serves(&ada, &here, Some(&same), &clock);
    ev.denies(over, |e| matches!(e, ServeError::Over(over) if over.how == EmergencyEnd::Returned));
    ev.proven()
}

#[test]
fn emergency_ends_once() {
    let clock = ManualClock::new();
    let mut emergency = open(&clock);
    emergency.revoke(&clock).unwrap();
    let over = EmergencyOver { how: EmergencyEnd::Revoked };
    assert_eq!(emergency.return_to_normal(&clock), Err(over));
    clock.set_boot(None);
    assert_eq!(emergency.check(&clock), Err(over));
}

#[test]
fn debug_output_shows_no_patient_and_no_text() {
    let clock = ManualClock::new();
    let scope = Scope::Patient { pseudonym: pseudonym("hmac:1a"), dataset: dataset("mri-2026") };
    let emergency = claim(|c| c.scope = scope, &clock).unwrap();
    let text = ReasonText::new("unconscious").unwrap();
    let shown = format!("{emergency:?} {text:?}");
    assert!(!shown.contains("hmac:1a") && !shown.contains("unconscious"));
}
