//! Copies brought back, copies gone on with, and the mark.

use std::time::Duration;

use medsec_audit::{
    AuditLog, LogTime, OpenWriterError, SlotError, Unwritable, Verdict, VerifyOptions,
};
use medsec_evidence::{Ev, Proven, evidence};
use sha2::{Digest as _, Sha256};

use super::forge::{self, copy_folder, own_key, replace_folder};
use super::{Fork, Truncated, Whole, anchor, append_each, busy, commit, judge, judged};
use crate::streams::{Home, NOON, TestClock, opened, options, stream};

/// A stream with an hour more of records than the copy in the folder `backup`.
fn with_backup() -> Home {
    let home = Home::with(3);
    copy_folder(&home.path(), &home.folder.path().join("backup"));
    let mut later = options();
    later.clock = TestClock::at(NOON + 3_600_000);
    let writer = home.log.writer(&stream(), &later, &[]).unwrap();
    append_each(&writer, 0..3);
    writer.close().unwrap();
    home
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an older copy of the audit log, mark and keys included, is found and not written by who has an anchor",
    polarity = deny,
)]
fn restored_backup_is_found_by_an_anchor(ev: Ev) -> Proven {
    let home = with_backup();
    let known = anchor(&home);
    replace_folder(&home.folder.path().join("backup"), &home.path());
    let [alone, marked, anchored] = judged(&home, &known);
    ev.denies(anchored, |seen| *seen == Truncated);
    ev.denies(home.log.writer(&stream(), &options(), &[known]), |error| {
        matches!(error, OpenWriterError::Anchored { known: 11, found: 6 })
    });
    ev.holds("the files alone do not show it", alone.is_ok() && marked.is_ok());
    ev.proven()
}

#[test]
fn restored_backup_without_an_anchor_is_found_by_age_only_and_forks() {
    let home = with_backup();
    let known = anchor(&home);
    replace_folder(&home.folder.path().join("backup"), &home.path());
    let mut how = VerifyOptions::default();
    let now = LogTime::from_unix_millis(NOON + 3_700_000).unwrap();
    how.freshness = Some((now, Duration::from_secs(900)));
    assert_eq!(home.verify_with(&how).verdict(), Verdict::Stale);

    // The writer cannot know: the keys were in the copy, which they should not be.
    let writer = home.writer();
    append_each(&writer, 10..20);
    writer.close().unwrap();
    assert_eq!(judge(&home, &known), [Whole, Whole, Fork]);
    let refused = home.log.writer(&stream(), &options(), &[known]);
    assert!(matches!(refused, Err(OpenWriterError::Fork { known: 11 })), "{refused:?}");
}

#[test]
fn restored_backup_without_the_keys_is_not_written() {
    let home = with_backup();
    let known = anchor(&home);
    let backup = home.folder.path().join("backup");
    replace_folder(&backup.join("log"), &home.path().join("log"));
    // The mark of today.
    assert_eq!(judge(&home, &known), [Whole, Truncated, Truncated]);
    let refused = home.log.writer(&stream(), &options(), &[]);
    let behind = Unwritable::Behind { acknowledged: 11, found: 6, fault: None };
    assert!(matches!(refused, Err(OpenWriterError::Unwritable(why)) if why == behind));
    // The mark of the copy, the keys of today.
    let _ = std::fs::copy(backup.join("hwm"), home.path().join("hwm")).unwrap();
    assert_eq!(judge(&home, &known), [Whole, Whole, Truncated]);
    let refused = home.log.writer(&stream(), &options(), &[]);
    assert!(matches!(refused, Err(OpenWriterError::Key(SlotError::NoKey))), "{refused:?}");
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "two writers do not write one stream, and two copies of one that were gone on with contradict each other",
    polarity = deny,
)]
fn two_writers_are_found(ev: Ev) -> Proven {
    let home = busy();
    let writer = home.writer();
    let second = home.log.writer(&stream(), &options(), &[]);
    ev.denies(second, |error| matches!(error, OpenWriterError::Busy));
    ev.allows(writer.close());

    let folder = tempfile::tempdir().unwrap();
    copy_folder(&home.folder.path().join("audit"), &folder.path().join("audit"));
    let log = ev.allows(AuditLog::open(&folder.path().join("audit"), home.log.pin()));
    let copy = Home { folder, log };
    for (home, number) in [(&home, 100), (&copy, 200)] {
        let writer = home.writer();
        let _ = ev.allows(writer.append(&opened(number)));
        ev.allows(writer.close());
    }
    for (one, other) in [(&home, &copy), (&copy, &home)] {
        let [alone, marked, anchored] = judged(one, &anchor(other));
        ev.denies(anchored, |seen| *seen == Fork);
        ev.holds("each by itself is whole", alone.is_ok() && marked.is_ok());
    }
    ev.proven()
}

