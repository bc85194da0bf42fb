//! Anchors that know other things than the log, fail, or give something back.

use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{Algorithm, Anchored, Ed25519NoteSigner, KeyName, Note, Recalled};
use tokio::sync::Notify;

use super::scene::{AnchorDouble, FAILURES, Home, key, pace, run, stream};
use crate::drive::{AnchorDrive, AnchorParts, Cause, PeerState, Progress, Until};

const ONCE: Until = Until::CaughtUp { tries: 3 };

fn drive(home: &Home, anchor: &Arc<AnchorDouble>, told: &Arc<Notify>) -> AnchorDrive {
    AnchorDrive::new(AnchorParts {
        log: home.log.clone(),
        stream: stream(),
        anchor: Arc::<AnchorDouble>::clone(anchor),
        kept: home.folder.path().join("anchors/notary"),
        every: Duration::from_secs(3600),
        told: Arc::clone(told),
        pace: pace(),
    })
}

fn hand_over(home: &Home, anchor: &Arc<AnchorDouble>) -> PeerState {
    run(drive(home, anchor, &Arc::default()).run(ONCE, &mut |_: &Progress| {}))
}

fn kept(_: &Note) -> Anchored {
    Anchored::Kept
}

fn cosigned(note: &Note) -> Anchored {
    let name = KeyName::new("witness.example").unwrap();
    let witness = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [9; 32]).unwrap();
    let own = Note::sign(note.text().clone(), &witness).unwrap();
    let line = own.render().rsplit_once("\n\n").unwrap().1.to_owned();
    Anchored::Cosigned(Note::parse(format!("{}{line}", note.render()).as_bytes()).unwrap())
}

fn stamped(note: &Note) -> Anchored {
    Anchored::TimeStamped(note.render().into_bytes())
}

fn published(home: &Home) -> Note {
    home.log.publish(&stream(), &key()).unwrap().note
}

fn files(home: &Home) -> Vec<String> {
    let folder = std::fs::read_dir(home.folder.path().join("anchors/notary"));
    let names = folder.into_iter().flatten().map(|e| e.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn an_anchor_that_knows_another_or_a_longer_history_stops_the_drive() {
    let (home, other) = (Home::with(5), Home::with(9));
    let (own, foreign) = (published(&home), published(&other));
    let cases = [
        (foreign.render().into_bytes(), Cause::Ahead),
        (b"no note".to_vec(), Cause::Fork),
        (own.render().replace("main", "other").into_bytes(), Cause::Fork),
    ];
    for (bytes, cause) in cases {
        let anchor = AnchorDouble::new(kept);
        *anchor.recalled.lock().unwrap() = Recalled::Checkpoint(bytes);
        assert_eq!(hand_over(&home, &anchor), PeerState::Stopped(cause));
        assert!(anchor.given.lock().unwrap().is_empty(), "nothing is handed over");
    }
    // The same key, as long or shorter, another tree.
    for events in [5, 2] {
        let anchor = AnchorDouble::new(kept);
        let foreign = published(&Home::with(events));
        *anchor.recalled.lock().unwrap() = Recalled::Checkpoint(foreign.render().into_bytes());
        assert_eq!(hand_over(&home, &anchor), PeerState::Stopped(Cause::Fork));
    }
}

#[test]
fn failures_end_the_drive_or_are_tried_again() {
    for (failing, cause) in FAILURES {
        let (home, anchor) = (Home::with(2), AnchorDouble::new(kept));
        anchor.fails.lock().unwrap().extend([failing; 2]);
        let ended = hand_over(&home, &anchor);
        let expected =
            if cause.is_final() { PeerState::Stopped(cause) } else { PeerState::Following };
        assert_eq!(ended, expected);
    }
}

#[test]
fn a_cosignature_under_another_text_is_not_kept() {
    let (home, anchor) = (Home::with(2), {
        AnchorDouble::new(|_| {
            let other = Home::with(0);
            Anchored::Cosigned(published(&other))
        })
    });
    published(&home);
    assert_eq!(hand_over(&home, &anchor), PeerState::Failing(Cause::Answer));
    assert!(files(&home).is_empty());
}

#[test]
fn what_comes_back_is_kept_and_not_asked_for_again() {
    for (back, expected) in [
        (cosigned as fn(&Note) -> Anchored, &["00000000000000000005.note"][..]),
        (stamped, &["00000000000000000005.note", "00000000000000000005.tsr"]),
    ] {
        let (home, anchor) = (Home::with(2), AnchorDouble::new(back));
        let note = published(&home);
        for _ in 0..2 {
            assert_eq!(hand_over(&home, &anchor), PeerState::Following);
            assert_eq!(files(&home), expected);
        }
        assert_eq!(*anchor.given.lock().unwrap(), [note]);
        let kept = home.folder.path().join("anchors/notary").join(expected[0]);
        let kept = std::fs::read(kept).unwrap();
        home.log.open_checkpoint(&stream(), &kept).unwrap();
        // A time stamp is gone: it is asked for again.
        if let Some(token) = expected.get(1) {
            std::fs::remove_file(home.folder.path().join("anchors/notary").join(token)).unwrap();
            assert_eq!(hand_over(&home, &anchor), PeerState::Following);
            assert_eq!(anchor.given.lock().unwrap().len(), 2);
        }
    }
}

#[test]
fn an_anchor_that_knows_the_past_gets_the_present_when_told() {
    let (home, anchor) = (Home::with(2), AnchorDouble::new(kept));
    let past = published(&home);
    *anchor.recalled.lock().unwrap() = Recalled::Checkpoint(past.render().into_bytes());
    home.append(300);
    let told = Arc::new(Notify::new());
    run(async {
        let mut drive = drive(&home, &anchor, &told);
        let mut tell = |_: &Progress| {};
        let running = drive.run(Until::Dropped, &mut tell);
        let working = tokio::time::timeout(Duration::from_secs(2), running);
        let publishing = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            published(&home);
            told.notify_one();
            while anchor.given.lock().unwrap().len() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let mut working = std::pin::pin!(working);
        tokio::select! {
            _ = &mut working => panic!("the drive does not end"),
            () = publishing => {}
        }
    });
    let given = anchor.given.lock().unwrap();
    assert_eq!(given.len(), 2);
    assert_eq!(given[0], past);
}

#[test]
fn records_behind_the_last_checkpoint_count_and_in_the_end_show() {
    let (home, anchor) = (Home::with(2), AnchorDouble::new(kept));
    published(&home);
    let size = home.size();
    home.append(1);
    let mut seen = Vec::new();
    run(async {
        let mut drive = drive(&home, &anchor, &Arc::default());
        drive.insist_within(Duration::from_millis(50));
        let mut tell = |progress: &Progress| seen.push((progress.state, progress.lag.records));
        let running = drive.run(Until::Dropped, &mut tell);
        assert!(tokio::time::timeout(Duration::from_millis(300), running).await.is_err());
    });
    assert_eq!(seen.first(), Some(&(PeerState::Following, home.size() - size)));
    assert_eq!(seen.last(), Some(&(PeerState::Behind, home.size() - size)));
}
