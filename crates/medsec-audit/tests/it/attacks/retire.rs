//! Records that go before their time, and what is kept beside the lines.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use medsec_audit::{Algorithm, Finding, Known, PublishError, Verdict, leaf_hash};
use medsec_evidence::{Ev, Proven, evidence};

use super::forge::{self, forge_mark, own_key, stolen_key};
use super::{
    Tampered, Truncated, Whole, anchor, busy, finds, judge, judged, segment_files, segmented,
};
use crate::streams::{Home, LOG, stream};
use crate::support::signer;

/// The log key, if the attacker has that too.
fn log_key() -> SigningKey {
    own_key(7)
}

/// A stream of several segments, of which a checkpoint and tiles were made.
fn published() -> (Home, Known) {
    let home = segmented();
    let _ = home.log.publish(&stream(), &signer(LOG, Algorithm::Ed25519, 7)).unwrap();
    let known = anchor(&home);
    (home, known)
}

fn all_lines(files: &[(u64, PathBuf)]) -> Vec<String> {
    let texts = files.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Takes the first segment away, and keeps of it what a retirement keeps.
fn take_first(home: &Home) -> Vec<(u64, PathBuf)> {
    let files = segment_files(home, &stream());
    let (mut kept, mut commit) = (String::new(), String::new());
    for line in all_lines(&files[..1]) {
        if line.starts_with("{\"commit\"") {
            commit = line + "\n";
        } else if line.contains("\"t\":\"epoch\"") {
            kept = kept + &std::mem::take(&mut commit) + &line + "\n";
        }
    }
    std::fs::create_dir_all(home.path().join("spine")).unwrap();
    std::fs::write(home.path().join("spine/00000000000000000000.jsonl"), kept + &commit).unwrap();
    std::fs::remove_file(&files[0].1).unwrap();
    files
}

/// Takes the first segment away and says that the log key permitted it, in an epoch of the stolen key.
fn retire(home: &Home, by: &SigningKey) {
    let mut lines = all_lines(&segment_files(home, &stream()));
    let files = take_first(home);
    let (key, next) = (stolen_key(home), own_key(99));
    let epoch = lines.iter().filter(|line| line.contains("\"t\":\"epoch\"")).count() as u64;
    let (seq, prev) = forge::end_of(&lines);
    let last = files[1].0 - 1;
    let before = lines.iter().position(|line| line.contains(&format!("\"seq\":{},", last + 1)));
    let root = forge::root_of_lines(&lines[..before.unwrap()]);

    let origin = format!("{LOG}/main");
    let mut message = b"medsec/audit-retire/v1\0".to_vec();
    message.extend(u16::try_from(origin.len()).unwrap().to_be_bytes());
    message.extend(origin.as_bytes());
    message.extend(home.log.root().id().as_bytes());
    [epoch, seq].iter().for_each(|number| message.extend(number.to_be_bytes()));
    message.extend(prev.as_bytes());
    message.extend(key.verifying_key().as_bytes());
    message.extend(next.verifying_key().as_bytes());
    [0, last].iter().for_each(|number| message.extend(number.to_be_bytes()));
    message.extend(root.as_bytes());
    let sig = STANDARD.encode(by.sign(&message).to_bytes());

    let line = forge::epoch_line(&lines, epoch, &key, &next).replace("\"start\"", "\"retire\"");
    let line = line.strip_suffix('}').unwrap();
    let line =
        format!("{line},\"first\":0,\"last\":{last},\"root\":\"{root}\",\"sig\":\"{sig}\"}}");
    lines.push(line);
    forge::sign_end(home, &mut lines, (epoch, 0), &key);
    append(&files.last().unwrap().1, &lines[lines.len() - 2..]);
    forge_mark(home, &lines);
}

fn append(path: &Path, lines: &[String]) {
    let text = std::fs::read_to_string(path).unwrap();
    let more: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    std::fs::write(path, text + &more).unwrap();
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "records taken away before their time are missed, whoever pretends that they may go",
    polarity = deny,
)]
fn early_retirement_is_found(ev: Ev) -> Proven {
    // Nobody says that they may go.
    let (home, known) = published();
    drop(take_first(&home));
    finds(&ev, judged(&home, &known), Truncated);
    // A thief of the epoch key says so.
    let (home, known) = published();
    retire(&home, &own_key(1));
    finds(&ev, judged(&home, &known), Tampered(known.size()));
    // Even the log key cannot permit it: record 0 says how long they stay.
    let (home, known) = published();
    retire(&home, &log_key());
    let early =
        home.verify().findings.iter().any(|found| matches!(found, Finding::RetiredEarly { .. }));
    ev.holds("they went before their time", early);
    finds(&ev, judged(&home, &known), Tampered(0));
    ev.proven()
}

#[test]
fn edited_tile_proves_nothing_and_is_not_looked_at_by_a_check() {
    let home = busy();
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let _ = home.log.publish(&stream(), &key).unwrap();
    let known = anchor(&home);
    let tile = home.path().join("tile/0/000.p/14");
    let mut bytes = std::fs::read(&tile).unwrap();
    bytes[5 * 32] ^= 1;
    std::fs::write(&tile, bytes).unwrap();
    assert_eq!(judge(&home, &known), [Whole; 3], "the lines are as they were");
    let lines = home.lines();
    for seq in [3, 4, 12] {
        let leaf = leaf_hash(lines[super::record(&lines, seq)].as_bytes());
        let proof = home.log.prove(&stream(), seq);
        let (origin, public) = (home.log.origin(&stream()), home.log.pin().key());
        let shown = proof.is_ok_and(|proof| proof.verify(&leaf, &origin, public).is_ok());
        assert!(!shown, "record {seq}");
    }
}

#[test]
fn forged_checkpoint_in_the_streams_folder_stops_the_next_one() {
    let home = busy();
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let _ = home.log.publish(&stream(), &key).unwrap();
    let file = home.path().join("checkpoint");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("\n14\n", "\n13\n", 1)).unwrap();
    let refused = home.log.publish(&stream(), &key);
    assert!(matches!(refused, Err(PublishError::Existing(_))), "{refused:?}");
    assert_eq!(home.verify().verdict(), Verdict::Whole);
}
