//! The log as a whole: streams and root notes taken away, replaced, made up.

use std::path::PathBuf;

use medsec_audit::{
    Algorithm, AuditLog, LogError, NewLog, OpenWriterError, Pin, Retention, RootError, StreamName,
    VerifyNoteError,
};
use medsec_evidence::{Ev, Proven, evidence};

use super::forge::{copy_folder, replace_folder};
use super::{Tampered, Truncated, anchor, busy, busy_lines, finds, judge, judged, put};
use crate::streams::{Home, LOG, NOON, TestClock, options, stream};
use crate::support::signer;

fn path(home: &Home) -> PathBuf {
    home.folder.path().join("audit")
}

fn reopened(home: &Home, pin: &Pin) -> Result<AuditLog, LogError> {
    AuditLog::open(&path(home), pin)
}

/// A fresh log of the same name, made with a key, in the place of the honest one.
fn fabricate(home: &Home, seed: u8) {
    std::fs::remove_dir_all(path(home)).unwrap();
    let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
    let key = signer(LOG, Algorithm::Ed25519, seed);
    drop(AuditLog::create(&path(home), &new, &key, &*TestClock::at(NOON)).unwrap());
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a stream of the audit log that was deleted is missed, and no writer makes it anew unasked",
    polarity = deny,
)]
fn deleted_stream_is_missed(ev: Ev) -> Proven {
    let home = busy();
    let known = anchor(&home);
    std::fs::remove_dir_all(home.path()).unwrap();
    finds(&ev, judged(&home, &known), Truncated);
    let refused = home.log.writer(&stream(), &options(), &[]);
    ev.denies(refused, |error| {
        matches!(error, OpenWriterError::Io(_) | OpenWriterError::Unwritable(_))
    });
    ev.holds("nothing was made anew", !home.path().join("log").exists());
    ev.proven()
}

#[test]
fn stream_with_its_files_deleted_is_missed_and_not_written() {
    let home = busy();
    let known = anchor(&home);
    for folder in ["log", "key"] {
        std::fs::remove_dir_all(home.path().join(folder)).unwrap();
    }
    for file in ["hwm", "state", "LOCK"] {
        std::fs::remove_file(home.path().join(file)).unwrap();
    }
    assert_eq!(judge(&home, &known), [Truncated; 3]);
    assert!(home.log.writer(&stream(), &options(), &[]).is_err());
    assert!(!home.path().join("log").exists());
}

#[test]
fn deleted_record_zero_is_missed() {
    for lines_gone in [1, 2] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        drop(lines.drain(..lines_gone));
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Truncated; 3]);
        assert!(home.log.writer(&stream(), &options(), &[]).is_err());
    }
}

#[test]
fn edited_record_zero_is_found() {
    for (honest, forged) in [("\"retention\":2192", "\"retention\":1"), ("clinic", "clinik")] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        lines[0] = lines[0].replacen(honest, forged, 1);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(0); 3]);
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "a fresh audit log made up under the same name is refused by whoever has the pin of the true one",
    polarity = deny,
)]
fn fabricated_log_is_refused_by_the_pin(ev: Ev) -> Proven {
    let home = busy();
    let pin = home.log.pin().clone();
    fabricate(&home, 8);
    ev.denies(reopened(&home, &pin), |error| {
        matches!(error, LogError::Root(RootError::Signature(VerifyNoteError::NoKnownKey)))
    });
    // Even by the holder of the log key: it has another id.
    fabricate(&home, 7);
    ev.denies(reopened(&home, &pin), |error| matches!(error, LogError::Root(RootError::OtherLog)));
    ev.proven()
}

#[test]
fn fabricated_stream_in_the_true_log_is_found() {
    let (home, other) = (busy(), busy());
    let known = anchor(&home);
    replace_folder(&other.path(), &home.path());
    assert_eq!(judge(&home, &known), [Tampered(0); 3]);
    assert!(home.log.writer(&stream(), &options(), &[]).is_err());
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a stream cannot be taken out of the list of streams that the pin knows of",
    polarity = deny,
)]
fn older_list_of_streams_is_refused_by_the_newer_pin(ev: Ev) -> Proven {
    let mut home = busy();
    let (old_pin, old_root) = (home.log.pin().clone(), std::fs::read(path(&home).join("root")));
    let gateway = StreamName::new("gateway").unwrap();
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let years = Retention::SIX_YEARS;
    ev.allows(home.log.add_stream(&gateway, years, &key, &*TestClock::at(NOON)));
    let pin = home.log.pin().clone();
    std::fs::write(path(&home).join("root"), ev.allows(old_root)).unwrap();
    std::fs::remove_dir_all(home.log.stream_folder(&gateway)).unwrap();
    ev.denies(reopened(&home, &pin), |error| {
        matches!(error, LogError::OldRoot { found: 1, known: 2 })
    });
    ev.holds("whoever has the older pin does not miss it", reopened(&home, &old_pin).is_ok());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "a list of streams that the log key did not sign as it is, is refused",
    polarity = deny,
)]
fn forged_root_note_is_refused(ev: Ev) -> Proven {
    let home = busy();
    let pin = home.log.pin().clone();
    let file = path(&home).join("root");
    let honest = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, honest.replace("revision: 1\n", "revision: 9\n")).unwrap();
    ev.denies(reopened(&home, &pin), |error| {
        matches!(error, LogError::Root(RootError::Signature(VerifyNoteError::NotAuthentic)))
    });
    // The text alone, and under another log's signature.
    let text = honest.split_once("\n\n").unwrap().0;
    std::fs::write(&file, format!("{text}\n\n")).unwrap();
    ev.denies(reopened(&home, &pin), |error| matches!(error, LogError::Root(RootError::Note(_))));
    let stranger = Home::new();
    fabricate(&stranger, 8);
    let foreign = std::fs::read_to_string(path(&stranger).join("root")).unwrap();
    let signature = foreign.split_once("\n\n").unwrap().1;
    std::fs::write(&file, format!("{text}\n\n{signature}")).unwrap();
    ev.denies(reopened(&home, &pin), |error| {
        matches!(error, LogError::Root(RootError::Signature(VerifyNoteError::NoKnownKey)))
    });
    std::fs::remove_file(&file).unwrap();
    ev.denies(reopened(&home, &pin), |error| matches!(error, LogError::NoLog));
    ev.proven()
}

#[test]
fn edited_pin_opens_nothing() {
    let home = busy();
    let text = home.log.pin().to_string();
    let id = home.log.pin().id().to_string();
    let digit = if id.starts_with('0') { "1" } else { "0" };
    let pin: Pin = text.replace(&id, &format!("{digit}{}", &id[1..])).parse().unwrap();
    assert!(matches!(reopened(&home, &pin), Err(LogError::Root(RootError::OtherLog))));
    let pin: Pin = text.replace("revision: 1", "revision: 2").parse().unwrap();
    assert!(matches!(reopened(&home, &pin), Err(LogError::OldRoot { .. })));
}

#[test]
fn copied_log_is_verified_with_the_pin_alone() {
    let home = busy();
    let copy = home.folder.path().join("copy");
    copy_folder(&path(&home), &copy);
    std::fs::remove_file(copy.join("streams/main/hwm")).unwrap();
    let log = AuditLog::open(&copy, home.log.pin()).unwrap();
    let report = log.verifier(&stream()).unwrap().verify(&medsec_audit::VerifyOptions::default());
    assert_eq!(super::seen(&report.unwrap()), super::Whole);
}
