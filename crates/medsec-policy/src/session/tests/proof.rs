//! Step-up: proofs that are given again.

use super::*;

#[test]
fn authentication_ages_by_the_clock_that_counts_suspend() {
    let scene = Scene::new();
    assert_eq!(scene.session.authentication_age(), Ok(Duration::from_secs(30)));
    scene.clock.suspend(Duration::from_secs(100));
    scene.clock.set_wall(ManualClock::START);
    assert_eq!(scene.session.authentication_age(), Ok(Duration::from_secs(130)));
}

#[test]
fn proof_of_another_principal_is_refused() {
    let scene = Scene::new();
    scene.clock.pass(Duration::from_secs(60));
    let mut program = principal("ada", &scene.clock, 0);
    program.kind = PrincipalKind::Service;
    for other in [principal("ben", &scene.clock, 0), principal("Ada", &scene.clock, 0), program] {
        let refused = scene.session.reauthenticated(&other);
        assert_eq!(refused, Err(ReauthenticateError::AnotherPrincipal));
    }
    assert_eq!(scene.session.authentication_age(), Ok(Duration::from_secs(90)));
}

#[test]
fn proof_shown_again_refreshes_nothing() {
    let scene = Scene::new();
    let again = principal("ada", &scene.clock, 30);
    scene.clock.pass(Duration::from_secs(60));
    for proof in [&again, &principal("ada", &scene.clock, 200)] {
        let refused = scene.session.reauthenticated(proof);
        assert_eq!(refused, Err(ReauthenticateError::NotFresher));
    }
    // Nor does it with the wall clock set back, so that it looks as young as it was.
    scene.clock.set_wall(ManualClock::START);
    let refused = scene.session.reauthenticated(&again);
    assert_eq!(refused, Err(ReauthenticateError::NotFresher));
    assert_eq!(scene.session.authentication_age(), Ok(Duration::from_secs(90)));
}

#[test]
fn what_would_be_taken_is_what_is_taken() {
    let scene = Scene::new();
    let again = principal("ada", &scene.clock, 30);
    scene.clock.pass(Duration::from_secs(60));
    let other = principal("ben", &scene.clock, 0);
    let fresh = principal("ada", &scene.clock, 0);
    for proof in [&again, &other, &fresh] {
        let told = scene.session.would_accept(proof);
        assert_eq!(told, scene.session.reauthenticated(proof));
    }
    assert_eq!(scene.session.authentication_age(), Ok(Duration::ZERO));
}

#[test]
fn asking_whether_a_proof_would_be_taken_changes_nothing_and_is_no_use() {
    let scene = Scene::new();
    scene.clock.pass(IDLE - NANOSECOND);
    let mut proof = principal("ada", &scene.clock, 0);
    proof.factors = Factors::Two;
    assert_eq!(scene.session.would_accept(&proof), Ok(()));
    let age = scene.session.authentication_age();
    assert_eq!(age, Ok(IDLE - NANOSECOND + Duration::from_secs(30)));
    scene.clock.pass(NANOSECOND);
    let ended = ReauthenticateError::Ended(SessionEnded { reason: EndReason::Idle });
    assert_eq!(scene.session.would_accept(&proof), Err(ended));
}

#[test]
fn proof_from_the_future_is_of_no_use() {
    let scene = Scene::new();
    scene.clock.pass(Duration::from_secs(60));
    let mut proof = principal("ada", &scene.clock, 0);
    proof.authenticated_at += Duration::from_secs(61);
    let refused = scene.session.reauthenticated(&proof);
    assert_eq!(refused, Err(ReauthenticateError::NotFresher));
    // As far ahead as clocks of two machines may be apart.
    proof.authenticated_at -= Duration::from_secs(1);
    scene.session.reauthenticated(&proof).unwrap();
    assert_eq!(scene.session.authentication_age(), Ok(Duration::ZERO));
}

#[test]
fn proof_after_the_end_revives_nothing() {
    let scene = Scene::new();
    scene.clock.pass(IDLE);
    let refused = scene.session.reauthenticated(&principal("ada", &scene.clock, 0));
    let ended = SessionEnded { reason: EndReason::Idle };
    assert_eq!(refused, Err(ReauthenticateError::Ended(ended)));
}

#[test]
fn fresh_proof_is_a_use_and_describes_the_principal_anew() {
    let scene = Scene::new();
    scene.clock.pass(IDLE - NANOSECOND);
    let mut proof = principal("ada", &scene.clock, 1);
    proof.factors = Factors::Two;
    scene.session.reauthenticated(&proof).unwrap();
    scene.clock.pass(IDLE - NANOSECOND);
    let age = scene.session.authentication_age().unwrap();
    assert_eq!(age, IDLE - NANOSECOND + Duration::from_secs(1));
    let factors = scene.session.with(|principal, _| principal.factors);
    assert_eq!(factors, Ok(Factors::Two));
    // The absolute limit stays where it was.
    let status = scene.session.status().unwrap();
    assert_eq!(status.absolute_left, ABSOLUTE - 2 * (IDLE - NANOSECOND));
}

#[test]
fn session_of_a_proof_from_the_future_has_no_fresh_proof() {
    let clock = Arc::new(ManualClock::new());
    let mut ada = principal("ada", &clock, 0);
    ada.authenticated_at = clock.wall() + Duration::from_secs(61);
    let session = Session::start(ada, LIMITS, clock, ()).unwrap();
    assert_eq!(session.authentication_age(), Ok(Duration::MAX));
}

#[test]
fn wall_clock_before_1970_makes_no_proof_fresh() {
    let clock = Arc::new(ManualClock::new());
    let ada = principal("ada", &clock, 0);
    clock.set_wall(0);
    assert_eq!(clock.wall(), SystemTime::UNIX_EPOCH);
    let session = Session::start(ada, LIMITS, clock, ()).unwrap();
    assert_eq!(session.authentication_age(), Ok(Duration::MAX));
}
