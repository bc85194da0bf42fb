//! What is repeated, how often and when.

use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::Dek;
use medsec_kms::{KeyService, KeyServiceError, PlaintextAgain, Retry, RetryLimits};
use medsec_testkit::{OneKey, ScriptedKeys, Turn};
use pollster::block_on;

use super::{CUT, DOWN, FORGED, Stage, THROTTLED, context};
use crate::support::key;

fn retry(stage: &Stage, limits: RetryLimits) -> Retry {
    Retry::new(stage.keys(), stage.timer(), limits)
}

fn generate(service: &dyn KeyService) -> Result<(), KeyServiceError> {
    block_on(service.generate_dek(&key("mri"), &context())).map(drop)
}

#[test]
fn what_will_not_change_is_tried_once() {
    let lasting: [fn() -> KeyServiceError; 9] = [
        || KeyServiceError::NotAuthentic,
        || KeyServiceError::NotPermitted,
        || KeyServiceError::Disabled,
        || KeyServiceError::PendingDestruction,
        || KeyServiceError::NoSuchKey,
        || KeyServiceError::Sealed,
        || KeyServiceError::Unauthenticated,
        || KeyServiceError::Answer("nothing of the kind"),
        || KeyServiceError::Connection(medsec_kms::ConnectionFault::HostName),
    ];
    for error in lasting {
        let stage = Stage::new([Turn::Fail(error)]);
        assert!(generate(&retry(&stage, RetryLimits::default())).is_err());
        assert_eq!((stage.keys.calls(), stage.timer.waits().len()), (1, 0));
    }
}

#[test]
fn nothing_is_tried_after_what_is_not_authentic() {
    let stage = Stage::new([DOWN, FORGED, Turn::Answer]);
    let refused = generate(&retry(&stage, RetryLimits::default()));
    assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
    assert_eq!(stage.keys.calls(), 2);
}

#[test]
fn what_passes_is_tried_again_after_growing_pauses() {
    let stage = Stage::new([DOWN, DOWN, DOWN, DOWN]);
    generate(&retry(&stage, RetryLimits::default())).unwrap();
    let waits = stage.timer.waits();
    assert_eq!((stage.keys.calls(), waits.len()), (5, 4));
    for (number, wait) in waits.iter().enumerate() {
        let most = Duration::from_millis(100 << number);
        assert!((most / 2..=most).contains(wait), "{number}: {wait:?}");
    }
}

#[test]
fn pauses_differ_from_call_to_call() {
    let pauses: Vec<_> = (0..20)
        .map(|_| {
            let stage = Stage::new([DOWN]);
            generate(&retry(&stage, RetryLimits::default())).unwrap();
            stage.timer.waits()[0]
        })
        .collect();
    assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
}

#[test]
fn last_attempt_gives_its_own_error() {
    let stage = Stage::new([DOWN, DOWN, DOWN, DOWN, THROTTLED]);
    let refused = generate(&retry(&stage, RetryLimits::default()));
    assert!(matches!(refused, Err(KeyServiceError::Throttled { .. })), "{refused:?}");
    assert_eq!(stage.keys.calls(), 5);
}

#[test]
fn service_that_says_when_is_left_alone_until_then() {
    let stage = Stage::new([THROTTLED]);
    generate(&retry(&stage, RetryLimits::default())).unwrap();
    assert_eq!(stage.timer.waits(), [Duration::from_secs(3)]);
}

#[test]
fn service_that_says_too_long_ends_the_call() {
    let stage = Stage::new([THROTTLED]);
    let mut limits = RetryLimits::default();
    limits.longest_pause = Duration::from_secs(2);
    let refused = generate(&retry(&stage, limits));
    assert!(matches!(refused, Err(KeyServiceError::Throttled { .. })), "{refused:?}");
    assert_eq!((stage.keys.calls(), stage.timer.waits().len()), (1, 0));
}

