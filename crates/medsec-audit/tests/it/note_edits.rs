//! Every flip and every cut of a signed checkpoint, and random edits.

use medsec_audit::{
    Algorithm, Checkpoint, Note, NoteSigner as _, PosixTime, VerifierKey, leaf_hash,
};
use proptest::prelude::*;

use crate::checkpoints::checkpoint;
use crate::support::signer;

/// A checkpoint that a log and a witness signed, and their keys.
fn signed() -> (String, VerifierKey, VerifierKey) {
    let log = signer("clinic.example/log", Algorithm::Ed25519, 1);
    let witness = signer("witness.example/w1", Algorithm::CosignatureV1, 2);
    let body = checkpoint("clinic.example/log", 1_000_003, leaf_hash(b"root")).to_text().unwrap();
    let mut note = Note::sign(body, &log).unwrap();
    note.cosign(&witness, PosixTime::new(1_700_000_000).unwrap()).unwrap();
    (note.render(), log.verifier_key().clone(), witness.verifier_key().clone())
}

/// Whether bytes are accepted with both signatures.
fn accepted(bytes: &[u8], log: &VerifierKey, witness: &VerifierKey) -> bool {
    let witnesses = std::slice::from_ref(witness);
    Checkpoint::open(bytes, log, witnesses)
        .is_ok_and(|(_, verified)| verified.by(witness).is_some())
}

#[test]
fn no_flipped_bit_is_accepted_with_both_signatures() {
    let (note, log, witness) = signed();
    assert!(accepted(note.as_bytes(), &log, &witness));
    for at in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            assert!(!accepted(&changed, &log, &witness), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn no_flipped_bit_before_the_witness_is_accepted_at_all() {
    let (note, log, _) = signed();
    let end = note.find("\u{2014} witness").unwrap();
    for at in 0..end {
        for bit in 0..8 {
            let mut changed = note.as_bytes().to_vec();
            changed[at] ^= 1 << bit;
            assert!(Checkpoint::open(&changed, &log, &[]).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn no_cut_is_accepted_but_the_one_before_a_whole_line() {
    let (note, log, witness) = signed();
    let witness_line = note.find("\u{2014} witness").unwrap();
    for len in 0..note.len() {
        let cut = &note.as_bytes()[..len];
        assert!(!accepted(cut, &log, &witness), "{len}");
        // The log's own line stands whole: the checkpoint is as good as it was before the witness signed.
        assert_eq!(Checkpoint::open(cut, &log, &[]).is_ok(), len == witness_line, "{len}");
        assert!(Checkpoint::open(&note.as_bytes()[len + 1..], &log, &[]).is_err(), "from {len}");
    }
}

proptest! {
    #[test]
    fn edited_notes_are_refused_or_say_the_same(edits in prop::collection::vec((any::<prop::sample::Index>(), any::<Option<u8>>(), any::<bool>()), 1..4)) {
        let (note, log, witness) = signed();
        let mut bytes = note.clone().into_bytes();
        for (at, byte, keep) in edits {
            let at = at.index(bytes.len());
            match (byte, keep) {
                (Some(byte), true) => bytes[at] = byte,
                (Some(byte), false) => bytes.insert(at, byte),
                (None, _) => { bytes.remove(at); }
            }
        }
        if accepted(&bytes, &log, &witness) {
            prop_assert_eq!(bytes, note.into_bytes());
        }
    }

    #[test]
    fn whatever_parses_is_rendered_as_it_was(text in "([ -~é]{0,12}\n){0,4}", names in prop::collection::vec("[a-zé/.]{1,9}", 0..4), sig in "[A-Za-z0-9+/]{8,16}", tail in "[ \n=]{0,2}") {
        let lines: String = names.iter().map(|name| format!("\u{2014} {name} {sig}\n")).collect();
        let note = format!("{text}\n{lines}{tail}");
        if let Ok(parsed) = Note::parse(note.as_bytes()) {
            prop_assert_eq!(parsed.render(), note);
        }
    }

    #[test]
    fn random_bytes_never_verify(bytes in any::<Vec<u8>>()) {
        let (_, log, _) = signed();
        prop_assert!(Checkpoint::open(&bytes, &log, &[]).is_err());
    }
}
