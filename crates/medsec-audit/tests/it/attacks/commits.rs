//! Commits taken out, moved, repeated, damaged.

use medsec_audit::VerifyOptions;
use medsec_evidence::{Ev, Proven, evidence};

use super::{
    Fork, Tampered, Torn, Truncated, Whole, anchor, busy, busy_lines, commit, finds, judge, judged,
    put, record, seen,
};
use crate::streams::Home;

fn is_commit(line: &str) -> bool {
    line.starts_with("{\"commit\"")
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "signatures stripped from the audit log are missed: all, one, every other, the last of an epoch",
    polarity = deny,
)]
fn stripped_commits_are_missed(ev: Ev) -> Proven {
    let lines = busy().lines();
    let places = |keep: &dyn Fn(usize) -> bool| -> Vec<usize> {
        let commits = (0..lines.len()).filter(|at| is_commit(&lines[*at]));
        commits.enumerate().filter(|(number, _)| !keep(*number)).map(|(_, at)| at).collect()
    };
    let cases = [
        (places(&|_| false), 0),
        (vec![commit(&lines, 1)], 0),
        (vec![commit(&lines, 4)], 3),
        (vec![commit(&lines, 9)], 5),
        // Of the second epoch: the second, fourth and so on.
        (places(&|number| number % 2 == 0 || number > 5), 1),
        (vec![commit(&lines, 13)], 12),
    ];
    for (stripped, first_bad) in cases {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        for at in stripped.into_iter().rev() {
            drop(lines.remove(at));
        }
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn stripped_commits_of_the_last_epoch_look_like_an_interrupted_batch() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    drop(lines.pop());
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Torn, Truncated, Truncated]);
}

#[test]
fn stripped_commit_of_a_new_stream_leaves_none() {
    let home = Home::new();
    let known = anchor(&home);
    put(&home, &home.lines()[..1]);
    assert_eq!(judge(&home, &known), [Truncated; 3]);
}

#[test]
fn swapped_commits_are_found() {
    for ([a, b], first_bad) in [([4, 5], 3), ([4, 9], 3), ([9, 11], 5)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let places = [commit(&lines, a), commit(&lines, b)];
        lines.swap(places[0], places[1]);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[test]
fn duplicated_commit_is_found() {
    for (size, first_bad) in [(4, 4), (9, 9), (14, 14)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = commit(&lines, size);
        lines.insert(at, lines[at].clone());
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(2)"],
    claim = "a signature of the audit log made at an earlier time does not serve for a later one",
    polarity = deny,
)]
fn replayed_commit_is_found(ev: Ev) -> Proven {
    // In the place of a later one, as it is or with the numbers of that one: what was checked last in an epoch.
    for (earlier, later, restated, first_bad) in
        [(3, 5, false, 4), (3, 9, true, 5), (9, 14, true, 13)]
    {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let old = lines[commit(&lines, earlier)].clone();
        let at = commit(&lines, later);
        let numbers = lines[at].split("\"root\"").next().unwrap().to_owned();
        let signed = old.split_once("\"root\"").unwrap().1;
        lines[at] = if restated { format!("{numbers}\"root\"{signed}") } else { old.clone() };
        put(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(first_bad));
    }
    ev.proven()
}

#[test]
fn commit_of_another_log_is_found() {
    let (home, other) = (busy(), busy());
    let known = anchor(&home);
    let (mut lines, foreign) = (home.lines(), other.lines());
    let at = commit(&lines, 14);
    lines[at] = foreign[commit(&foreign, 14)].clone();
    put(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(13); 3]);
}

/// A commit with one character of its signature changed.
fn damaged(line: &str) -> String {
    let at = line.find("\"sig\":\"").unwrap() + 20;
    let other = if &line[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &line[..at], &line[at + 1..])
}

#[test]
fn damaged_last_signature_of_an_epoch_is_found() {
    for (size, first_bad) in [(1, 0), (9, 5), (13, 12), (14, 13)] {
        let (home, mut lines) = busy_lines();
        let known = anchor(&home);
        let at = commit(&lines, size);
        lines[at] = damaged(&lines[at]);
        put(&home, &lines);
        assert_eq!(judge(&home, &known), [Tampered(first_bad); 3]);
    }
}

#[test]
fn damaged_signature_within_an_epoch_is_found_if_every_commit_is_checked() {
    let (home, mut lines) = busy_lines();
    let known = anchor(&home);
    let at = commit(&lines, 4);
    lines[at] = damaged(&lines[at]);
    put(&home, &lines);
    let [mut each, mut last] = [VerifyOptions::default(), VerifyOptions::default()];
    (each.strict, last.known) = (true, std::slice::from_ref(&known));
    assert_eq!(seen(&home.verify_with(&each)), Tampered(3));
    // No record is another one than the later commit was made for.
    assert_eq!(seen(&home.verify_with(&last)), Whole);
}

#[test]
fn anchor_within_an_epoch_is_compared() {
    let home = busy();
    let lines = home.lines();
    for size in 1..=14 {
        let end = record(&lines, size - 1) + 1;
        let root = super::forge::root_of_lines(&lines[..end]);
        assert_eq!(super::look(&home, &[crate::streams::known(size, root)]), Whole, "{size}");
        let other = crate::streams::known(size, crate::support::other_hash());
        assert_eq!(super::look(&home, &[other]), Fork, "{size}");
    }
}
