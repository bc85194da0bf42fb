//! Checkpoints.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use super::edits::edited;
use super::note::{signed, signers};
use crate::{Checkpoint, EMPTY_ROOT, Note, NoteSigner as _, Relation, leaf_hash};

fn text() -> String {
    format!("clinic.example/log\n1000003\n{}\nextension\n", leaf_hash(b"root"))
}

fn valid() -> &'static str {
    static VALID: OnceLock<String> = OnceLock::new();
    VALID.get_or_init(|| signed(&text()))
}

/// Bytes as a text, as a signed checkpoint, and as edits of valid ones: one form each, and what opens is what was
/// signed.
pub fn checkpoint(data: &[u8]) {
    for bytes in [data.to_vec(), edited(text().as_bytes(), data)] {
        let Ok(text) = std::str::from_utf8(&bytes) else { continue };
        let Ok(read) = Checkpoint::parse_text(text) else { continue };
        assert!(read.to_text().unwrap().as_str() == text, "another form");
        assert!(read.size() > 0 || *read.root() == EMPTY_ROOT, "a root of nothing");
        assert!(read.relation_to(&read) == Relation::Same);
    }
    let [log, witness] = signers().each_ref().map(|signer| signer.verifier_key());
    for bytes in [data.to_vec(), edited(valid().as_bytes(), data)] {
        if let Ok(note) = Note::parse(&bytes) {
            let _ = Checkpoint::insecure_of_unverified(&note);
        }
        let opened = Checkpoint::open(&bytes, log, std::slice::from_ref(witness));
        let Ok((read, verified)) = opened else { continue };
        assert!(read == Checkpoint::parse_text(&text()).unwrap(), "another checkpoint opens");
        assert!(verified.by(log).is_some(), "without the log");
        if verified.by(witness).is_some() && verified.signatures().len() == 2 {
            assert!(bytes.starts_with(text().as_bytes()));
        }
    }
}

/// First inputs.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![text().into_bytes(), valid().into()];
    seeds.push(format!("o\n0\n{EMPTY_ROOT}\n").into_bytes());
    seeds.push(format!("o\n01\n{EMPTY_ROOT}\n").into_bytes());
    seeds.push(format!("o\n9223372036854775807\n{}\n", leaf_hash(b"x")).into_bytes());
    seeds.extend([0, 18, 19, 26, 27, 70, 71, 90, 180].map(|at| vec![0, 0, at, b'0']));
    seeds.extend([18, 26, 71, 82].map(|at| vec![1, 0, at, b'\n']));
    seeds.extend([26, 82, 200].map(|at| vec![3, 0, at, 0]));
    seeds
}
