//! When a service is left alone.

use std::sync::Arc;
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    Breaker, BreakerLimits, KeyService as _, KeyServiceError, KeyServices, ServiceName,
};
use medsec_testkit::{OneKey, Turn};
use pollster::block_on;

use super::{DOWN, FORGED, Stage, THROTTLED, context};
use crate::support::key;

const PAUSE: Duration = Duration::from_secs(5);

fn breaker(stage: &Stage) -> Breaker {
    Breaker::new(stage.keys(), stage.timer(), BreakerLimits::default())
}

fn ask(breaker: &Breaker) -> Result<(), KeyServiceError> {
    block_on(breaker.generate_dek(&key("mri"), &context())).map(drop)
}

fn is_suspended(error: &KeyServiceError) -> bool {
    matches!(error, KeyServiceError::Suspended { .. })
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key service that is down is left alone, the calls fail, and no key of another is used instead",
    polarity = deny,
)]
fn service_that_is_down_is_left_alone(ev: Ev) -> Proven {
    let stage = Stage::new([DOWN; 5]);
    let other = Arc::new(OneKey::new("mri", 1));
    let named = |text: &str| ServiceName::new(text).unwrap();
    let joined = KeyServices::new(Some(other.clone()))
        .with(named("down"), Arc::new(breaker(&stage)))
        .and_then(|joined| joined.with(named("up"), Arc::new(OneKey::new("mri", 2))))
        .unwrap();
    let ask = |name: &str| block_on(joined.generate_dek(&key(name), &context()));
    for _ in 0..5 {
        ev.denies(ask("down:mri"), |e| matches!(e, KeyServiceError::Unavailable(_)));
    }
    stage.timer.advance(Duration::from_secs(2));
    for _ in 0..10 {
        ev.denies(ask("down:mri"), |error| {
            let says_when = error.retry_after() == Some(Duration::from_secs(3));
            is_suspended(error) && says_when && error.is_retryable()
        });
    }
    ev.equal("nothing was sent", &stage.keys.calls(), &5);
    ev.equal("nor to another that has such a key", &other.calls(), &0);
    ev.allows(ask("up:mri"));
    ev.proven()
}

#[test]
fn one_call_tries_whether_it_is_back() {
    let stage = Stage::new([DOWN, DOWN, DOWN, DOWN, DOWN, DOWN]);
    let breaker = breaker(&stage);
    (0..5).for_each(|_| assert!(ask(&breaker).is_err()));
    stage.timer.advance(PAUSE);
    assert!(matches!(ask(&breaker), Err(KeyServiceError::Unavailable(_))));
    assert!(is_suspended(&ask(&breaker).unwrap_err()));
    stage.timer.advance(PAUSE);
    (0..3).for_each(|_| ask(&breaker).unwrap());
    assert_eq!(stage.keys.calls(), 9);
}

#[test]
fn others_wait_while_one_tries() {
    let stage = Stage::new([DOWN, DOWN, DOWN, DOWN, DOWN, Turn::Hang]);
    let breaker = breaker(&stage);
    (0..5).for_each(|_| assert!(ask(&breaker).is_err()));
    stage.timer.advance(PAUSE);
    let (key, context) = (key("mri"), context());
    let mut probe = breaker.generate_dek(&key, &context);
    let mut poll = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(probe.as_mut().poll(&mut poll).is_pending());
    assert!(is_suspended(&ask(&breaker).unwrap_err()));
    drop(probe);
    assert!(is_suspended(&ask(&breaker).unwrap_err()));
    stage.timer.advance(PAUSE);
    ask(&breaker).unwrap();
}

#[test]
fn any_answer_shows_that_it_is_there() {
    let turns = [DOWN, DOWN, DOWN, DOWN, THROTTLED, DOWN, DOWN, DOWN, DOWN, FORGED, DOWN];
    let stage = Stage::new(turns);
    let breaker = breaker(&stage);
    (0..turns.len()).for_each(|_| assert!(!is_suspended(&ask(&breaker).unwrap_err())));
    ask(&breaker).unwrap();
}