/// Puts a mark of so many records that no key of the log has signed.
fn forge_mark(home: &Home, size: u64) {
    let root = crate::support::other_hash();
    let line = forge::commit_line(home, &own_key(1), [3, 0, size], &root);
    forge::forge_mark(home, &[line]);
}

#[test]
fn mark_edited_ahead_is_taken_for_a_cut() {
    let home = busy();
    let known = anchor(&home);
    forge_mark(&home, 99);
    assert_eq!(judge(&home, &known), [Whole, Truncated, Whole]);
    let refused = home.log.writer(&stream(), &options(), &[]);
    let behind = Unwritable::Behind { acknowledged: 99, found: 14, fault: None };
    assert!(matches!(refused, Err(OpenWriterError::Unwritable(why)) if why == behind));
}

#[test]
fn mark_of_other_records_is_taken_for_a_fork() {
    for size in [14, 9, 3] {
        let home = busy();
        let known = anchor(&home);
        forge_mark(&home, size);
        assert_eq!(judge(&home, &known), [Whole, Fork, Whole], "{size}");
    }
}

#[test]
fn mark_set_back_says_nothing() {
    let home = busy();
    let (known, lines) = (anchor(&home), home.lines());
    forge::forge_mark(&home, &lines[..=commit(&lines, 9)]);
    // As it is after a power cut: it is not synced.
    assert_eq!(judge(&home, &known), [Whole; 3]);
}

#[test]
fn deleted_mark_is_not_found_by_a_check_but_by_the_writer() {
    let home = busy();
    let known = anchor(&home);
    std::fs::remove_file(home.path().join("hwm")).unwrap();
    assert_eq!(judge(&home, &known), [Whole; 3]);
    assert_eq!(home.verify().acknowledged, None);
    let refused = home.log.writer(&stream(), &options(), &[]);
    assert!(matches!(refused, Err(OpenWriterError::Unwritable(Unwritable::NoMark))));
}

#[test]
fn clock_set_back_under_a_writer_is_recorded() {
    let home = busy();
    let mut earlier = options();
    earlier.clock = TestClock::at(NOON - 86_400_000);
    let writer = home.log.writer(&stream(), &earlier, &[]).unwrap();
    let _ = writer.append(&opened(1)).unwrap();
    writer.close().unwrap();
    let steps: Vec<_> =
        home.lines().into_iter().filter(|line| line.contains("\"clock-step\"")).collect();
    assert_eq!(steps.len(), 1, "and only one: from then on it is the time");
    assert!(steps[0].contains("\"expected\":\"2026-11-03T12:00:00.000Z\""), "{}", steps[0]);
    assert!(steps[0].contains("\"found\":\"2026-11-02T12:00:00.000Z\""), "{}", steps[0]);
    assert_eq!(judge(&home, &anchor(&home)), [Whole; 3]);
}

/// Puts a file into quarantine as an interrupted recovery names it, or with the hash of something else.
fn plant(home: &Home, size: u64, content: &[u8], hashed: &[u8]) {
    let digest = Sha256::digest(hashed);
    let short: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    let folder = home.path().join("quarantine");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{size:020}-{short}")), content).unwrap();
}

#[test]
fn planted_file_in_quarantine_is_named_and_changes_nothing() {
    let stale = b"{\"v\":1,\"seq\":14,\"prev\":\"AAAA";
    for (size, hashed, recoveries) in [(14, &stale[..], 1), (13, stale, 0), (14, b"other", 0)] {
        let home = busy();
        let known = anchor(&home);
        let before = home.lines();
        plant(&home, size, stale, hashed);
        assert_eq!(judge(&home, &known), [Whole; 3], "a check does not look there");
        let writer = home.log.writer(&stream(), &options(), std::slice::from_ref(&known)).unwrap();
        assert_eq!(writer.resumed().size, 14);
        writer.close().unwrap();
        let report = home.verify();
        assert_eq!((report.verdict(), report.recoveries), (Verdict::Whole, recoveries));
        assert_eq!(home.lines()[..before.len()], before);
    }
}
