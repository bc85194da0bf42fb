#![expect(clippy::arithmetic_side_effects, reason = "times of tests are far from their limits")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

use medsec_evidence::{Ev, Proven, evidence};

use super::*;
use crate::clock::manual::ManualClock;
use crate::principal::{Factors, Method, PrincipalKind};

mod proof;
mod table;
mod threads;

const NANOSECOND: Duration = Duration::from_nanos(1);
const IDLE: Duration = Duration::from_secs(900);
const ABSOLUTE: Duration = Duration::from_secs(8 * 3600);
const LIMITS: SessionLimits = SessionLimits { idle: IDLE, absolute: ABSOLUTE };

/// Counts how often it was dropped.
struct Secret(Arc<AtomicU32>);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn principal(name: &str, clock: &ManualClock, age: u64) -> Principal {
    Principal {
        id: PrincipalId::new(name).unwrap(),
        kind: PrincipalKind::Person,
        method: Method::Token,
        factors: Factors::One,
        authenticated_at: clock.wall() - Duration::from_secs(age),
        groups: BTreeSet::new(),
    }
}

struct Scene {
    clock: Arc<ManualClock>,
    session: Session<Secret>,
    drops: Arc<AtomicU32>,
}

impl Scene {
    fn new() -> Self {
        Self::with(LIMITS)
    }

    fn with(limits: SessionLimits) -> Self {
        let clock = Arc::new(ManualClock::new());
        let drops = Arc::new(AtomicU32::new(0));
        let ada = principal("ada", &clock, 30);
        let secret = Secret(Arc::clone(&drops));
        let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let session = Session::start(ada, limits, shared, secret).unwrap();
        Self { clock, session, drops }
    }

    fn dropped(&self) -> bool {
        self.drops.load(Ordering::SeqCst) == 1
    }

    fn used(&self) -> Result<(), SessionEnded> {
        self.session.with(|_, _| ())
    }

    fn ended(&self) -> Option<EndReason> {
        self.session.check().err().map(|ended| ended.reason)
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "a session that is not used ends when its idle time is over, to the nanosecond, and gives nothing more",
    polarity = deny,
)]
fn unused_session_is_dead_at_its_idle_limit(ev: Ev) -> Proven {
    let scene = Scene::new();
    scene.clock.pass(IDLE - NANOSECOND);
    ev.allows(scene.session.check());
    ev.holds("the key is there", !scene.dropped());
    scene.clock.pass(NANOSECOND);
    ev.denies(scene.used(), |ended| ended.reason == EndReason::Idle);
    ev.holds("the key is gone", scene.dropped());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "each use of a session starts its idle time anew: who works is not logged off",
    polarity = allow,
)]
fn used_session_goes_on(ev: Ev) -> Proven {
    let scene = Scene::new();
    for _ in 0..3 {
        scene.clock.pass(IDLE - NANOSECOND);
        ev.allows(scene.used());
    }
    ev.holds("the key is there", !scene.dropped());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "a session in constant use ends when its absolute time is over",
    polarity = deny,
)]
fn used_session_is_dead_at_its_absolute_limit(ev: Ev) -> Proven {
    let scene = Scene::new();
    let step = IDLE - NANOSECOND;
    let mut passed = Duration::ZERO;
    while passed + step < ABSOLUTE {
        scene.clock.pass(step);
        passed += step;
        ev.allows(scene.used());
    }
    scene.clock.pass(ABSOLUTE - passed - NANOSECOND);
    ev.allows(scene.used());
    scene.clock.pass(NANOSECOND);
    ev.denies(scene.used(), |ended| ended.reason == EndReason::Absolute);
    ev.holds("the key is gone", scene.dropped());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "time during which the machine sleeps counts: a session does not outlive it",
    polarity = deny,
)]
fn session_ends_while_the_machine_sleeps(ev: Ev) -> Proven {
    let scene = Scene::new();
    let running = scene.clock.running();
    scene.clock.suspend(IDLE);
    ev.holds("another clock stood still", scene.clock.running() == running);
    ev.denies(scene.used(), |ended| ended.reason == EndReason::Idle);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "setting the wall clock back extends no session, and is told",
    polarity = deny,
)]
fn wall_clock_set_back_extends_nothing(ev: Ev) -> Proven {
    let scene = Scene::new();
    scene.clock.pass(IDLE - NANOSECOND);
    scene.clock.set_wall(ManualClock::START - 86_400);
    let step = scene.session.take_clock_step();
    let found = step.map(|step| step.found);
    ev.holds("the step is told", found == Some(scene.clock.wall()));
    ev.holds("it is told once", scene.session.take_clock_step().is_none());
    scene.clock.pass(NANOSECOND);
    ev.denies(scene.used(), |ended| ended.reason == EndReason::Idle);
    ev.proven()
}

