//! Root notes and pins.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use super::edits::edited;
use super::note::signers;
use crate::{LogId, Note, NoteSigner as _, NoteText, Pin, RootNote, leaf_hash};

fn text() -> String {
    let [first, second] = [b"first", b"other"].map(|bytes| leaf_hash(bytes));
    let streams = format!("stream: gateway {first}\nstream: main {second}\n");
    let id = "00112233445566778899aabbccddeeff";
    format!("medsec audit root v1\nlog: clinic.example/log\nid: {id}\nrevision: 2\n{streams}")
}

fn pin() -> &'static Pin {
    static PIN: OnceLock<Pin> = OnceLock::new();
    let text = || {
        let key = signers()[0].verifier_key();
        let id = "00112233445566778899aabbccddeeff";
        format!("medsec audit pin v1\nkey: {key}\nlog: {id}\nrevision: 1\n")
    };
    PIN.get_or_init(|| text().parse().unwrap())
}

fn signed(text: &str) -> Option<String> {
    Some(Note::sign(NoteText::new(text).ok()?, &signers()[0]).ok()?.render())
}

fn valid() -> &'static str {
    static VALID: OnceLock<String> = OnceLock::new();
    VALID.get_or_init(|| signed(&text()).unwrap())
}

/// Bytes as a root note, as the text of a signed one, and as a pin, and as edits of valid ones: what opens is what
/// was signed, and has one form.
pub fn audit_root(data: &[u8]) {
    for bytes in [data.to_vec(), edited(valid().as_bytes(), data)] {
        let Ok(root) = RootNote::open(&bytes, pin()) else { continue };
        assert!(bytes.starts_with(text().as_bytes()), "another root note opens");
        assert!(root.revision() == 2 && root.streams().count() == 2);
    }
    for bytes in [data.to_vec(), edited(text().as_bytes(), data)] {
        let signed = std::str::from_utf8(&bytes).ok().and_then(signed);
        let Some(root) = signed.and_then(|note| RootNote::open(note.as_bytes(), pin()).ok()) else {
            continue;
        };
        let names: Vec<_> = root.streams().collect();
        assert!(!names.is_empty() && names.is_sorted_by(|a, b| a < b), "streams out of order");
        assert!(names.iter().all(|name| root.genesis(name).is_some()));
        assert!(root.id() == pin().id(), "another log");
    }
    for bytes in [data.to_vec(), edited(pin().to_string().as_bytes(), data)] {
        let Some(text) = std::str::from_utf8(&bytes).ok() else { continue };
        let Ok(read) = text.parse::<Pin>() else { continue };
        assert!(read.to_string() == text, "another form of a pin");
        assert!(read.id().as_bytes().len() == LogId::LEN);
    }
}

/// First inputs.
#[cfg(test)]
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![text().into_bytes(), valid().into(), pin().to_string().into_bytes()];
    seeds.push(text().replace("gateway", "main").into_bytes());
    seeds.push(text().replace("revision: 2", "revision: 02").into_bytes());
    seeds.push(
        text().lines().take(4).flat_map(|line| [line, "\n"]).collect::<String>().into_bytes(),
    );
    seeds.extend([0, 20, 26, 50, 90, 100, 130, 200].map(|at| vec![0, 0, at, b'0']));
    seeds.extend([20, 60, 101, 180].map(|at| vec![1, 0, at, b'\n']));
    seeds.extend([26, 102, 200].map(|at| vec![3, 0, at, 0]));
    seeds
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::arithmetic_side_effects,
        reason = "a test that panics has failed, which is all it can do"
    )]

    use super::{pin, valid};
    use crate::{Pin, RootNote};

    /// Every beginning, and one bit changed at every place.
    fn damaged(text: &str) -> impl Iterator<Item = Vec<u8>> {
        let bytes = text.as_bytes();
        let cut = (0..bytes.len()).map(|len| bytes[..len].to_vec());
        let changed = (0..bytes.len() * 8).map(|bit| {
            let mut other = bytes.to_vec();
            other[bit / 8] ^= 1 << (bit % 8);
            other
        });
        cut.chain(changed)
    }

    #[test]
    fn damaged_root_note_does_not_open() {
        assert!(RootNote::open(valid().as_bytes(), pin()).is_ok());
        for bytes in damaged(valid()) {
            assert!(RootNote::open(&bytes, pin()).is_err());
        }
        let longer = format!("{}\n", valid());
        assert!(RootNote::open(longer.as_bytes(), pin()).is_err());
    }

    #[test]
    fn damaged_pin_is_none_or_another() {
        let text = pin().to_string();
        for bytes in damaged(&text) {
            let Ok(text) = String::from_utf8(bytes) else { continue };
            // It is not signed: where it is kept decides. The key in it carries a digest of itself.
            assert!(text.parse::<Pin>().ok().as_ref() != Some(pin()));
        }
        assert!(format!("{text}\n").parse::<Pin>().is_err());
        assert!(text.replace('\n', "\r\n").parse::<Pin>().is_err());
    }
}
