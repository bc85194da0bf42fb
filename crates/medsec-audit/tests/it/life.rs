//! The life of a stream: made, written, ended, gone on with.

use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{
    AppendError, AuditLog, LogTime, OpenWriterError, Pin, SpaceLimits, Unwritable, Verdict,
    VerifyOptions,
};

use crate::streams::{Home, NOON, TestClock, denied, opened, options, stream};

#[test]
fn a_new_log_is_whole_and_has_one_record() {
    let home = Home::new();
    let report = home.verify();
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    assert_eq!((report.size, report.epochs, report.closed), (1, 1, false));
}

#[test]
fn what_was_appended_is_there_and_linked() {
    let home = Home::new();
    let writer = home.writer();
    let seqs: Vec<_> = (0..10).map(|n| writer.append(&opened(n)).unwrap().seq()).collect();
    // Record 0 is the genesis, record 1 the start.
    assert_eq!(seqs, (2..12).collect::<Vec<_>>());
    writer.close().unwrap();
    for strict in [false, true] {
        let mut how = VerifyOptions::default();
        how.strict = strict;
        let report = home.verify_with(&how);
        assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
        assert_eq!((report.size, report.epochs, report.closed), (13, 3, true));
        assert_eq!(report.acknowledged, Some(13));
    }
}

#[test]
fn events_appended_together_have_one_commit() {
    let home = Home::new();
    let writer = home.writer();
    let events: Vec<_> = (0..5).map(opened).collect();
    let appended = writer.append_all(&events).unwrap();
    assert_eq!(appended.len(), 5);
    writer.close().unwrap();
    let commits = home.lines().iter().filter(|line| line.starts_with("{\"commit\"")).count();
    // Genesis, start, batch, close.
    assert_eq!(commits, 4);
}

#[test]
fn a_stream_has_one_writer_at_a_time() {
    let home = Home::new();
    let writer = home.writer();
    let second = home.log.writer(&stream(), &options(), &[]);
    assert!(matches!(second, Err(OpenWriterError::Busy)));
    writer.close().unwrap();
    home.writer().close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn a_writer_that_ended_without_close_is_gone_on_with() {
    let home = Home::new();
    for round in 0..5_u64 {
        let writer = home.writer();
        assert_eq!(writer.resumed().put_aside, 0);
        let _ = writer.append(&opened(round)).unwrap();
        drop(writer);
    }
    let report = home.verify();
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    assert_eq!((report.size, report.closed), (11, false));
}

#[test]
fn an_interrupted_batch_is_put_aside_and_told() {
    let home = Home::with(3);
    let torn = b"{\"v\":1,\"seq\":7,\"prev\":\"AAAA";
    let mut bytes = std::fs::read(home.segment()).unwrap();
    let good = bytes.len();
    bytes.extend_from_slice(torn);
    std::fs::write(home.segment(), &bytes).unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Torn);

    let writer = home.writer();
    assert_eq!(writer.resumed().put_aside, u64::try_from(torn.len()).unwrap());
    writer.close().unwrap();
    let report = home.verify();
    assert_eq!((report.verdict(), report.recoveries), (Verdict::Whole, 1), "{report:?}");
    let after = std::fs::read(home.segment()).unwrap();
    assert_eq!(after[..good], bytes[..good]);
    let aside: Vec<_> = std::fs::read_dir(home.path().join("quarantine")).unwrap().collect();
    let aside = std::fs::read(aside[0].as_ref().unwrap().path()).unwrap();
    assert_eq!(aside, torn);
}