#[test]
fn wall_clock_set_forward_ends_nothing() {
    let scene = Scene::new();
    scene.clock.set_wall(ManualClock::START + 10 * 86_400);
    assert_eq!(scene.used(), Ok(()));
    assert_eq!(scene.session.take_clock_step(), None);
    scene.clock.pass(IDLE);
    assert_eq!(scene.ended(), Some(EndReason::Idle));
}

#[test]
fn forward_jump_of_the_boot_clock_ends_the_session() {
    let scene = Scene::new();
    scene.clock.set_boot(Some(Duration::from_secs(1 << 40)));
    assert_eq!(scene.ended(), Some(EndReason::Idle));
    assert!(scene.dropped());
}

#[test]
fn clock_that_fails_or_goes_back_ends_the_session() {
    for boot in [None, Some(Duration::from_secs(3599)), Some(Duration::ZERO)] {
        let scene = Scene::new();
        scene.clock.set_boot(boot);
        assert_eq!(scene.ended(), Some(EndReason::ClockUntrusted), "{boot:?}");
        assert!(scene.dropped());
        // It stays ended when the clock is right again.
        scene.clock.set_boot(Some(Duration::from_secs(3600)));
        assert_eq!(scene.ended(), Some(EndReason::ClockUntrusted));
    }
}

#[test]
fn session_without_a_clock_is_not_started() {
    let clock = Arc::new(ManualClock::new());
    clock.set_boot(None);
    let ada = principal("ada", &clock, 0);
    let error = Session::start(ada, LIMITS, clock, ()).unwrap_err();
    assert_eq!(error, StartError::Clock(ClockError));
}

#[test]
fn looking_at_a_session_is_no_use_of_it() {
    let scene = Scene::new();
    scene.clock.pass(IDLE / 2);
    scene.session.check().unwrap();
    scene.session.authentication_age().unwrap();
    let _ = (scene.session.sweep(), scene.session.take_clock_step());
    let status = scene.session.status().unwrap();
    assert_eq!((status.age, status.idle_left), (IDLE / 2, IDLE / 2));
    assert_eq!(status.absolute_left, ABSOLUTE - IDLE / 2);
    scene.clock.pass(IDLE / 2);
    assert!(scene.session.sweep());
}

#[test]
fn every_handle_is_refused_after_the_end() {
    let scene = Scene::new();
    let other = scene.session.clone();
    assert!(other.end(EndReason::LoggedOut));
    assert!(scene.dropped());
    assert_eq!(scene.ended(), Some(EndReason::LoggedOut));
    assert!(!scene.session.end(EndReason::Revoked));
    assert_eq!(other.check().unwrap_err().reason, EndReason::LoggedOut);
    assert_eq!(other.next_deadline(), None);
    assert!(other.status().is_err() && other.authentication_age().is_err());
}

#[test]
fn deadline_is_that_of_the_nearer_limit() {
    let scene = Scene::new();
    let start = scene.clock.boot().unwrap();
    assert_eq!(scene.session.next_deadline(), Some(start.plus(IDLE)));
    scene.clock.pass(IDLE / 3);
    scene.used().unwrap();
    assert_eq!(scene.session.next_deadline(), Some(start.plus(IDLE / 3).plus(IDLE)));
    let short = Scene::with(SessionLimits { idle: ABSOLUTE, absolute: IDLE });
    assert_eq!(short.session.next_deadline(), Some(start.plus(IDLE)));
    short.clock.pass(IDLE);
    assert_eq!(short.ended(), Some(EndReason::Absolute));
}

#[test]
fn changed_limits_change_when_a_session_ends() {
    let hour = Duration::from_secs(3600);
    for (limits, reason) in [
        (SessionLimits { idle: IDLE / 2, absolute: hour }, EndReason::Idle),
        (SessionLimits { idle: hour, absolute: IDLE / 2 }, EndReason::Absolute),
        (SessionLimits { idle: Duration::ZERO, absolute: hour }, EndReason::Idle),
    ] {
        let scene = Scene::with(limits);
        scene.clock.pass(IDLE / 2);
        assert_eq!(scene.ended(), Some(reason));
    }
}

#[test]
fn use_that_panics_ends_the_session() {
    let scene = Scene::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        scene.session.with(|_, _| panic!("a use fails"))
    }));
    assert!(result.is_err());
    assert!(scene.dropped());
    assert_eq!(scene.ended(), Some(EndReason::Aborted));
}

#[test]
fn debug_output_shows_neither_principal_nor_secret() {
    let scene = Scene::new();
    assert_eq!(
        format!("{:?}", scene.session),
        format!("Session({}, redacted)", scene.session.id())
    );
}
