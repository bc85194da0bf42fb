//! Fuzz targets of the key store's parsers. Not part of the library: built for tests and with
//! `--cfg fuzzing` only. A target panics where something does not hold.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::OnceLock;

use medsec_crypto::{HpkeIdentity, HpkeKind, SigningKey, Timestamp};

use super::mark::Mark;
use super::state::State;
use super::{StoreError, UserKeys, UserView, administrators, text};
use crate::name::{Digest, UserName};

/// A state file: as it is, without its signature, and as edits of valid files. What is accepted without its
/// signature has one form only and can be looked at; nothing edited is accepted with it.
pub fn store_state(data: &[u8]) {
    if let Ok(state) = text::parse(data) {
        look_at(&state);
    }
    for body in [data, data.splitn(3, |byte| *byte == b'\n').nth(2).unwrap_or_default()] {
        if let Ok(state) = text::parse_unsigned(body) {
            let mut again = serde_json::to_vec_pretty(&state).unwrap();
            again.push(b'\n');
            assert!(again == body, "another text");
            look_at(&state);
        }
    }
    let Some((which, edits)) = data.split_first() else { return };
    let original = &originals()[usize::from(*which) % originals().len()];
    let edited = edit(original, edits);
    let parsed = text::parse(&edited);
    assert!(parsed.is_ok() == (edited == *original), "an edited state is accepted");
    let body = edited.splitn(3, |byte| *byte == b'\n').nth(2).unwrap_or_default();
    if let Ok(state) = text::parse_unsigned(body) {
        look_at(&state);
    }
}

/// A mark: what parses is exactly what would be written, and comparing states with it ends in an answer.
pub fn store_mark(data: &[u8]) {
    let valid = valid_mark().render();
    let edited = data.split_first().map_or_else(Vec::new, |(_, edits)| edit(&valid, edits));
    for text in [data, &edited] {
        let Some(mark) = Mark::parse(text) else { continue };
        assert!(mark.render() == text, "another text");
        for original in originals() {
            let state = text::parse(original).unwrap();
            let same = mark.admits(&state, text::digest(original)).is_ok();
            // Who has seen this very state admits no other of its generation.
            if same && mark.generation() == state.generation {
                let other = mark.admits(&state, Digest::from_bytes([0; 32]));
                assert!(matches!(other, Err(StoreError::Forked)));
            }
        }
    }
}

/// Valid files for the corpora.
#[cfg(test)]
pub(crate) fn seeds() -> [(&'static str, Vec<Vec<u8>>); 2] {
    let short = |which: u8| vec![which, 40, 1, 1, b'0', 9, 0x82, 2, b'9', b'9'];
    let states = originals().iter().cloned().chain((0..3).map(short)).collect();
    let marks = vec![valid_mark().render(), short(0), short(1), b"{}".to_vec()];
    [("store_state", states), ("store_mark", marks)]
}

/// Everything that can be asked of a state.
fn look_at(state: &State) {
    let founded = administrators::verify(&state.administrators);
    let digest = Digest::from_bytes([1; 32]);
    if let Some(mark) = Mark::of(state, digest) {
        assert!(mark.admits(state, digest).is_ok(), "a state does not continue itself");
        assert!(Mark::parse(&mark.render()) == Some(mark));
    }
    for (name, user) in &state.users {
        let view = UserView::new(state, name, user);
        assert!(view.grants().count() <= state.keys.len());
        assert!(founded.is_none() || !view.is_administrator() || view.signer().is_some());
    }
    let keys = UserKeys::new(state.clone(), identity().into());
    for (name, key) in &state.keys {
        let told = key.describe(name);
        assert!(told.version == Some(key.newest()) && key.newest() > 0);
        assert!(key.version(0).is_none() && key.version(key.newest()).is_some());
        if let Ok(keys) = &keys {
            let _ = (keys.newest(name), keys.all(name));
        }
    }
}

/// Edits of a text: each is an offset from the start or the end, how many bytes go, how many come, and these.
fn edit(original: &[u8], mut rest: &[u8]) -> Vec<u8> {
    let mut text = original.to_vec();
    while let [place, out, come, tail @ ..] = rest {
        let distance = usize::from(place >> 1) * if *out & 0x80 == 0 { 1 } else { 16 };
        let distance = distance.min(text.len());
        let at = if place & 1 == 0 { distance } else { text.len() - distance };
        let end = (at + usize::from(out & 0x7F)).min(text.len());
        let (new, tail) = tail.split_at(usize::from(come & 0x1F).min(tail.len()));
        text.splice(at..end, new.iter().copied());
        rest = tail;
    }
    text
}

fn identity() -> HpkeIdentity {
    HpkeIdentity::take_from(HpkeKind::X25519, &mut [7; 32]).unwrap()
}

fn valid_mark() -> Mark {
    let original = &originals()[1];
    Mark::of(&text::parse(original).unwrap(), text::digest(original)).unwrap()
}

/// A new store, and the example of the format's page.
fn originals() -> &'static [Vec<u8>] {
    static ALL: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    ALL.get_or_init(|| {
        let signer = SigningKey::take_from(&mut [7; 32]).unwrap();
        let (founder, now) = (UserName::new("root").unwrap(), Timestamp::from_unix_seconds(1));
        let state = State::found(&founder, &identity(), &signer, now).unwrap();
        vec![text::render(&state, &signer).unwrap(), example()]
    })
}

/// The first example of the page.
fn example() -> Vec<u8> {
    let page = include_str!("../../../../docs/formats/key-store.md");
    let block = page.split("```text\n").nth(1).unwrap_or_default();
    block.split("```").next().unwrap_or_default().as_bytes().to_vec()
}
