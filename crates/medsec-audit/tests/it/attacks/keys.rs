//! Thieves: whoever has the key of the next epoch from the disk, an epoch's key from its memory, or the log key.

use medsec_audit::{Algorithm, FaultKind, Finding, Known};
use medsec_evidence::{Ev, Proven, evidence};

use super::forge::{self, forge_mark, go_on, own_key, relink, stolen_key};
use super::{
    Fork, Rekeyed, Tampered, Truncated, Whole, anchor, append_each, commit, finds, judge, judged,
    look, put, record,
};
use crate::streams::{Home, LOG, opened, options, stream};
use crate::support::signer;

/// A stream whose writer lives no more but has not closed: records 2 to 4 in epoch 1, 6 to 8 in epoch 2. The key of
/// epoch 3 lies on the disk.
fn running() -> (Home, Vec<String>) {
    let home = Home::new();
    let writer = home.writer();
    append_each(&writer, 0..3);
    writer.rotate().unwrap();
    append_each(&writer, 3..6);
    drop(writer);
    let lines = home.lines();
    (home, lines)
}

fn fault(home: &Home) -> Option<FaultKind> {
    home.verify().findings.iter().find_map(|finding| match finding {
        Finding::Tampered(fault) => Some(fault.kind),
        _ => None,
    })
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "a thief of the key on the disk cannot rewrite an epoch that is over and sign it anew",
    polarity = deny,
)]
fn older_epoch_signed_anew_with_todays_key_is_found(ev: Ev) -> Proven {
    let (home, mut lines) = running();
    let (known, key) = (anchor(&home), stolen_key(&home));
    let at = record(&lines, 3);
    lines[at] = lines[at].replace("\"id\":\"ann\"", "\"id\":\"bob\"");
    relink(&mut lines, at);
    for at in at..lines.len() {
        if lines[at].starts_with("{\"commit\"") {
            let number = |name: &str| -> u64 {
                let behind = lines[at].split_once(name).unwrap().1;
                behind.split(',').next().unwrap().parse().unwrap()
            };
            let numbers = [number("\"e\":"), number("\"c\":"), number("\"n\":")];
            let root = forge::root_of_lines(&lines[..at]);
            lines[at] = forge::commit_line(&home, &key, numbers, &root);
        }
    }
    put(&home, &lines);
    forge_mark(&home, &lines);
    finds(&ev, judged(&home, &known), Tampered(3));
    ev.equal("the signature is what is wrong", &fault(&home), &Some(FaultKind::Signature));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)", "164.312(c)(2)"],
    claim = "a thief of the key on the disk cannot cut into an epoch that is over and go on from there",
    polarity = deny,
)]
fn cut_into_an_older_epoch_and_gone_on_with_is_found(ev: Ev) -> Proven {
    for (epoch, why) in [(2, FaultKind::EpochKey), (3, FaultKind::EpochNumber { found: 3 })] {
        let (home, mut lines) = running();
        let (known, key) = (anchor(&home), stolen_key(&home));
        lines.truncate(commit(&lines, 4) + 1);
        go_on(&home, &mut lines, (epoch, &key), &[opened(1000)]);
        put(&home, &lines);
        forge_mark(&home, &lines);
        finds(&ev, judged(&home, &known), Tampered(4));
        ev.equal("the key was not announced there", &fault(&home), &Some(why));
    }
    ev.proven()
}

#[test]
fn epoch_that_was_closed_cannot_be_taken_back() {
    let home = super::busy();
    let (known, mut lines) = (anchor(&home), home.lines());
    let key = stolen_key(&home);
    lines.truncate(commit(&lines, 13) + 1);
    go_on(&home, &mut lines, (3, &key), &[]);
    put(&home, &lines);
    forge_mark(&home, &lines);
    assert_eq!(judge(&home, &known), [Tampered(13); 3]);
}

/// What an anchor knew when the stream had so many records.
fn anchored_at(lines: &[String], size: u64) -> Known {
    let end = record(lines, size - 1) + 1;
    crate::streams::known(size, forge::root_of_lines(&lines[..end]))
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "what a thief of the key on the disk changes in the epoch that is open is found by an anchor",
    polarity = deny,
)]
fn cut_within_the_open_epoch_is_found_by_an_anchor_only(ev: Ev) -> Proven {
    for size in [6, 7, 8] {
        let (home, honest) = running();
        let (known, key) = (anchor(&home), stolen_key(&home));
        let mut lines = honest.clone();
        lines.truncate(commit(&lines, size) + 1);
        go_on(&home, &mut lines, (3, &key), &[opened(1000), opened(1001)]);
        put(&home, &lines);
        // Whoever forgets the mark, is found by it.
        let [alone, marked, anchored] = judged(&home, &known);
        ev.denies(marked, |seen| matches!(seen, Fork | Truncated));
        ev.denies(anchored, |seen| matches!(seen, Fork | Truncated));
        ev.holds("the file alone does not show it", alone.is_ok());
        forge_mark(&home, &lines);
        let [_, marked, _] = judged(&home, &known);
        ev.holds("nor does the mark, if that is forged too", marked.is_ok());
        let earlier = anchored_at(&honest, size);
        ev.holds("what is older than the cut is as it was", look(&home, &[earlier]) == Whole);
    }
    ev.proven()
}

