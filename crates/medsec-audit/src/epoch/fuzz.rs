//! Fuzz targets of what epochs leave on the disk. Not part of the library: built for tests and with
//! `--cfg fuzzing` only. A target panics where something does not hold.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use sha2::{Digest as _, Sha256};

use super::slots::decode;
use super::{Epoch, EpochReason};
use crate::line::{Kind, Line};

/// Bytes of a slot without its digest.
const CONTENT: usize = 4064;

/// A slot as it is, and with the digest that belongs to it: what is taken for a key has one form.
pub fn audit_slots(data: &[u8]) {
    let mut content = data.to_vec();
    content.resize(CONTENT, 0);
    let digest = Sha256::digest(&content);
    let sealed: [u8; 4096] = [&content[..], &digest].concat().try_into().unwrap();
    for bytes in [Some(sealed), data.try_into().ok()].into_iter().flatten() {
        if let Some((epoch, key)) = decode(&bytes) {
            let head = [&b"medsec/epoch-key\x01\0"[..], &epoch.get().to_be_bytes(), &[0, 32]];
            assert!(bytes.starts_with(&head.concat()), "another form");
            assert!(bytes.get(28..60).unwrap() == key.expose_seed(), "another key");
            assert!(bytes.get(60..CONTENT).unwrap().iter().all(|byte| *byte == 0), "more in it");
        }
    }
}

/// A line: what is taken for the record of an epoch is written the same way again.
pub fn audit_epoch(data: &[u8]) {
    let Ok(Line::Record(record)) = Line::parse(data) else { return };
    let Ok(epoch) = Epoch::parse(&record) else { return };
    assert!(record.head.kind == Kind::EPOCH, "of another kind");
    let line = epoch.to_line(&record.head.position).unwrap();
    assert!(line == data, "another form");
    if let EpochReason::Genesis(genesis) = &epoch.reason {
        assert!(genesis.origin().as_str().len() <= crate::LogOrigin::MAX_LEN);
    }
}

/// First inputs of the targets.
#[cfg(test)]
pub(crate) fn seeds() -> [(&'static str, Vec<Vec<u8>>); 2] {
    let sample = crate::stream::fuzz::sample();
    let mut slots: Vec<_> = sample.slots.chunks(4096).map(<[u8]>::to_vec).collect();
    // Without the digest, without the zeros, with another version, another method, another length, and more.
    let full = slots.iter().find(|slot| slot.iter().any(|byte| *byte != 0)).cloned().unwrap();
    slots.extend([CONTENT, 60, 28, 16].map(|len| full.get(..len).unwrap().to_vec()));
    for at in [0, 16, 17, 25, 27, 40, 61] {
        let mut edited = full.clone();
        if let Some(byte) = edited.get_mut(at) {
            *byte ^= 1;
        }
        slots.push(edited);
    }
    let lines = sample.segment.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    [("audit_slots", slots), ("audit_epoch", lines.map(<[u8]>::to_vec).collect())]
}
