//! What of a peer's troubles is recorded.

use std::path::Path;

use medsec_audit::{Action, Failure, LogTime, Outcome, PeerName};

use super::scene::{place, stream};
use crate::drive::{Cause, Diary, DiaryLimits, Lag, PeerKind, PeerState, Progress};

const MINUTE: u64 = 60_000;
const START: u64 = 1_793_707_200_000;

fn at(minutes: u64) -> LogTime {
    LogTime::from_unix_millis(START.saturating_add(minutes.saturating_mul(MINUTE))).unwrap()
}

fn progress(state: PeerState, records: u64) -> Progress {
    Progress {
        kind: PeerKind::Follower,
        peer: PeerName::new("siem").unwrap(),
        stream: stream(),
        state,
        lag: Lag { records, since: None },
    }
}

const DOWN: PeerState = PeerState::Failing(Cause::Unreachable);

fn open(folder: &Path) -> Diary {
    Diary::open(folder.join("told"), DiaryLimits::default()).unwrap()
}

/// Looks every minute for so long, and returns when what was recorded.
fn minutes(
    diary: &mut Diary,
    span: std::ops::Range<u64>,
    state: impl Fn(u64) -> PeerState,
) -> Vec<(u64, Outcome)> {
    let mut recorded = Vec::new();
    for minute in span {
        let progress = progress(state(minute), minute);
        if let Some(event) = diary.due(&progress, &place(1), at(minute)) {
            assert_eq!(event.action, Action::FollowerLag);
            assert_eq!(event.subject.peer, Some(progress.peer.clone()));
            assert_eq!(event.subject.items.unwrap().get(), minute);
            recorded.push((minute, event.phase.outcome().unwrap()));
            diary.told(&progress, at(minute)).unwrap();
        }
    }
    recorded
}

fn failed(failure: Failure) -> Outcome {
    Outcome::Failure(failure)
}

#[test]
fn a_follower_that_is_well_is_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = minutes(&mut open(folder.path()), 0..2000, |_| PeerState::Following);
    assert_eq!(recorded, []);
}

#[test]
fn a_dead_follower_is_recorded_once_an_hour_and_its_return_once() {
    let folder = tempfile::tempdir().unwrap();
    let state = |minute| if minute < 1440 { DOWN } else { PeerState::Following };
    let recorded = minutes(&mut open(folder.path()), 0..2880, state);
    let hours: Vec<_> = (0..24).map(|hour| (hour * 60, failed(Failure::Unreachable))).collect();
    assert_eq!(recorded[..24], hours);
    assert_eq!(recorded[24..], [(1440, Outcome::Success)]);
}

#[test]
fn a_follower_that_comes_and_goes_does_not_fill_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let state = |minute| if minute % 2 == 0 { DOWN } else { PeerState::Following };
    let recorded = minutes(&mut open(folder.path()), 0..60, state);
    assert!(recorded.len() <= 12, "{recorded:?}");
    assert!(recorded.windows(2).all(|pair| pair[0].1 != pair[1].1));
}

#[test]
fn a_contradiction_is_recorded_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for cause in [Cause::Fork, Cause::Ahead] {
        let mut diary = open(&folder.path().join(format!("{cause:?}")));
        let state = |minute| if minute < 1 { DOWN } else { PeerState::Stopped(cause) };
        let recorded = minutes(&mut diary, 0..60, state);
        let expected = [(0, failed(Failure::Unreachable)), (1, failed(Failure::Fork))];
        assert_eq!(recorded, expected);
    }
}

#[test]
fn a_new_process_remembers_what_was_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let recorded: Vec<_> = (0..120)
        .flat_map(|minute| minutes(&mut open(folder.path()), minute..minute + 1, |_| DOWN))
        .collect();
    assert_eq!(recorded.len(), 2, "not once for each process");
    std::fs::write(folder.path().join("told"), "unreachable x\n").unwrap();
    assert_eq!(minutes(&mut open(folder.path()), 121..122, |_| DOWN).len(), 1, "damaged: as none");
    let well = |_| PeerState::Following;
    assert_eq!(minutes(&mut open(folder.path()), 122..123, well), [], "it may come and go");
    let diary = open(folder.path());
    let last = diary.due_at_end(&progress(PeerState::Following, 0), &place(1), at(123));
    assert_eq!(last.unwrap().phase.outcome(), Some(Outcome::Success));
}

#[test]
fn a_clock_that_was_set_back_does_not_silence() {
    let folder = tempfile::tempdir().unwrap();
    let mut diary = open(folder.path());
    assert_eq!(minutes(&mut diary, 5000..5001, |_| DOWN).len(), 1);
    assert_eq!(minutes(&mut diary, 0..1, |_| DOWN).len(), 1);
}
