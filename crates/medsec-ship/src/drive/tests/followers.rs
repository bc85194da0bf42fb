//! Followers that fail, lie, are slow, or come back.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::scene::{Double, FAILURES, Home, UNREACHABLE, run};
use crate::drive::{Cause, PeerState, Progress, Until};

const ONCE: Until = Until::CaughtUp { tries: 3 };

/// Runs a drive to its end and returns how it ended, and every state it was in.
fn ship(home: &Home, double: &std::sync::Arc<Double>, until: Until) -> (PeerState, Vec<Progress>) {
    let mut told: Vec<Progress> = Vec::new();
    let mut tell = |progress: &Progress| {
        if told.last().is_none_or(|last| last.state != progress.state) {
            told.push(progress.clone());
        }
    };
    let ended = run(home.drive(double).run(until, &mut tell));
    (ended, told)
}

fn is_whole(home: &Home, double: &Double) -> bool {
    *double.lines.lock().unwrap() == home.lines()
}

#[test]
fn what_cannot_be_mended_by_trying_ends_the_drive_at_once() {
    for (failing, cause) in FAILURES.into_iter().filter(|(_, cause)| cause.is_final()) {
        let (home, double) = (Home::with(3), Double::new(true));
        double.fail([failing]);
        let (ended, told) = ship(&home, &double, Until::Dropped);
        assert_eq!(ended, PeerState::Stopped(cause));
        assert_eq!(told.last().unwrap().lag.records, home.size());
        assert_eq!(double.calls.load(Ordering::Relaxed), 1, "nothing is sent after {cause:?}");
    }
}

#[test]
fn what_may_pass_is_tried_again_and_told() {
    for (failing, cause) in FAILURES.into_iter().filter(|(_, cause)| !cause.is_final()) {
        let (home, double) = (Home::with(3), Double::new(true));
        double.fail([failing; 2]);
        let (ended, told) = ship(&home, &double, ONCE);
        assert_eq!(ended, PeerState::Following);
        assert_eq!(told[0].state, PeerState::Failing(cause));
        assert!(told[0].lag.since.is_some());
        assert_eq!(told.last().unwrap().lag.records, 0);
        assert!(is_whole(&home, &double));
    }
}

#[test]
fn an_end_is_found_where_the_follower_stays_away() {
    let (home, double) = (Home::with(1), Double::new(true));
    double.fail([UNREACHABLE; 9]);
    let (ended, _) = ship(&home, &double, ONCE);
    assert_eq!(ended, PeerState::Failing(Cause::Unreachable));
    assert_eq!(double.calls.load(Ordering::Relaxed), 3);
}

#[test]
fn a_follower_ahead_of_the_log_stops_the_drive_after_a_while() {
    let (home, double) = (Home::with(3), Double::new(true));
    *double.size.lock().unwrap() = home.size() + 1;
    let begun = Instant::now();
    let (ended, told) = ship(&home, &double, Until::Dropped);
    assert_eq!(ended, PeerState::Stopped(Cause::Ahead));
    assert!(begun.elapsed() >= super::scene::pace().settle, "the log's mark may be late");
    assert_eq!(told.len(), 1, "nothing is told before");
}

#[test]
fn a_place_that_is_no_commit_is_a_fork() {
    let (home, double) = (Home::with(0), Double::new(true));
    let writer = home.writer();
    let events: Vec<_> = (0..4).map(super::scene::event).collect();
    let _ = writer.append_all(&events).unwrap();
    *double.size.lock().unwrap() = home.size() - 1;
    assert_eq!(ship(&home, &double, ONCE).0, PeerState::Stopped(Cause::Fork));
}

#[test]
fn a_cursor_of_another_history_is_a_fork() {
    let (home, other, double) = (Home::with(3), Home::with(3), Double::new(false));
    assert_eq!(ship(&other, &double, ONCE).0, PeerState::Following);
    let cursor = |home: &Home| home.folder.path().join("cursor");
    std::fs::copy(cursor(&other), cursor(&home)).unwrap();
    assert_eq!(ship(&home, &double, ONCE).0, PeerState::Stopped(Cause::Fork));
}

