//! The tools of an attacker: what the documentation of the format says, written again without the crate's writer.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use medsec_audit::{Count, Frontier, Hash, RecordPosition, leaf_hash};

use crate::streams::{Home, LOG};

/// The keys that lie in the slots of `key/next`.
pub(super) fn stolen_keys(home: &Home) -> Vec<SigningKey> {
    let bytes = std::fs::read(home.path().join("key/next")).unwrap();
    let full = bytes.chunks_exact(4096).filter(|slot| slot.starts_with(b"medsec/epoch-key"));
    full.map(|slot| SigningKey::from_bytes(slot[28..60].try_into().unwrap())).collect()
}

/// The one key that lies there while nothing is handed over.
pub(super) fn stolen_key(home: &Home) -> SigningKey {
    let [key] = stolen_keys(home).try_into().unwrap();
    key
}

/// A key of the attacker's own.
pub(super) fn own_key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

/// A commit line of the stream `main`, signed by a key.
pub(super) fn commit_line(
    home: &Home,
    key: &SigningKey,
    [epoch, counter, size]: [u64; 3],
    root: &Hash,
) -> String {
    let origin = format!("{LOG}/main");
    let mut message = b"medsec/audit-log/v1\0".to_vec();
    message.extend(u16::try_from(origin.len()).unwrap().to_be_bytes());
    message.extend(origin.as_bytes());
    message.extend(home.log.root().id().as_bytes());
    [epoch, counter, size].iter().for_each(|number| message.extend(number.to_be_bytes()));
    message.extend(root.as_bytes());
    let sig = STANDARD.encode(key.sign(&message).to_bytes());
    format!(
        "{{\"commit\":{{\"e\":{epoch},\"c\":{counter},\"n\":{size},\"root\":\"{root}\",\"sig\":\"{sig}\"}}}}"
    )
}

pub(super) fn public(key: &SigningKey) -> String {
    STANDARD.encode(key.verifying_key().as_bytes())
}

fn is_record(line: &&String) -> bool {
    line.starts_with("{\"v\":")
}

/// Number and leaf of what comes behind these lines.
pub(super) fn end_of(lines: &[String]) -> (u64, Hash) {
    let records: Vec<_> = lines.iter().filter(is_record).collect();
    let leaf = records.last().map_or(Hash::from_bytes([0; 32]), |line| leaf_hash(line.as_bytes()));
    (u64::try_from(records.len()).unwrap(), leaf)
}

/// The root of the records of these lines.
pub(super) fn root_of_lines(lines: &[String]) -> Hash {
    let mut tree = Frontier::new();
    lines.iter().filter(is_record).for_each(|line| {
        let _ = tree.push(leaf_hash(line.as_bytes())).unwrap();
    });
    tree.root()
}

/// The first members of a record, up to the brace or comma behind `t`.
pub(super) fn head(position: (u64, Hash), ts: &str, kind: &str) -> String {
    let (seq, prev) = position;
    format!("{{\"v\":1,\"seq\":{seq},\"prev\":\"{prev}\",\"ts\":\"{ts}\",\"t\":\"{kind}\"")
}

/// When everything here happens.
pub(super) const TS: &str = "2026-11-03T12:00:00.000Z";

/// The record that opens an epoch behind these lines.
pub(super) fn epoch_line(
    lines: &[String],
    number: u64,
    key: &SigningKey,
    next: &SigningKey,
) -> String {
    let head = head(end_of(lines), TS, "epoch");
    let (key, next) = (public(key), public(next));
    format!("{head},\"epoch\":{number},\"why\":\"start\",\"key\":\"{key}\",\"next\":\"{next}\"}}")
}

/// An event's line behind these lines.
pub(super) fn event_line(lines: &[String], event: &medsec_audit::Event) -> String {
    let (seq, prev) = end_of(lines);
    let ts = medsec_audit::LogTime::from_unix_millis(crate::streams::NOON).unwrap();
    let position = RecordPosition { seq: Count::new(seq).unwrap(), prev, ts };
    String::from_utf8(event.to_line(&position).unwrap()).unwrap()
}

/// Links every record from a line on with the one before it, and numbers it.
pub(super) fn relink(lines: &mut [String], from: usize) {
    for at in from..lines.len() {
        if !is_record(&&lines[at]) {
            continue;
        }
        let (seq, prev) = end_of(&lines[..at]);
        let behind = lines[at].find("\",\"ts\":").unwrap();
        lines[at] = format!("{{\"v\":1,\"seq\":{seq},\"prev\":\"{prev}{}", &lines[at][behind..]);
    }
}

/// Goes on behind these lines with a stolen key: an epoch, then a record for each event, each with its commit.
pub(super) fn go_on(
    home: &Home,
    lines: &mut Vec<String>,
    (epoch, key): (u64, &SigningKey),
    events: &[medsec_audit::Event],
) {
    lines.push(epoch_line(lines, epoch, key, &own_key(99)));
    sign_end(home, lines, (epoch, 0), key);
    for (counter, event) in (1..).zip(events) {
        lines.push(event_line(lines, event));
        sign_end(home, lines, (epoch, counter), key);
    }
}

/// Commits to all of these lines.
pub(super) fn sign_end(
    home: &Home,
    lines: &mut Vec<String>,
    (epoch, counter): (u64, u64),
    key: &SigningKey,
) {
    let size = end_of(lines).0;
    lines.push(commit_line(home, key, [epoch, counter, size], &root_of_lines(lines)));
}

/// Makes the mark say what the last of these lines, a commit, says.
pub(super) fn forge_mark(home: &Home, lines: &[String]) {
    let line = lines.last().unwrap();
    assert!(line.starts_with("{\"commit\""));
    let mut mark = format!("{line}\n").into_bytes();
    mark.resize(512, b' ');
    std::fs::write(home.path().join("hwm"), mark).unwrap();
}

/// Copies a folder with everything in it.
pub(super) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            let _ = std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Puts a folder in the place of another.
pub(super) fn replace_folder(from: &Path, to: &Path) {
    std::fs::remove_dir_all(to).unwrap();
    copy_folder(from, to);
}
