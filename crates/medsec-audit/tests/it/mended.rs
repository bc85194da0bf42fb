//! Faults that a reader of the code has found: each test failed before it was mended.

use std::os::unix::fs::symlink;
use std::time::{Duration, SystemTime};

use medsec_audit::{
    Algorithm, AppendError, AuditLog, Clock, CreateLogError, NoteSigner, OpenWriterError,
    PublishError, Retention, SignerError, StreamName, Verdict, VerifierKey, VerifyOptions,
};

use crate::streams::{Home, LOG, NOON, TestClock, opened, options, stream};
use crate::support::signer;

/// A log key whose service does not answer.
struct Away(medsec_audit::Ed25519NoteSigner);

impl NoteSigner for Away {
    fn verifier_key(&self) -> &VerifierKey {
        self.0.verifier_key()
    }

    fn sign_message(&self, _: &[u8]) -> Result<[u8; 64], SignerError> {
        Err(SignerError::Unavailable("away".into()))
    }
}

fn log_key() -> medsec_audit::Ed25519NoteSigner {
    signer(LOG, Algorithm::Ed25519, 7)
}

#[test]
fn a_log_key_that_does_not_answer_leaves_the_epoch_keys_as_they_were() {
    for count in 1..4 {
        let home = Home::with(count);
        let before = std::fs::read(home.path().join("key/next")).unwrap();
        let refused = home.log.rekey(&stream(), &options(), &[], &Away(log_key()));
        assert!(matches!(refused, Err(OpenWriterError::Signer(_))), "{refused:?}");
        assert_eq!(std::fs::read(home.path().join("key/next")).unwrap(), before);
        home.writer().close().unwrap();
        assert_eq!(home.verify().verdict(), Verdict::Whole);
    }
}

#[test]
fn a_checkpoint_is_not_signed_over_commits_that_no_epoch_key_has_made() {
    let home = Home::with(5);
    let _ = home.log.publish(&stream(), &log_key()).unwrap();
    let writer = home.writer();
    let _ = writer.append(&opened(77)).unwrap();
    writer.close().unwrap();
    // Signatures of the commits behind the checkpoint made anew without a key, in lines and mark.
    let forge = |line: &str| match line.split_once("\"sig\":\"") {
        Some((head, _)) => format!("{head}\"sig\":\"{}==\"}}}}", "A".repeat(86)),
        None => line.to_owned(),
    };
    let mut lines = home.lines();
    let behind = lines.len() - 6;
    lines.iter_mut().skip(behind).for_each(|line| *line = forge(line));
    crate::streams::write_lines(&home.segment(), &lines);
    let mark = format!("{}\n", lines.last().unwrap());
    std::fs::write(home.path().join("hwm"), format!("{mark:<512}")).unwrap();
    let refused = home.log.publish(&stream(), &log_key());
    assert!(matches!(refused, Err(PublishError::Fault(_))), "{refused:?}");
}

#[test]
fn a_repair_of_other_records_than_were_acknowledged_leaves_its_trace() {
    let home = Home::with(4);
    // The mark of a log whose last record was another one.
    let other = Home::with(4);
    std::fs::copy(other.path().join("hwm"), home.path().join("hwm")).unwrap();
    let writer = home.log.repair(&stream(), &options(), &[]).unwrap();
    assert!(writer.resumed().lost > 0);
    writer.close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Truncated);
}

#[test]
fn a_repair_without_a_mark_leaves_its_trace() {
    let home = Home::with(4);
    std::fs::remove_file(home.path().join("hwm")).unwrap();
    home.log.repair(&stream(), &options(), &[]).unwrap().close().unwrap();
    assert_eq!(home.verify().recoveries, 1);
}

#[test]
fn a_log_that_was_opened_before_another_stream_was_added_adds_none() {
    let mut home = Home::new();
    let root = home.folder.path().join("audit");
    let mut second = AuditLog::open(&root, home.log.pin()).unwrap();
    let [a, b] = ["a", "b"].map(|name| StreamName::new(name).unwrap());
    let clock = TestClock::at(NOON);
    home.log.add_stream(&a, Retention::SIX_YEARS, &log_key(), &*clock).unwrap();
    let refused = second.add_stream(&b, Retention::SIX_YEARS, &log_key(), &*clock);
    assert!(matches!(refused, Err(CreateLogError::Changed)), "{refused:?}");
    assert_eq!(AuditLog::open(&root, home.log.pin()).unwrap().root().streams().count(), 2);
}

#[test]
fn pipes_and_links_in_the_place_of_files_are_refused() {
    let home = Home::with(2);
    for name in ["hwm", "checkpoint", "state"] {
        let path = home.path().join(name);
        let kept = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        // Neither may wait for a writer of the pipe.
        let _ = home.log.verifier(&stream()).unwrap().verify(&VerifyOptions::default());
        let _ = home.log.checkpoint(&stream());
        let _ = home.log.writer(&stream(), &options(), &[]);
        std::fs::remove_file(&path).unwrap();
        let elsewhere = home.folder.path().join(name);
        std::fs::write(&elsewhere, &kept).unwrap();
        symlink(&elsewhere, &path).unwrap();
        if name == "hwm" {
            assert!(
                home.log.verifier(&stream()).unwrap().verify(&VerifyOptions::default()).is_err()
            );
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, kept).unwrap();
    }
}

/// A clock that fails when it is asked for the time the next time.
#[derive(Debug)]
struct Failing(std::sync::atomic::AtomicBool);

impl Clock for Failing {
    fn wall(&self) -> SystemTime {
        assert!(!self.0.load(std::sync::atomic::Ordering::SeqCst), "no time");
        SystemTime::UNIX_EPOCH + Duration::from_millis(NOON)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn a_panic_while_writing_for_others_is_an_error_for_them() {
    let home = Home::new();
    let clock = std::sync::Arc::new(Failing(std::sync::atomic::AtomicBool::new(false)));
    let mut options = options();
    options.clock = std::sync::Arc::<Failing>::clone(&clock);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    clock.0.store(true, std::sync::atomic::Ordering::SeqCst);
    let panicked = std::thread::scope(|scope| scope.spawn(|| writer.append(&opened(1))).join());
    assert!(panicked.is_err());
    clock.0.store(false, std::sync::atomic::Ordering::SeqCst);
    assert!(matches!(writer.append(&opened(2)), Err(AppendError::Broken(_))));
    drop(writer);
    home.writer().close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn a_reader_does_not_leave_a_segment_before_it_has_read_all_of_it() {
    let home = Home::new();
    let mut small = options();
    small.segment_bytes = 8000;
    let writer = home.log.writer(&stream(), &small, &[]).unwrap();
    let segments = || std::fs::read_dir(home.path().join("log")).unwrap().count();
    let mark = home.path().join("hwm");
    let mut early = Vec::new();
    for number in 0.. {
        if number == 3 {
            early = std::fs::read(&mark).unwrap();
        }
        let _ = writer.append(&opened(number)).unwrap();
        if segments() > 1 {
            break;
        }
    }
    let late = std::fs::read(&mark).unwrap();
    let mut reader = home.log.reader(&stream(), 0).unwrap();
    let mut seen = 0;
    // The mark as it was when a reader has read it, and the segments as they are when it looks for the next one.
    for mark_now in [early, late] {
        std::fs::write(&mark, mark_now).unwrap();
        while let Some(batches) = reader.read().unwrap() {
            for record in batches.lines().unwrap().records() {
                assert_eq!(record.head.position.seq.get(), seen);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, writer.size());
}
