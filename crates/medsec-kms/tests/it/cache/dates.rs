//! When keys were made: how often it is asked.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use medsec_crypto::Timestamp;
use medsec_kms::{KeyDates, KeyServiceError, SharedKeyLimits};
use medsec_testkit::{OneKey, ScriptedKeys, SkippingTimer, Turn};
use pollster::block_on;

use super::HOUR;
use crate::support::key;

fn dates() -> (KeyDates, Arc<SkippingTimer>) {
    let timer = Arc::new(SkippingTimer::new());
    (KeyDates::new(SharedKeyLimits::default(), timer.clone()), timer)
}

fn keys(turns: impl IntoIterator<Item = Turn>) -> ScriptedKeys {
    let made = Timestamp::from_unix_seconds(1_800_000_000).into();
    ScriptedKeys::new(Arc::new(OneKey::new("mri", 1).made(made)), turns)
}

#[test]
fn who_comes_while_it_is_asked_waits_for_the_answer() {
    let (dates, _) = dates();
    let (keys, name) = (keys([Turn::Hang]), key("mri"));
    let mut poll = Context::from_waker(Waker::noop());
    let mut first = Box::pin(dates.made(&keys, &name));
    let mut second = Box::pin(dates.made(&keys, &name));
    assert!(first.as_mut().poll(&mut poll).is_pending());
    assert!(second.as_mut().poll(&mut poll).is_pending());
    assert_eq!(keys.calls(), 1);
    // One that was given up is not waited for.
    drop(first);
    assert!(matches!(second.as_mut().poll(&mut poll), Poll::Ready(Ok(Some(_)))));
    assert_eq!(keys.calls(), 2);
}

#[test]
fn it_is_asked_once_in_an_hour() {
    let (dates, timer) = dates();
    let (keys, name) = (keys([]), key("mri"));
    let told = [(); 3].map(|()| block_on(dates.made(&keys, &name)).unwrap());
    assert!(told[0].is_some() && told.iter().all(|made| *made == told[0]));
    assert_eq!(keys.calls(), 1);
    timer.advance(HOUR);
    block_on(dates.made(&keys, &name)).unwrap();
    assert_eq!(keys.calls(), 2);
}

#[test]
fn failure_is_not_remembered() {
    let (dates, _) = dates();
    let keys = keys([Turn::Fail(|| KeyServiceError::Throttled { retry_after: None })]);
    assert!(block_on(dates.made(&keys, &key("mri"))).is_err());
    assert!(block_on(dates.made(&keys, &key("mri"))).unwrap().is_some());
}

#[test]
fn service_that_does_not_tell_is_asked_again() {
    let (dates, _) = dates();
    let keys = ScriptedKeys::new(Arc::new(OneKey::new("mri", 1)), []);
    for _ in 0..2 {
        assert_eq!(block_on(dates.made(&keys, &key("mri"))).unwrap(), None);
    }
    assert_eq!(keys.calls(), 2);
}