#[test]
fn segments_begin_with_an_epoch_and_go_on_where_the_one_before_ended() {
    let home = Home::new();
    let mut small = options();
    small.segment_bytes = 4096;
    let writer = home.log.writer(&stream(), &small, &[]).unwrap();
    for number in 0..60 {
        let _ = writer.append(&opened(number)).unwrap();
    }
    writer.close().unwrap();
    let segments = std::fs::read_dir(home.path().join("log")).unwrap().count();
    assert!(segments > 4, "{segments}");
    for threads in 1..4 {
        let mut how = VerifyOptions::default();
        how.threads = threads;
        let report = home.verify_with(&how);
        assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    }
    home.writer().close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn an_epoch_ends_in_time_with_the_next_append() {
    let home = Home::new();
    let clock = TestClock::at(NOON);
    let mut options = options();
    options.clock = Arc::<TestClock>::clone(&clock);
    options.epoch = Duration::from_secs(600);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    let _ = writer.append(&opened(0)).unwrap();
    clock.set(NOON + 601_000);
    let after = writer.append(&opened(1)).unwrap();
    assert_eq!(after.seq(), 4, "the epoch's record is before it");
    writer.close().unwrap();
    assert_eq!(home.verify().epochs, 4);
}

#[test]
fn an_idle_epoch_ends_by_itself() {
    let home = Home::new();
    let mut options = options();
    options.clock = Arc::new(medsec_audit::SystemClock::default());
    options.epoch = Duration::from_millis(20);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    while writer.size() < 6 {
        std::thread::sleep(Duration::from_millis(5));
    }
    writer.close().unwrap();
    let report = home.verify();
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
}

#[test]
fn a_clock_that_steps_back_is_a_record() {
    let home = Home::new();
    let clock = TestClock::at(NOON);
    let mut options = options();
    options.clock = Arc::<TestClock>::clone(&clock);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    clock.set(NOON - 60_000);
    let _ = writer.append(&opened(0)).unwrap();
    writer.close().unwrap();
    let steps = home.lines().iter().filter(|line| line.contains("clock-step")).count();
    assert_eq!(steps, 1);
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn a_full_disk_refuses_work_but_not_denials() {
    let home = Home::new();
    let mut options = options();
    options.space = SpaceLimits { warn: u64::MAX, refuse: u64::MAX, stop: 0 };
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    let refused = writer.append(&opened(0));
    assert!(matches!(refused, Err(AppendError::NoSpace { .. })), "{refused:?}");
    let _ = writer.append(&denied()).unwrap();
    writer.close().unwrap();

    options.space.stop = u64::MAX;
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    assert!(matches!(writer.append(&denied()), Err(AppendError::NoSpace { .. })));
}

#[test]
fn eight_threads_lose_nothing_and_share_commits() {
    let home = Home::new();
    let writer = home.writer();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let writer = &writer;
            scope.spawn(move || {
                for number in 0..100 {
                    let _ = writer.append(&opened(thread * 1000 + number)).unwrap();
                }
            });
        }
    });
    writer.close().unwrap();
    let report = home.verify();
    assert_eq!((report.verdict(), report.size), (Verdict::Whole, 803), "{report:?}");
}

#[test]
fn a_stream_without_its_mark_is_not_written() {
    let home = Home::with(3);
    let before = std::fs::read(home.segment()).unwrap();
    std::fs::remove_file(home.path().join("hwm")).unwrap();
    let refused = home.log.writer(&stream(), &options(), &[]);
    assert!(matches!(refused, Err(OpenWriterError::Unwritable(Unwritable::NoMark))));
    std::fs::write(home.path().join("hwm"), b"x").unwrap();
    let refused = home.log.writer(&stream(), &options(), &[]);
    assert!(matches!(refused, Err(OpenWriterError::Unwritable(Unwritable::DamagedMark))));
    assert_eq!(std::fs::read(home.segment()).unwrap(), before);

    home.log.repair(&stream(), &options(), &[]).unwrap().close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}

