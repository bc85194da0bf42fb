//! What is at the end: cut off, put behind.

use std::time::Duration;

use medsec_audit::{LogTime, Verdict, VerifyOptions};
use medsec_evidence::{Ev, Proven, evidence};

use super::forge;
use super::{
    Tampered, Torn, Truncated, Whole, anchor, busy, busy_lines, commit, finds, judge, judged, look,
    put, record,
};
use crate::streams::{Home, NOON, opened};

fn append(home: &Home, bytes: &[u8]) {
    let whole = [std::fs::read(home.segment()).unwrap(), bytes.to_vec()].concat();
    std::fs::write(home.segment(), whole).unwrap();
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log cut where a batch ended is found cut by its mark, and by an anchor outside",
    polarity = deny,
)]
fn cut_behind_a_commit_is_found_by_mark_and_anchor(ev: Ev) -> Proven {
    for size in [1, 4, 9, 13] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        lines.truncate(commit(&lines, size) + 1);
        put(&home, &lines);
        let [alone, marked, anchored] = judged(&home, &known);
        ev.denies(marked, |seen| *seen == Truncated);
        ev.denies(anchored, |seen| *seen == Truncated);
        ev.holds("the file alone does not show that it was cut", alone.is_ok());
    }
    ev.proven()
}

#[test]
fn cut_behind_a_commit_is_found_by_age_only_where_nothing_else_is_known() {
    let (home, mut lines) = busy_lines();
    lines.truncate(commit(&lines, 9) + 1);
    put(&home, &lines);
    std::fs::remove_file(home.path().join("hwm")).unwrap();
    assert_eq!(look(&home, &[]), Whole);
    // A writer that lives opens an epoch every ten minutes.
    let mut how = VerifyOptions::default();
    let now = LogTime::from_unix_millis(NOON + 1_200_000).unwrap();
    how.freshness = Some((now, Duration::from_secs(900)));
    assert_eq!(home.verify_with(&how).verdict(), Verdict::Stale);
}

#[test]
fn cut_within_a_line_is_found() {
    for seq in [3, 6, 9, 13] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        lines.truncate(record(&lines, seq));
        let half = home.lines()[lines.len()][..90].to_owned();
        put(&home, &lines);
        append(&home, half.as_bytes());
        assert_eq!(judge(&home, &known), [Torn, Truncated, Truncated]);
    }
}

#[test]
fn cut_within_record_zero_leaves_nothing() {
    let (home, lines) = busy_lines();
    let known = anchor(&home);
    std::fs::write(home.segment(), &lines[0][..100]).unwrap();
    assert_eq!(judge(&home, &known), [Truncated; 3]);
}

#[test]
fn cut_within_a_batch_is_found() {
    for behind in [6, 8] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        lines.truncate(record(&lines, behind) + 1);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Torn, Truncated, Truncated]);
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "an audit log that was emptied is never taken for a new one",
    polarity = deny,
)]
fn emptied_file_is_found(ev: Ev) -> Proven {
    let home = busy();
    let known = anchor(&home);
    std::fs::write(home.segment(), b"").unwrap();
    finds(&ev, judged(&home, &known), Truncated);
    let before = std::fs::read(home.segment()).unwrap();
    ev.denies(
        home.log.writer(&crate::streams::stream(), &crate::streams::options(), &[]),
        |error| {
            matches!(
                error,
                medsec_audit::OpenWriterError::Unwritable(
                    medsec_audit::Unwritable::Headless { .. }
                )
            )
        },
    );
    ev.equal("the file is left as it is", &std::fs::read(home.segment()).ok(), &Some(before));
    ev.proven()
}

#[test]
fn padding_with_zeros_is_no_record() {
    for zeros in [1, 4096, 100_000] {
        let home = busy();
        let known = anchor(&home);
        append(&home, &vec![0; zeros]);
        // As a power cut leaves a file that had grown; nothing is missing.
        assert_eq!(judge(&home, &known), [Torn; 3]);
    }
}

#[test]
fn garbage_behind_the_end_is_no_record() {
    for garbage in [&b"\n"[..], b"\n\n", b"{}\n", b"\r\n", &[0xFF; 300]] {
        let home = busy();
        let known = anchor(&home);
        append(&home, garbage);
        assert_eq!(judge(&home, &known), [Torn; 3]);
    }
}

#[test]
fn line_behind_the_end_that_is_longer_than_a_line_is_no_record() {
    let home = busy();
    let known = anchor(&home);
    append(&home, &[vec![b'x'; 80_000], b"\n".to_vec()].concat());
    assert_eq!(judge(&home, &known), [Torn; 3]);
}

#[test]
fn record_put_behind_the_end_without_a_commit_does_not_count() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    lines.push(forge::event_line(&lines, &opened(1000)));
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Torn; 3]);
    assert_eq!(home.verify().size, 14);
}

#[test]
fn batch_put_behind_the_end_and_signed_by_a_stranger_is_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    lines.push(forge::event_line(&lines, &opened(1000)));
    forge::sign_end(&home, &mut lines, (3, 1), &forge::own_key(1));
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(14); 3]);
}

#[test]
fn epoch_put_behind_the_end_with_a_strangers_key_is_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    forge::go_on(&home, &mut lines, (4, &forge::own_key(1)), &[opened(1000)]);
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(14); 3]);
}
