//! Recipient slots and stanzas.

use crate::fuzz::edits::set_digest;
use crate::fuzz::input::Input;
use crate::header::core::RecipientProfile;
use crate::header::slot::{Recipients, encode_slot};
use crate::header::slot_len_of;
use crate::header::slots::{Place, Slots};
use crate::{FormatError, KeyRef, MAX_SLOT_LEN, MIN_SLOT_LEN, SlotCondition, Stanza, StanzaKind};

/// A pair of slots made of the input, its digests right or not; and a list of recipients chosen by the
/// input. What parses encodes to the same bytes, the MAC aside, and the right slot is chosen.
pub fn slots(data: &[u8]) {
    let _ = slot_len_of(data).map(|len| assert!((MIN_SLOT_LEN..=MAX_SLOT_LEN).contains(&len)));
    let mut input = Input::new(data);
    if input.flag() {
        pair(&mut input);
    } else {
        chosen_recipients(&mut input);
    }
}

fn pair(input: &mut Input<'_>) {
    let slot_len = *input.pick(&[MIN_SLOT_LEN, 2304, 4096]);
    let profile = *input.pick(&[RecipientProfile::Authenticated, RecipientProfile::Blind]);
    let (first, second) = (slot(input, slot_len), slot(input, slot_len));
    let bytes = [first.as_slice(), &second].concat();
    match Slots::parse(slot_len, &bytes, profile) {
        Ok(slots) => check(&slots, &first, &second, profile),
        Err(error) => {
            assert!(matches!(error, FormatError::SlotsDamaged | FormatError::SlotGenerations))
        }
    }
}

/// Unused, arbitrary, or a head and a body as they should be, with a right digest but for one case.
fn slot(input: &mut Input<'_>, slot_len: usize) -> Vec<u8> {
    let kind = input.u8();
    let mut slot = match kind & 3 {
        0 => return vec![0; slot_len],
        1 => input.bytes(600).to_vec(),
        _ => {
            let generation = u64::from(input.u8());
            let body = input.bytes(600);
            let stated = (body.len() as u32).saturating_add_signed(match kind >> 4 {
                0 => -1,
                1 => 1,
                _ => 0,
            });
            [&generation.to_be_bytes(), &stated.to_be_bytes()[..], body].concat()
        }
    };
    slot.resize(slot_len, 0);
    if kind >> 2 & 3 != 3 {
        set_digest(&mut slot);
    }
    slot
}

fn check(slots: &Slots, first: &[u8], second: &[u8], profile: RecipientProfile) {
    let (used, other) = match slots.place() {
        Place::A => (first, second),
        Place::B => (second, first),
    };
    let active = slots.active();
    assert!(active.generation >= 1);
    let key = [3; 32];
    match profile {
        RecipientProfile::Blind => {
            let encoded = encode_slot(used.len(), active.generation, &active.recipients, None);
            assert!(encoded.unwrap() == used, "another encoding");
        }
        RecipientProfile::Authenticated => {
            let mac = Some(&key);
            let encoded = encode_slot(used.len(), active.generation, &active.recipients, mac);
            let encoded = encoded.unwrap();
            let covered = used.len() - 64;
            assert!(encoded[..covered] == used[..covered], "another encoding");
            let forged = encoded[covered..] != used[covered..];
            assert_eq!(active.check_mac(&key).is_err(), forged);
        }
    }
    let unused = other.iter().all(|b| *b == 0);
    assert_eq!(slots.condition() == SlotCondition::Clean, unused);
    if slots.condition() == SlotCondition::RewrapUnfinished {
        let generation = u64::from_be_bytes(*other.first_chunk().unwrap());
        assert!(generation < active.generation, "the older slot was chosen");
    }
}

fn chosen_recipients(input: &mut Input<'_>) {
    let mut stanzas = Vec::new();
    for _ in 0..input.below(36) {
        stanzas.extend(stanza(input));
    }
    let distinct: std::collections::BTreeSet<_> = stanzas.iter().map(Stanza::key_ref).collect();
    let fits = distinct.len() == stanzas.len() && (1..=32).contains(&stanzas.len());
    let Ok(recipients) = Recipients::new(stanzas.clone()) else {
        assert!(!fits, "a good list was refused");
        return;
    };
    assert!(fits && recipients.stanzas() == stanzas);
    let Ok(slot_len) = recipients.preferred_slot_len() else {
        return;
    };
    assert!(slot_len.is_multiple_of(256) && (MIN_SLOT_LEN..=MAX_SLOT_LEN).contains(&slot_len));
    let generation = input.u64().max(1);
    let (key, other_key) = ([1; 32], [2; 32]);
    let slot = encode_slot(slot_len, generation, &recipients, Some(&key)).unwrap();
    let bytes = [slot, vec![0; slot_len]].concat();
    let slots = Slots::parse(slot_len, &bytes, RecipientProfile::Authenticated).unwrap();
    assert!(slots.active().recipients == recipients);
    assert_eq!(slots.active().generation, generation);
    assert!(slots.active().check_mac(&key).is_ok());
    assert!(slots.active().check_mac(&other_key).is_err());
    let blind = Slots::parse(slot_len, &bytes, RecipientProfile::Blind);
    assert_eq!(blind.unwrap_err(), FormatError::SlotsDamaged);
}

/// A stanza of a kind and lengths chosen by the input, if they go together.
pub(super) fn stanza(input: &mut Input<'_>) -> Option<Stanza> {
    let kind = *input.pick(&[
        StanzaKind::LocalKek,
        StanzaKind::AwsKms,
        StanzaKind::VaultTransit,
        StanzaKind::Pkcs11,
        StanzaKind::HpkeX25519,
        StanzaKind::HpkeXWing,
        StanzaKind::Unknown(7),
        StanzaKind::Unknown(0xFF),
    ]);
    let text = input.bytes(48);
    let (key_ref, wrapped_len) = match kind {
        StanzaKind::LocalKek => (padded(text, 36), 104),
        StanzaKind::AwsKms => ([b"arn:", text].concat(), 180),
        StanzaKind::VaultTransit => ([b"ns/transit/", text].concat(), 90),
        StanzaKind::Pkcs11 => ([b"serial\0", text].concat(), 72),
        StanzaKind::HpkeX25519 => (padded(text, 32), 80),
        StanzaKind::HpkeXWing => (padded(text, 32), 1168),
        _ => (text.to_vec(), usize::from(input.u16())),
    };
    let key_ref = KeyRef::new(kind, &key_ref).ok()?;
    let _ = (key_ref.to_string(), format!("{key_ref:?}"));
    assert_eq!(key_ref.kind(), kind);
    Stanza::new(key_ref, vec![0xC3; wrapped_len]).ok()
}

fn padded(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out.resize(len, 0);
    out
}