#[test]
fn a_stream_that_lacks_acknowledged_records_is_repaired_only_if_asked_and_tells() {
    let home = Home::with(5);
    let mut lines = home.lines();
    lines.truncate(lines.len() - 4);
    crate::streams::write_lines(&home.segment(), &lines);
    assert_eq!(home.verify().verdict(), Verdict::Truncated);
    let refused = home.log.writer(&stream(), &options(), &[]);
    assert!(
        matches!(
            refused,
            Err(OpenWriterError::Unwritable(Unwritable::Behind { acknowledged: 8, found: 6, .. }))
        ),
        "{refused:?}"
    );
    // The key of the epoch that was cut off is gone too: only the log key can go on.
    let refused = home.log.repair(&stream(), &options(), &[]);
    assert!(matches!(refused, Err(OpenWriterError::Key(_))), "{refused:?}");
    let key = crate::support::signer(crate::streams::LOG, medsec_audit::Algorithm::Ed25519, 7);
    let writer = home.log.rekey(&stream(), &options(), &[], &key).unwrap();
    assert_eq!(writer.resumed().lost, 2);
    writer.close().unwrap();
    assert_eq!(home.verify().verdict(), Verdict::Truncated, "that records are lost stays visible");
}

#[test]
fn a_writer_refuses_a_stream_that_an_anchor_knows_longer_or_otherwise() {
    let home = Home::with(5);
    let report = home.verify();
    let (size, root) = (report.size, report.root.unwrap());
    let known = [crate::streams::known(size, root)];
    home.log.writer(&stream(), &options(), &known).unwrap().close().unwrap();
    let larger = [crate::streams::known(size + 10, root)];
    let refused = home.log.writer(&stream(), &options(), &larger);
    assert!(matches!(refused, Err(OpenWriterError::Anchored { .. })), "{refused:?}");
    let other = [crate::streams::known(size - 1, root)];
    let refused = home.log.writer(&stream(), &options(), &other);
    assert!(matches!(refused, Err(OpenWriterError::Fork { .. })), "{refused:?}");
}

#[test]
fn freshness_is_judged_by_the_last_signed_time() {
    let home = Home::with(1);
    let hour = Duration::from_secs(3600);
    let mut how = VerifyOptions::default();
    how.freshness = Some((LogTime::from_unix_millis(NOON + 3_600_000).unwrap(), hour));
    assert_eq!(home.verify_with(&how).verdict(), Verdict::Whole);
    how.freshness = Some((LogTime::from_unix_millis(NOON + 3_600_001).unwrap(), hour));
    assert_eq!(home.verify_with(&how).verdict(), Verdict::Stale);
}

#[test]
fn a_stream_is_added_and_the_older_pin_still_opens_the_log() {
    let mut home = Home::new();
    let old = home.log.pin().clone();
    let name = medsec_audit::StreamName::new("gateway").unwrap();
    let key = crate::support::signer(crate::streams::LOG, medsec_audit::Algorithm::Ed25519, 7);
    let years = medsec_audit::Retention::SIX_YEARS;
    let root = home.folder.path().join("audit");
    let before = std::fs::read(root.join("root")).unwrap();
    home.log.add_stream(&name, years, &key, &*TestClock::at(NOON)).unwrap();
    let pin: Pin = home.log.pin().to_string().parse().unwrap();
    assert_eq!(AuditLog::open(&root, &old).unwrap().root().streams().count(), 2);
    assert_eq!(AuditLog::open(&root, &pin).unwrap().root().revision(), 2);
    // The list without it is refused by whoever holds the new pin.
    std::fs::write(root.join("root"), before).unwrap();
    assert!(AuditLog::open(&root, &old).is_ok());
    assert!(AuditLog::open(&root, &pin).is_err());
}

#[test]
fn newest_time_does_not_follow_a_clock_that_was_set_back() {
    let home = Home::with(1);
    let clock = TestClock::at(NOON - 3_600_000);
    let mut options = options();
    options.clock = Arc::<TestClock>::clone(&clock);
    let writer = home.log.writer(&stream(), &options, &[]).unwrap();
    assert_eq!(writer.newest_time().unix_millis(), NOON, "its own first record is earlier");
    let _ = writer.append(&opened(1)).unwrap();
    assert_eq!(writer.newest_time().unix_millis(), NOON);
    clock.set(NOON + 5);
    let _ = writer.append(&opened(2)).unwrap();
    assert_eq!(writer.newest_time().unix_millis(), NOON + 5);
    clock.set(NOON + 9);
    writer.rotate().unwrap();
    assert_eq!(writer.newest_time().unix_millis(), NOON + 9);
}
