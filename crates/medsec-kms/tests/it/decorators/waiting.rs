//! Deadlines, and turns.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use medsec_kms::{Deadline, KeyService, KeyServiceError, Limit, ThreadTimer};
use medsec_testkit::{ScriptedKeys, Turn};
use pollster::block_on;

use super::{Stage, context};
use crate::support::key;

fn poll<T>(future: &mut medsec_kms::KeyFuture<'_, T>) -> Poll<Result<T, KeyServiceError>> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn call_without_an_answer_ends_at_its_deadline() {
    let stage = Stage::new([Turn::Hang]);
    let deadline = Deadline::new(stage.keys(), stage.timer(), Duration::from_secs(9));
    let ended = block_on(deadline.generate_dek(&key("mri"), &context()));
    assert!(matches!(ended, Err(KeyServiceError::TimedOut)), "{ended:?}");
    assert_eq!(stage.timer.waits(), [Duration::from_secs(9)]);
}

#[test]
fn what_is_done_of_a_batch_stays_done_when_the_rest_is_late() {
    let stage = Stage::new([]);
    let (key, context) = (key("mri"), context());
    let (_, stanza) = block_on(stage.keys.generate_dek(&key, &context)).unwrap();
    let items = vec![(stanza, context); 6];
    let turns = [Turn::Answer, Turn::Answer, Turn::Hang];
    let keys = Arc::new(ScriptedKeys::new(stage.keys(), turns));
    let deadline = Deadline::new(keys.clone(), stage.timer(), Duration::from_secs(9));
    let answers = block_on(deadline.rewrap_deks(&items, &key));
    let done: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(done, [true, true, false, false, false, false]);
    assert!(answers[2..].iter().all(|it| matches!(it, Err(KeyServiceError::TimedOut))));
    // What did not answer is not asked for the rest.
    assert_eq!((keys.calls(), stage.timer.waits().len()), (3, 1));
}

#[test]
fn deadline_ends_a_call_without_a_runtime() {
    let stage = Stage::new([Turn::Hang]);
    let time = Duration::from_millis(50);
    let deadline = Deadline::new(stage.keys(), Arc::new(ThreadTimer), time);
    let ended = block_on(deadline.generate_dek(&key("mri"), &context()));
    assert!(matches!(ended, Err(KeyServiceError::TimedOut)), "{ended:?}");
}

#[test]
fn answer_that_is_there_counts() {
    let stage = Stage::new([]);
    let deadline = Deadline::new(stage.keys(), stage.timer(), Duration::ZERO);
    block_on(deadline.generate_dek(&key("mri"), &context())).unwrap();
}

#[test]
fn no_more_calls_than_allowed_are_under_way() {
    let stage = Stage::new([Turn::Hang, Turn::Hang]);
    let limit = Limit::new(stage.keys(), NonZeroUsize::new(2).unwrap());
    let (key, context) = (key("mri"), context());
    let mut calls: Vec<_> = (0..4).map(|_| limit.generate_dek(&key, &context)).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    assert_eq!(stage.keys.calls(), 2);
    drop(calls.remove(0));
    assert!(poll(&mut calls[1]).is_ready());
    // The turn of the third went on to the fourth.
    assert!(poll(&mut calls[2]).is_ready());
    assert_eq!(stage.keys.calls(), 4);
}

#[test]
fn turn_of_a_caller_who_left_is_the_next_ones() {
    let stage = Stage::new([Turn::Hang]);
    let limit = Limit::new(stage.keys(), NonZeroUsize::MIN);
    let (key, context) = (key("mri"), context());
    let mut calls: Vec<_> = (0..4).map(|_| limit.generate_dek(&key, &context)).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    // The second leaves while it waits; the third when it was called and did not know yet.
    drop(calls.remove(1));
    drop(calls.remove(0));
    drop(calls.remove(0));
    assert!(poll(&mut calls[0]).is_ready());
}

#[test]
fn threads_wait_for_their_turn() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let stage = Stage::new([]);
    let (at_work, peak) = (now.clone(), most.clone());
    let watched = medsec_testkit::CountingKeys::watched(stage.keys(), move |_| {
        peak.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(1));
        at_work.fetch_sub(1, Ordering::SeqCst);
    });
    let limit = Limit::new(Arc::new(watched), NonZeroUsize::new(3).unwrap());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    block_on(limit.generate_dek(&key("mri"), &context())).unwrap();
                }
            });
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    assert_eq!(stage.keys.calls(), 160);
    let hands_on: &ScriptedKeys = &stage.keys;
    assert!(hands_on.admits(&medsec_testkit::OneKey::new("mri", 1).key_ref()).is_ok());
}
