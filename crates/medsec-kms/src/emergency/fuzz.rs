//! Fuzz target of the parsers of shares. Not part of the library: built for tests and with `--cfg fuzzing` only.
//! It panics where something does not hold.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use medsec_crypto::Timestamp;

use super::{EmergencySet, EmergencyShares, ShareScheme, ShareText};
use crate::passphrase::{Argon2Params, Passphrase};
use crate::public_key::KeyKind;

/// A share's text: as it is, and as edits of valid ones. What parses has one form, is the same when it is parsed
/// again, and an edited share is taken only if it says the same as the original.
pub fn emergency_share(data: &[u8]) {
    look_at(data);
    let Some((which, edits)) = data.split_first() else { return };
    let originals = originals();
    let (public_key, original) = &originals[usize::from(*which) % originals.len()];
    let edited = edit(original, edits);
    let Some(share) = look_at(&edited) else {
        assert!(edited != *original, "a valid share does not parse");
        return;
    };
    let costly = share.passphrase_params().is_some_and(|p| p.memory_kib() > 64 || p.passes() > 2);
    if costly {
        return;
    }
    let mut shares = EmergencyShares::of(public_key.clone());
    if shares.add(&share, Some(&passphrase())).is_ok() {
        assert!(share.render().as_bytes() == original, "an edited share is taken");
    }
}

fn look_at(text: &[u8]) -> Option<ShareText> {
    let share = ShareText::parse(text).ok()?;
    let rendered = share.render();
    // Paper is read with some forgiveness; a file has one form.
    assert!(share.public_key().is_none() || rendered.as_bytes() == text, "another text");
    let again = ShareText::parse(rendered.as_bytes()).unwrap();
    assert!(*again.render() == *rendered, "another share");
    assert!((1..=share.scheme().count()).contains(&share.index()));
    Some(share)
}

fn passphrase() -> Passphrase {
    Passphrase::take_from(&mut b"right".to_vec()).unwrap()
}

/// Edits in threes and what they bring: where, how many bytes go, how many come.
fn edit(original: &[u8], mut edits: &[u8]) -> Vec<u8> {
    let mut text = original.to_vec();
    while let [place, out, come, tail @ ..] = edits {
        let distance = usize::from(*place) * if *out & 0x80 == 0 { 1 } else { 16 };
        let at = distance.min(text.len());
        let end = (at + usize::from(out & 0x7F)).min(text.len());
        let (new, tail) = tail.split_at(usize::from(come & 0x1F).min(tail.len()));
        text.splice(at..end, new.iter().copied());
        edits = tail;
    }
    text
}

type Original = (crate::public_key::PublicKey, Vec<u8>);

/// Both forms, for both kinds of key.
fn originals() -> &'static [Original] {
    static ALL: OnceLock<Vec<Original>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = Vec::new();
        for kind in [KeyKind::X25519, KeyKind::XWing] {
            let scheme = ShareScheme::new(2, 3).unwrap();
            let created = Timestamp::from_unix_seconds(1_800_000_000);
            let set = EmergencySet::stage(kind, scheme, created).unwrap();
            let share = set.shares().next().unwrap();
            let cheap = Argon2Params::new(8, 1, 1).unwrap();
            for text in [share.printed(), share.protected(&passphrase(), cheap).unwrap()] {
                all.push((set.public_key().clone(), text.render().as_bytes().to_vec()));
            }
        }
        all
    })
}

/// First inputs: both forms of both kinds, each with an edit.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let texts = originals().iter().map(|(_, text)| text.clone());
    let edits = (0..4).map(|which| vec![which, 60, 0x82, 3, b'A', b'b', b'\n']);
    let none = (0..4).map(|which| vec![which]);
    texts.chain(edits).chain(none).collect()
}