#[test]
fn records_of_the_open_epoch_told_anew_are_found_by_an_anchor_only() {
    let (home, honest) = running();
    let (known, key) = (anchor(&home), stolen_key(&home));
    let mut lines = honest.clone();
    lines.truncate(commit(&lines, 6) + 1);
    let mut altered = opened(3);
    altered.subject = opened(1000).subject;
    go_on(&home, &mut lines, (3, &key), &[altered, opened(4), opened(5)]);
    put(&home, &lines);
    forge_mark(&home, &lines);
    assert_eq!(judge(&home, &known), [Whole, Whole, Fork]);
    assert_eq!(look(&home, &[anchored_at(&honest, 6)]), Whole);
}

#[test]
fn everything_after_the_theft_of_a_key_is_found_by_an_anchor_only() {
    let home = Home::with(3);
    let (stolen, before) = (stolen_key(&home), home.lines());
    let earlier = anchor(&home);
    // Weeks of epochs later.
    for round in 0..3 {
        let writer = home.writer();
        let _ = writer.append(&opened(round)).unwrap();
        writer.close().unwrap();
    }
    let later = anchor(&home);
    let mut lines = before;
    let events: Vec<_> = (0..10).map(|number| opened(1000 + number)).collect();
    go_on(&home, &mut lines, (3, &stolen), &events);
    put(&home, &lines);
    forge_mark(&home, &lines);
    assert_eq!(judge(&home, &later), [Whole, Whole, Fork]);
    assert_eq!(look(&home, &[earlier]), Whole);
    // The honest key of the next epoch is none of that stream: its writer stops.
    assert!(home.log.writer(&stream(), &options(), &[]).is_err());
}

#[test]
fn open_epoch_told_anew_with_its_own_key_is_found_by_an_anchor_only() {
    let home = Home::with(1);
    // Taken while it waited; what a thief of the writer's memory has.
    let key = stolen_key(&home);
    let writer = home.writer();
    append_each(&writer, 0..3);
    drop(writer);
    let (known, mut lines) = (anchor(&home), home.lines());
    let first = known.size() - 3;
    lines.truncate(commit(&lines, first) + 1);
    for (counter, number) in (1..).zip([1000, 1, 2]) {
        lines.push(forge::event_line(&lines, &opened(number)));
        forge::sign_end(&home, &mut lines, (3, counter), &key);
    }
    put(&home, &lines);
    // The same number of records as had been acknowledged, but not the same.
    assert_eq!(judge(&home, &known), [Whole, Fork, Fork]);
    assert!(home.log.writer(&stream(), &options(), &[]).is_err());
    forge_mark(&home, &lines);
    assert_eq!(judge(&home, &known), [Whole, Whole, Fork]);
}

#[evidence(
    hipaa2013::["164.312(c)(1)", "164.312(c)(2)"],
    claim = "a new epoch key that the log key did not vouch for is refused",
    polarity = deny,
)]
fn rekey_by_a_stranger_is_found(ev: Ev) -> Proven {
    let (home, mut lines) = running();
    let known = anchor(&home);
    go_on(&home, &mut lines, (3, &own_key(1)), &[opened(1000)]);
    let at = record(&lines, 9);
    let end = lines[at].strip_suffix('}').unwrap().replace("\"start\"", "\"rekey\"");
    // A signature of another key, of the right length.
    let signature =
        lines[at + 1].split_once("\"sig\":").unwrap().1.trim_end_matches('}').to_owned();
    lines[at] = format!("{end},\"sig\":{signature}}}");
    lines.truncate(at + 1);
    forge::sign_end(&home, &mut lines, (3, 0), &own_key(1));
    put(&home, &lines);
    forge_mark(&home, &lines);
    finds(&ev, judged(&home, &known), Tampered(9));
    ev.equal("the log key does not vouch", &fault(&home), &Some(FaultKind::Rekey));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "whoever replaces an epoch key with the log key is told of by every later check",
    polarity = deny,
)]
fn rekey_with_the_log_key_shows_for_ever(ev: Ev) -> Proven {
    let log_key = signer(LOG, Algorithm::Ed25519, 7);
    for mark_is_forged in [true, false] {
        let (home, mut lines) = running();
        let known = anchor(&home);
        lines.truncate(commit(&lines, 7) + 1);
        put(&home, &lines);
        if mark_is_forged {
            forge_mark(&home, &lines);
        }
        let writer = ev.allows(home.log.rekey(&stream(), &options(), &[], &log_key));
        let _ = ev.allows(writer.append(&opened(1000)));
        ev.allows(writer.close());
        let _ = ev.allows(home.writer().append(&opened(1001)));
        let [alone, marked, anchored] = judged(&home, &known);
        // That acknowledged records were given up is recorded, where the mark told of them.
        let expected = if mark_is_forged { Rekeyed } else { Truncated };
        finds(&ev, [alone, marked], expected);
        ev.denies(anchored, |seen| *seen == Fork);
    }
    ev.proven()
}
