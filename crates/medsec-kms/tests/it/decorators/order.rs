//! All decorators together.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::Bind;
use medsec_kms::{Guards, KeyContext, KeyService, KeyServiceError, Timer as _};
use medsec_testkit::{ScriptedKeys, Turn};
use pollster::block_on;

use super::{DOWN, FORGED, Stage, THROTTLED, context};
use crate::support::key;

fn guarded(stage: &Stage, guards: Guards) -> Arc<dyn KeyService> {
    guards.around(stage.keys(), &stage.timer())
}

#[test]
fn deadline_is_one_attempts() {
    let stage = Stage::new([Turn::Hang, Turn::Hang]);
    let service = guarded(&stage, Guards::default());
    block_on(service.generate_dek(&key("mri"), &context())).unwrap();
    assert_eq!(stage.keys.calls(), 3);
    let waits = stage.timer.waits();
    assert_eq!((waits[0], waits[2]), (Duration::from_secs(10), Duration::from_secs(10)));
}

#[test]
fn suspended_service_is_tried_again_when_it_says() {
    let stage = Stage::new([DOWN; 6]);
    let mut guards = Guards::default();
    guards.retry.as_mut().unwrap().attempts = NonZeroU32::new(12).unwrap();
    block_on(guarded(&stage, guards).generate_dek(&key("mri"), &context())).unwrap();
    // Five that found it down, one that tried whether it is back, one when it was; the others were not sent.
    assert_eq!(stage.keys.calls(), 7);
    assert!(stage.timer.waits().len() > 6);
    assert!(stage.timer.now() >= Duration::from_secs(10));
}

#[test]
fn throttling_does_not_stop_a_batch() {
    let throttled = (0..60).map(|at| if at % 3 == 0 { THROTTLED } else { Turn::Answer });
    let stage = Stage::new(throttled);
    let service = guarded(&stage, Guards::default());
    for _ in 0..40 {
        block_on(service.generate_dek(&key("mri"), &context())).unwrap();
    }
    assert_eq!(stage.timer.waits().len(), 20);
}

#[test]
fn guards_that_are_left_out_do_nothing() {
    let stage = Stage::new([DOWN; 9]);
    let mut guards = Guards::default();
    (guards.retry, guards.breaker, guards.at_a_time, guards.deadline) = (None, None, None, None);
    let service = guarded(&stage, guards);
    for _ in 0..9 {
        let refused = block_on(service.generate_dek(&key("mri"), &context()));
        assert!(matches!(refused, Err(KeyServiceError::Unavailable(_))), "{refused:?}");
    }
    block_on(service.generate_dek(&key("mri"), &context())).unwrap();
    assert_eq!((stage.keys.calls(), stage.timer.waits().len()), (10, 0));
}

#[test]
fn only_what_failed_of_a_batch_is_asked_for_again() {
    let stage = Stage::new([]);
    let key = key("mri");
    let mut items = Vec::new();
    for number in 0..6 {
        let context = KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None };
        let (_, stanza) = block_on(stage.keys.generate_dek(&key, &context)).unwrap();
        items.push((stanza, context));
    }
    let turns = [Turn::Answer, DOWN, FORGED, THROTTLED, Turn::Answer, DOWN, DOWN];
    let keys = Arc::new(ScriptedKeys::new(stage.keys(), turns));
    let service = Guards::default().around(keys.clone(), &stage.timer());
    let answers = block_on(service.rewrap_deks(&items, &key));
    // Six; then the three that will pass, of which the first fails again; then that one.
    assert_eq!(keys.calls(), 10);
    for (number, (answer, (_, context))) in answers.iter().zip(&items).enumerate() {
        match (number, answer) {
            (2, Err(KeyServiceError::NotAuthentic)) => {}
            (_, Ok(stanza)) => drop(block_on(stage.keys.unwrap_dek(stanza, context)).unwrap()),
            (_, Err(error)) => panic!("{number}: {error}"),
        }
    }
    assert_eq!(answers.len(), 6);
}

#[test]
fn batch_without_an_answer_fails_as_a_whole() {
    let stage = Stage::new([]);
    let key = key("mri");
    let (_, stanza) = block_on(stage.keys.generate_dek(&key, &context())).unwrap();
    let items = vec![(stanza, context()); 3];
    let mut guards = Guards::default();
    (guards.retry, guards.breaker.as_mut().unwrap().failures) = (None, NonZeroU32::MIN);
    let hanging = Arc::new(ScriptedKeys::new(stage.keys(), [Turn::Hang]));
    let service = guards.around(hanging.clone(), &stage.timer());
    let timed_out = block_on(service.rewrap_deks(&items, &key));
    assert!(timed_out.iter().all(|answer| matches!(answer, Err(KeyServiceError::TimedOut))));
    let suspended = block_on(service.rewrap_deks(&items, &key));
    assert!(
        suspended.iter().all(|answer| matches!(answer, Err(KeyServiceError::Suspended { .. })))
    );
    assert_eq!((timed_out.len(), suspended.len(), hanging.calls()), (3, 3, 1));
}

/// A call and its retries together stay below the minute that a caller far away waits.
#[test]
fn call_with_its_retries_ends_within_a_minute() {
    let stage = Stage::new([Turn::Hang; 40]);
    let mut guards = Guards::default();
    guards.retry.as_mut().unwrap().attempts = NonZeroU32::new(100).unwrap();
    let ended = block_on(guarded(&stage, guards).generate_dek(&key("mri"), &context()));
    assert!(ended.is_err_and(|error| error.is_retryable()));
    assert!(stage.timer.now() < Duration::from_secs(60), "{:?}", stage.timer.now());
}
