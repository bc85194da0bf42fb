//! Killed while a log or a stream is made.

use std::path::Path;
use std::time::Duration;

use medsec_audit::{
    Algorithm, AuditLog, CreateLogError, NewLog, Retention, StreamName, SystemClock, Verdict,
};
use medsec_testkit::Random;
use medsec_testkit::child::{child, task};

use super::{busy_options, is_full, log_in, publish, tell, told};
use crate::streams::{Home, LOG, opened, stream};
use crate::support::signer;

fn rounds() -> usize {
    if is_full() { 200 } else { 20 }
}

fn new_log(folder: &Path) -> Result<AuditLog, CreateLogError> {
    let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
    let key = signer(LOG, Algorithm::Ed25519, 7);
    AuditLog::create(&folder.join("audit"), &new, &key, &SystemClock::default())
}

fn gateway() -> StreamName {
    StreamName::new("gateway").unwrap()
}

fn add_stream(log: &mut AuditLog) -> Result<(), CreateLogError> {
    let key = signer(LOG, Algorithm::Ed25519, 7);
    log.add_stream(&gateway(), Retention::SIX_YEARS, &key, &SystemClock::default())
}

#[test]
fn makes_a_log() {
    let Some(words) = task() else { return };
    let log = new_log(Path::new(&words[0])).unwrap();
    publish(Path::new(&words[0]), &log);
    tell("made");
}

#[test]
fn adds_a_stream() {
    let Some(words) = task() else { return };
    add_stream(&mut log_in(Path::new(&words[0]))).unwrap();
    tell("made");
}

/// Whether the child said that it had made what it was to make, before it was killed.
fn killed(helper: &str, folder: &Path, random: &mut Random) -> bool {
    let mut maker = child(helper, &[folder.to_str().unwrap()]).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.next_u64() % 40_000));
    maker.kill().unwrap();
    let told = told(&mut maker);
    maker.wait().unwrap();
    told.iter().any(|line| line == "made")
}

/// What is wrong with a stream that was made.
fn check(log: &AuditLog, stream: &StreamName) {
    let writer = log.writer(stream, &busy_options(), &[]).unwrap();
    let _ = writer.append(&opened(1)).unwrap();
    writer.close().unwrap();
    let report = log.verifier(stream).unwrap().verify(&Default::default()).unwrap();
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
}

#[test]
fn a_log_whose_making_was_killed_is_none_or_whole() {
    let (mut random, mut made) = (Random::new(3), [0; 3]);
    for _ in 0..rounds() {
        let home = tempfile::tempdir().unwrap();
        let log = if killed("kill::making::makes_a_log", home.path(), &mut random) {
            made[0] += 1;
            log_in(home.path())
        } else {
            // What is there is no log: the next attempt makes one, or says that something is in its way.
            match new_log(home.path()) {
                Ok(log) => {
                    made[1] += 1;
                    log
                }
                Err(error) => {
                    assert!(matches!(error, CreateLogError::Exists), "{error:?}");
                    made[2] += 1;
                    std::fs::remove_dir_all(home.path().join("audit")).unwrap();
                    new_log(home.path()).unwrap()
                }
            }
        };
        check(&log, &stream());
    }
    println!("{} made, {} not begun, {} removed", made[0], made[1], made[2]);
}

#[test]
fn a_stream_whose_adding_was_killed_is_listed_or_not_there() {
    let (mut random, mut made) = (Random::new(4), [0; 3]);
    for _ in 0..rounds() {
        let home = Home::with(3);
        let folder = home.folder.path();
        publish(folder, &home.log);
        let said = killed("kill::making::adds_a_stream", folder, &mut random);
        // The pin from before the attempt opens the log, whatever became of that.
        let mut log = log_in(folder);
        let listed = log.root().genesis(&gateway()).is_some();
        assert!(listed || !said);
        if listed {
            made[0] += 1;
        } else if let Err(error) = add_stream(&mut log) {
            assert!(matches!(error, CreateLogError::Exists), "{error:?}");
            made[2] += 1;
            std::fs::remove_dir_all(log.stream_folder(&gateway())).unwrap();
            add_stream(&mut log).unwrap();
        } else {
            made[1] += 1;
        }
        check(&log, &gateway());
        check(&log, &stream());
    }
    println!("{} added, {} not begun, {} removed", made[0], made[1], made[2]);
}