#[test]
fn a_damaged_cursor_is_told_and_nothing_is_shipped() {
    let (home, double) = (Home::with(3), Double::new(false));
    std::fs::write(home.folder.path().join("cursor"), "0").unwrap();
    assert_eq!(ship(&home, &double, ONCE).0, PeerState::Failing(Cause::Local));
    assert_eq!(double.calls.load(Ordering::Relaxed), 0);
}

#[test]
fn a_later_drive_ships_only_what_came_since() {
    for answers in [true, false] {
        let (home, double) = (Home::with(5), Double::new(answers));
        for _ in 0..3 {
            assert_eq!(ship(&home, &double, ONCE).0, PeerState::Following);
            // Byte for byte, and nothing twice.
            assert!(is_whole(&home, &double), "answers: {answers}");
            home.append(2);
        }
    }
}

#[test]
fn a_copy_that_was_put_back_gets_what_it_lacks() {
    let (home, double) = (Home::with(5), Double::new(true));
    ship(&home, &double, ONCE);
    let (half, size) = (double.lines.lock().unwrap().clone(), home.size());
    home.append(5);
    ship(&home, &double, ONCE);
    (*double.lines.lock().unwrap(), *double.size.lock().unwrap()) = (half, size);
    assert_eq!(ship(&home, &double, ONCE).0, PeerState::Following);
    assert!(is_whole(&home, &double));
}

#[test]
fn a_large_backlog_goes_in_bounded_shipments() {
    let (home, double) = (Home::with(0), Double::new(true));
    let writer = home.writer();
    let events: Vec<_> = (0..1000).map(super::scene::event).collect();
    for _ in 0..20 {
        let _ = writer.append_all(&events).unwrap();
    }
    assert_eq!(ship(&home, &double, ONCE).0, PeerState::Following);
    assert!(is_whole(&home, &double));
    let (largest, whole) = (double.largest.load(Ordering::Relaxed), home.lines().len());
    assert!(whole > 4 << 20 && largest <= 1 << 20, "{largest} of {whole} bytes at once");
}

#[test]
fn a_dropped_drive_leaves_a_place_to_go_on_from() {
    let home = Home::with(200);
    for answers in [true, false] {
        let double = Double::slow(answers, Duration::from_millis(20));
        run(async {
            let mut drive = home.drive(&double);
            let mut tell = |_: &Progress| {};
            let running = drive.run(Until::Dropped, &mut tell);
            assert!(tokio::time::timeout(Duration::from_millis(10), running).await.is_err());
        });
        assert_eq!(ship(&home, &double, ONCE).0, PeerState::Following);
        assert!(is_whole(&home, &double), "answers: {answers}");
    }
}

#[test]
fn a_slow_follower_is_behind_and_then_is_not() {
    let (home, double) = (Home::with(0), Double::slow(true, Duration::from_millis(30)));
    let writer = home.writer();
    let events: Vec<_> = (0..1000).map(super::scene::event).collect();
    for _ in 0..10 {
        let _ = writer.append_all(&events).unwrap();
    }
    let mut states = Vec::new();
    run(async {
        let mut drive = home.drive(&double);
        drive.insist_within(Duration::from_millis(5));
        drive.run(ONCE, &mut |progress: &Progress| states.push(progress.state)).await
    });
    assert!(states.contains(&PeerState::Behind), "{states:?}");
    assert_eq!(states.last(), Some(&PeerState::Following));
}

#[test]
fn the_log_takes_records_while_its_follower_hangs() {
    let (home, double) = (Home::with(1), Double::slow(true, Duration::from_secs(3600)));
    run(async {
        let mut drive = home.drive(&double);
        let mut tell = |_: &Progress| {};
        let running = drive.run(Until::Dropped, &mut tell);
        let appending = tokio::task::spawn_blocking({
            let log = home.log.clone();
            move || {
                let options = medsec_audit::WriterOptions::new(super::scene::place(1));
                let writer = log.writer(&super::scene::stream(), &options, &[]).unwrap();
                for pid in 0..50 {
                    let _ = writer.append(&super::scene::event(pid)).unwrap();
                }
                writer.close().unwrap();
            }
        });
        assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err());
        appending.await.unwrap();
    });
    assert!(home.size() > 50);
}
