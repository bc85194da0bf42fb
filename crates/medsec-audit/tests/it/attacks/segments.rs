//! Segments taken out, renamed, repeated, replaced.

use medsec_audit::{Retention, StreamName};
use medsec_evidence::{Ev, Proven, evidence};

use super::{
    Tampered, Truncated, Whole, anchor, fill_segments, finds, judge, judged, segment_files,
    segmented,
};
use crate::streams::{Home, stream};

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a missing file of the audit log is missed, also one from the middle",
    polarity = deny,
)]
fn deleted_segments_are_missed(ev: Ev) -> Proven {
    let count = segment_files(&segmented(), &stream()).len();
    for gone in 0..count {
        let home = segmented();
        let known = anchor(&home);
        let files = segment_files(&home, &stream());
        std::fs::remove_file(&files[gone].1).unwrap();
        let [alone, marked, anchored] = judged(&home, &known);
        if gone == 0 {
            finds(&ev, [alone, marked, anchored], Truncated);
        } else if gone + 1 == count {
            ev.holds("the last segment is missed by mark and anchor only", alone.is_ok());
            finds(&ev, [marked, anchored], Truncated);
        } else {
            let first_bad = files[gone].0;
            finds(&ev, [alone, marked, anchored], Tampered(first_bad));
        }
    }
    ev.proven()
}

#[test]
fn renamed_segment_is_found() {
    for later in [false, true] {
        let home = segmented();
        let known = anchor(&home);
        let files = segment_files(&home, &stream());
        // Too early it stands where another goes on; too late it is missing from its place.
        let (first_bad, name) = if later { (files[2].0, 99) } else { (files[1].0, files[1].0 - 1) };
        let name = format!("{name:020}.jsonl");
        std::fs::rename(&files[2].1, files[2].1.with_file_name(name)).unwrap();
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[test]
fn segment_renamed_so_that_it_is_none_is_missed() {
    for name in ["00000000000000000000.jsonl.bak", "1.jsonl", "x"] {
        let home = segmented();
        let known = anchor(&home);
        let files = segment_files(&home, &stream());
        std::fs::rename(&files[2].1, files[2].1.with_file_name(name)).unwrap();
        assert_eq!(judge(&home, &known), [Tampered(files[2].0); 3]);
    }
}

#[test]
fn segment_that_is_a_link_is_none() {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let aside = home.folder.path().join("aside");
    std::fs::rename(&files[2].1, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &files[2].1).unwrap();
    assert_eq!(judge(&home, &known), [Tampered(files[2].0); 3]);
}

#[test]
fn swapped_segments_are_found() {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let [a, b] = [1, 2].map(|at| std::fs::read(&files[at].1).unwrap());
    std::fs::write(&files[1].1, b).unwrap();
    std::fs::write(&files[2].1, a).unwrap();
    assert_eq!(judge(&home, &known), [Tampered(files[1].0); 3]);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a file of the audit log that is put behind the last one again is found",
    polarity = deny,
)]
fn replayed_segment_is_found(ev: Ev) -> Proven {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let next = files[0].1.with_file_name(format!("{:020}.jsonl", known.size()));
    std::fs::copy(&files[2].1, next).unwrap();
    finds(&ev, judged(&home, &known), Tampered(known.size()));
    ev.proven()
}

/// A log with two streams in which the same happens.
fn with_two_streams() -> (Home, StreamName) {
    let mut home = Home::new();
    let other = StreamName::new("other").unwrap();
    let key = crate::support::signer(crate::streams::LOG, medsec_audit::Algorithm::Ed25519, 7);
    let clock = crate::streams::TestClock::at(crate::streams::NOON);
    home.log.add_stream(&other, Retention::SIX_YEARS, &key, &*clock).unwrap();
    fill_segments(&home, &stream());
    fill_segments(&home, &other);
    (home, other)
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "records of another stream, or of another log, put into the audit log are found",
    polarity = deny,
)]
fn segment_of_another_stream_or_log_is_found(ev: Ev) -> Proven {
    for of_another_log in [false, true] {
        let (home, other) = with_two_streams();
        let foreign_home = segmented();
        let known = anchor(&home);
        let foreign = if of_another_log {
            segment_files(&foreign_home, &stream())
        } else {
            segment_files(&home, &other)
        };
        let own = segment_files(&home, &stream());
        let same = (1..own.len()).find(|at| foreign.iter().any(|file| file.0 == own[*at].0));
        let (first_bad, path) = &own[same.unwrap()];
        let from = foreign.iter().find(|file| file.0 == *first_bad).unwrap();
        std::fs::copy(&from.1, path).unwrap();
        finds(&ev, judged(&home, &known), Tampered(*first_bad));
    }
    ev.proven()
}

#[test]
fn segment_cut_behind_a_commit_is_found_by_the_next_one() {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let text = std::fs::read_to_string(&files[2].1).unwrap();
    let end = text.find("\n{\"v\":").unwrap() + 1;
    std::fs::write(&files[2].1, &text[..end]).unwrap();
    assert_eq!(judge(&home, &known), [Tampered(files[2].0 + 1); 3]);
}

#[test]
fn joined_segments_are_the_same_stream() {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let joined = [1, 2].map(|at| std::fs::read(&files[at].1).unwrap()).concat();
    std::fs::write(&files[1].1, joined).unwrap();
    std::fs::remove_file(&files[2].1).unwrap();
    // Every line is there, in its order.
    assert_eq!(judge(&home, &known), [Whole; 3]);
}

#[test]
fn segment_that_does_not_begin_with_an_epoch_is_found() {
    let (home, lines) = super::busy_lines();
    let known = anchor(&home);
    let at = super::record(&lines, 3);
    super::put(&home, &lines[..at]);
    let second = home.segment().with_file_name("00000000000000000003.jsonl");
    crate::streams::write_lines(&second, &lines[at..]);
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
}

#[test]
fn overlapping_segments_are_found() {
    let home = segmented();
    let known = anchor(&home);
    let files = segment_files(&home, &stream());
    let name = format!("{:020}.jsonl", files[2].0 - 1);
    std::fs::copy(&files[2].1, files[2].1.with_file_name(name)).unwrap();
    assert_eq!(judge(&home, &known), [Tampered(files[2].0); 3]);
}

#[test]
fn log_with_another_stream_in_the_place_of_one_is_found() {
    let (home, other) = with_two_streams();
    let known = anchor(&home);
    super::forge::replace_folder(&home.log.stream_folder(&other), &home.path());
    assert_eq!(judge(&home, &known), [Tampered(0); 3]);
}