#[test]
fn call_ends_when_its_time_is_over() {
    let stage = Stage::new([THROTTLED; 8]);
    let mut limits = RetryLimits::default();
    limits.attempts = std::num::NonZeroU32::new(100).unwrap();
    limits.elapsed = Duration::from_secs(10);
    assert!(generate(&retry(&stage, limits)).is_err());
    assert_eq!((stage.keys.calls(), stage.timer.waits().len()), (4, 3));
}

fn wrap(service: &dyn KeyService) -> Result<(), KeyServiceError> {
    let dek = Dek::generate().unwrap();
    block_on(service.wrap_dek(&key("mri"), &dek, &context())).map(drop)
}

#[test]
fn data_key_is_sent_a_second_time_only_if_allowed() {
    for sent in [CUT, THROTTLED, Turn::Fail(|| KeyServiceError::TimedOut)] {
        let stage = Stage::new([sent]);
        let refused = wrap(&retry(&stage, RetryLimits::default())).unwrap_err();
        assert!(refused.is_retryable() && !refused.is_unsent(), "{refused:?}");
        assert_eq!(stage.keys.calls(), 1);
    }
    let stage = Stage::new([CUT]);
    let mut limits = RetryLimits::default();
    limits.plaintext = PlaintextAgain::Allowed;
    wrap(&retry(&stage, limits)).unwrap();
    assert_eq!(stage.keys.calls(), 2);
}

#[test]
fn data_key_that_was_never_sent_is_sent_when_that_is_possible() {
    let suspended = || KeyServiceError::Suspended { retry_after: Duration::from_secs(2) };
    let stage = Stage::new([DOWN, Turn::Fail(suspended), DOWN]);
    wrap(&retry(&stage, RetryLimits::default())).unwrap();
    assert_eq!(stage.keys.calls(), 4);
    // Once it may have been, it is not any more.
    let stage = Stage::new([DOWN, CUT]);
    wrap(&retry(&stage, RetryLimits::default())).unwrap_err();
    assert_eq!(stage.keys.calls(), 2);
}

#[test]
fn rewrap_that_sends_the_data_key_is_not_repeated() {
    for (unseen, calls) in [(false, 1), (true, 2)] {
        let one = OneKey::new("mri", 1);
        let stage = Stage::of(if unseen { one } else { one.rewrapping_in_sight() }, []);
        let (key, context) = (key("mri"), context());
        let (_, stanza) = block_on(stage.keys.generate_dek(&key, &context)).unwrap();
        for batch in [false, true] {
            let keys = Arc::new(ScriptedKeys::new(stage.keys(), [CUT]));
            let retry = Retry::new(keys.clone(), stage.timer(), RetryLimits::default());
            let rewrapped = match batch {
                true => block_on(retry.rewrap_deks(&[(stanza.clone(), context.clone())], &key))
                    .remove(0),
                false => block_on(retry.rewrap_dek(&stanza, &key, &context)),
            };
            assert_eq!((rewrapped.is_ok(), keys.calls()), (unseen, calls), "batch: {batch}");
        }
    }
}

#[test]
fn every_other_call_is_repeated() {
    let stage = Stage::new([]);
    let (key, context) = (key("mri"), context());
    let (_, stanza) = block_on(stage.keys.generate_dek(&key, &context)).unwrap();
    let again = |call: &dyn Fn(&Retry) -> bool| {
        let keys = Arc::new(ScriptedKeys::new(stage.keys(), [CUT]));
        let retry = Retry::new(keys.clone(), stage.timer(), RetryLimits::default());
        assert!(call(&retry));
        assert_eq!(keys.calls(), 2);
    };
    again(&|retry| block_on(retry.generate_dek(&key, &context)).is_ok());
    again(&|retry| block_on(retry.unwrap_dek(&stanza, &context)).is_ok());
    again(&|retry| block_on(retry.rewrap_dek(&stanza, &key, &context)).is_ok());
    again(&|retry| block_on(retry.describe_key(&key)).is_ok());
}
