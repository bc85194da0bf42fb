//! Notes and verifier keys.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use super::edits::edited;
use crate::{
    Algorithm, Ed25519NoteSigner, KeyName, Note, NoteSigner as _, NoteText, PosixTime, VerifierKey,
};

/// A log and a witness.
pub(super) fn signers() -> &'static [Ed25519NoteSigner; 2] {
    static SIGNERS: OnceLock<[Ed25519NoteSigner; 2]> = OnceLock::new();
    let make = |name, algorithm, seed| {
        Ed25519NoteSigner::take_from(KeyName::new(name).unwrap(), algorithm, &mut [seed; 32])
            .unwrap()
    };
    SIGNERS.get_or_init(|| {
        let log = make("clinic.example/log", Algorithm::Ed25519, 7);
        [log, make("witness.example/w1", Algorithm::CosignatureV1, 8)]
    })
}

/// A text signed by both.
pub(super) fn signed(text: &str) -> String {
    let [log, witness] = signers();
    let mut note = Note::sign(NoteText::new(text).unwrap(), log).unwrap();
    note.cosign(witness, PosixTime::new(1_700_000_000).unwrap()).unwrap();
    note.render()
}

fn valid() -> &'static str {
    static VALID: OnceLock<String> = OnceLock::new();
    VALID.get_or_init(|| signed("A text\n\nwith an empty line.\n"))
}

/// Bytes as they are, and as edits of a valid note: what parses has one form, what verifies with both keys is what
/// they signed. The same of verifier keys.
pub fn note(data: &[u8]) {
    let [log, witness] = signers().each_ref().map(|signer| signer.verifier_key());
    for bytes in [data.to_vec(), edited(valid().as_bytes(), data)] {
        let Ok(note) = Note::parse(&bytes) else { continue };
        assert!(note.render().as_bytes() == bytes, "another form");
        assert!(NoteText::new(note.text().as_str()).is_ok(), "a text that could not be signed");
        if let Ok(verified) = note.verify(&[log, witness]) {
            let known = Note::parse(valid().as_bytes()).unwrap();
            assert!(note.text() == known.text(), "another text verifies");
            assert!(verified.signatures().len() <= 2);
        }
    }
    let key = log.to_string();
    for bytes in [data.to_vec(), edited(key.as_bytes(), data)] {
        let Some(text) = std::str::from_utf8(&bytes).ok() else { continue };
        let Ok(read) = text.parse::<VerifierKey>() else { continue };
        assert!(read.to_string() == text, "another form of a key");
    }
}

/// First inputs.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let [log, witness] = signers().each_ref().map(|signer| signer.verifier_key().to_string());
    let mut seeds = vec![valid().into(), log.into_bytes(), witness.into_bytes()];
    seeds.push(b"text\n\n\xe2\x80\x94 other AAAAAAA=\n".to_vec());
    // A changed byte, one more, one less, a cut: where text, name and signatures lie.
    seeds.extend([3, 40, 60, 120, 200].map(|at| vec![0, 0, at, b'A']));
    seeds.extend([0, 7, 30, 90].map(|at| vec![1, 0, at, b'\n', 2, 0, at, 0]));
    seeds.extend([10, 150].map(|at| vec![3, 0, at, 0]));
    seeds
}
