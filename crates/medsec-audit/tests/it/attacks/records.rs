//! Records edited, taken out, moved, put in: by someone who can write the files and has no key.

use medsec_evidence::{Ev, Proven, evidence};

use super::forge::{self, relink};
use super::{Tampered, anchor, busy, busy_lines, commit, finds, judge, judged, put, record};
use crate::streams::opened;

/// Another package than the one that was opened.
fn edit(line: &str) -> String {
    let edited = line.replace("\"package\":\"00000000", "\"package\":\"00000001");
    assert_ne!(edited, line);
    edited
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "one changed byte of a record of the audit log is found, with the number of the record",
    polarity = deny,
)]
fn edited_byte_is_found(ev: Ev) -> Proven {
    // Alone in its batch; first, within and last of a batch; first and last of an epoch; the very last.
    for (seq, first_bad) in [(3, 3), (5, 5), (7, 7), (2, 2), (10, 10)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = record(&lines, seq);
        lines[at] = edit(&lines[at]);
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn edited_last_record_of_a_batch_makes_the_batch_unbelievable() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 8);
    lines[at] = edit(&lines[at]);
    put(&home, &lines);
    // Whether the others of the batch were linked anew, nothing can tell.
    assert_eq!(judge(&home, &known), [Tampered(5); 3]);
}

#[test]
fn edited_epoch_is_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 13);
    lines[at] = lines[at].replace("\"close\"", "\"start\"");
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(13); 3]);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "a changed record is found although the attacker computed all later links of the chain anew",
    polarity = deny,
)]
fn edited_record_with_all_later_links_computed_anew_is_found(ev: Ev) -> Proven {
    // The whole batch, where it has several records: each of them may be the one.
    for (seq, first_bad) in [(3, 3), (6, 5), (12, 12)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = record(&lines, seq);
        lines[at] = edit(&lines[at]);
        relink(&mut lines, at + 1);
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn edited_record_with_links_and_roots_computed_anew_is_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 3);
    lines[at] = edit(&lines[at]);
    relink(&mut lines, at + 1);
    for at in at + 1..lines.len() {
        if let Some((before, rest)) = lines[at].split_once("\"root\":\"") {
            let root = forge::root_of_lines(&lines[..at]);
            lines[at] = format!("{before}\"root\":\"{root}{}", &rest[44..]);
        }
    }
    put(&home, &lines);
    // What a keyless chain of hashes would take for whole; here the signatures do not fit.
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "records taken out of the audit log are missed, with or without their commits",
    polarity = deny,
)]
fn deleted_records_are_missed(ev: Ev) -> Proven {
    let lines = busy().lines();
    let at = |seq| record(&lines, seq);
    // One line; a record and its commit; one of a batch; the whole batch; an epoch's first; a whole epoch.
    let cases = [
        (at(3)..at(3) + 1, 3),
        (at(3)..commit(&lines, 4) + 1, 3),
        (at(6)..at(6) + 1, 6),
        (at(5)..commit(&lines, 9) + 1, 5),
        (at(9)..at(9) + 1, 9),
        (at(9)..commit(&lines, 13) + 1, 9),
    ];
    for (gone, first_bad) in cases {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        drop(lines.drain(gone));
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn deleted_record_with_all_later_ones_numbered_and_linked_anew_is_missed() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 3);
    drop(lines.drain(at..at + 2));
    relink(&mut lines, at);
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(3); 3]);
}

#[test]
fn swapped_records_are_found() {
    for ([a, b], first_bad) in [([3, 4], 3), ([6, 7], 6), ([3, 11], 3)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let places = [record(&lines, a), record(&lines, b)];
        lines.swap(places[0], places[1]);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[test]
fn swapped_records_linked_anew_are_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let places = [record(&lines, 6), record(&lines, 7)];
    lines.swap(places[0], places[1]);
    relink(&mut lines, places[0]);
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(5); 3]);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "a record or batch that stands twice in the audit log is found",
    polarity = deny,
)]
fn duplicated_records_are_found(ev: Ev) -> Proven {
    let lines = busy().lines();
    let at = |seq| record(&lines, seq);
    // Behind itself, a batch with its commit behind itself, a record at the end.
    let cases = [
        (at(3)..at(3) + 1, at(3) + 1, 4),
        (at(5)..commit(&lines, 9) + 1, commit(&lines, 9) + 1, 9),
        (at(3)..commit(&lines, 4) + 1, lines.len(), 14),
    ];
    for (twice, to, first_bad) in cases {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let copy = lines[twice].to_vec();
        drop(lines.splice(to..to, copy));
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn inserted_record_is_found() {
    for anew in [false, true] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = record(&lines, 4);
        let forged = forge::event_line(&lines[..at], &opened(1000));
        lines.insert(at, forged);
        if anew {
            relink(&mut lines, at);
        }
        put(&home, &lines);
        // Linked: the commit behind it is of one record less. Not linked: two records have the number 4.
        let first_bad = if anew { 4 } else { 5 };
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[test]
fn inserted_record_with_a_commit_of_its_own_is_found() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = record(&lines, 4);
    let later = lines.split_off(at);
    lines.push(forge::event_line(&lines, &opened(1000)));
    forge::sign_end(&home, &mut lines, (1, 3), &forge::own_key(1));
    lines.extend(later);
    relink(&mut lines, at);
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(4); 3]);
}
