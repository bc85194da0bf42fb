//! Parsing and encoding are inverse, and what is not canonical is refused.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::core::{Core, RecipientProfile};
use super::slot::{Recipients, SlotState, encode_slot};
use super::stanza::{KeyRef, Stanza, StanzaKind};
use super::tlv::put_field;
use super::*;
use crate::context::Context;
use crate::ids::{ContentType, DatasetId, DekId, PackageId, PolicyHash, Timestamp};
use crate::signature::SigningKey;

fn context() -> impl Strategy<Value = Context> {
    btree_map("[a-z0-9._-]{1,20}", "\\PC{0,30}", 0..6).prop_map(|pairs| {
        let mut context = Context::new();
        pairs.iter().for_each(|(key, value)| context.insert(key, value).unwrap());
        context
    })
}

prop_compose! {
    fn core()(
        id: [u8; 16],
        (blind, has_metadata, signed, shared) in any::<(bool, bool, bool, bool)>(),
        policy in option::of(any::<[u8; 32]>()),
        dataset in option::of("[A-Za-z0-9._-]{1,128}"),
        stored in context(),
        names in context(),
        seconds: u64,
        content_type in option::of("[a-z]{1,20}/[a-z]{1,20}"),
    ) -> Core {
        let shareable = signed && policy.is_some() && dataset.is_some();
        Core {
            package_id: PackageId::from_bytes(id),
            profile: if blind { RecipientProfile::Blind } else { RecipientProfile::Authenticated },
            has_metadata,
            policy: policy.map(PolicyHash::from_bytes),
            dataset: dataset.map(|id| DatasetId::new(&id).unwrap()),
            reproduced_names: names
                .keys()
                .filter(|name| stored.keys().all(|key| key != *name))
                .cloned()
                .collect(),
            stored,
            dek_id: (shared && shareable).then(|| DekId::from_bytes(id)),
            signer: signed.then(|| SigningKey::take_from(&mut [9; 32]).unwrap().verifying_key()),
            created_at: Timestamp::from_unix_seconds(seconds),
            content_type: content_type.map(|name| ContentType::new(&name).unwrap()),
        }
    }
}

fn stanzas() -> impl Strategy<Value = Vec<Stanza>> {
    let stanza = (vec(any::<u8>(), 36), vec(any::<u8>(), 104)).prop_map(|(key_ref, wrapped)| {
        Stanza::new(KeyRef::new(StanzaKind::LocalKek, &key_ref).unwrap(), wrapped).unwrap()
    });
    vec(stanza, 1..12)
}

proptest! {
    #[test]
    fn core_survives_encoding(core in core()) {
        let bytes = core.encode();
        prop_assert_eq!(Core::parse(&bytes), Ok(core));
    }

    #[test]
    fn core_is_refused_at_every_truncation(core in core()) {
        let bytes = core.encode();
        for len in 0..bytes.len() {
            let cut = Core::parse(&bytes[..len]);
            // A cut between fields may leave a core that is whole but lacks what was cut.
            prop_assert_ne!(cut, Ok(core.clone()), "cut at {}", len);
        }
    }

    #[test]
    fn optional_fields_are_ignored_but_hashed(core in core(), value: Vec<u8>) {
        let plain = core.encode();
        let mut extended = plain.clone();
        put_field(&mut extended, 0x8000, &value);
        prop_assert_eq!(Core::parse(&extended), Ok(core));
        prop_assert_ne!(sha512(&[&plain]), sha512(&[&extended]));
    }

    #[test]
    fn slot_survives_encoding(stanzas in stanzas(), generation in 1_u64.., key: [u8; 32]) {
        let recipients = Recipients::new(stanzas).unwrap();
        let slot_len = recipients.preferred_slot_len().unwrap();
        let bytes = encode_slot(slot_len, generation, &recipients, Some(&key)).unwrap();
        prop_assert_eq!(bytes.len(), slot_len);
        let SlotState::Valid(slot) = SlotState::parse(&bytes, true) else {
            return Err(TestCaseError::fail("not valid"));
        };
        prop_assert!(slot.check_mac(&key).is_ok());
        prop_assert!(slot.check_mac(&[0; 32]).is_err() || key == [0; 32]);
        prop_assert_eq!((slot.generation, slot.recipients), (generation, recipients));
    }

    #[test]
    fn slot_with_any_flip_is_damaged(stanzas in stanzas(), at: prop::sample::Index, bit in 0_u32..8) {
        let recipients = Recipients::new(stanzas).unwrap();
        let slot_len = recipients.preferred_slot_len().unwrap();
        let mut bytes = encode_slot(slot_len, 1, &recipients, None).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        prop_assert_eq!(SlotState::parse(&bytes, false), SlotState::Damaged);
    }
}

#[test]
fn slot_longer_than_its_limit_is_refused() {
    for len in [0, 2047, 2049, 65_537, u32::MAX] {
        assert!(check_slot_len(len).is_err(), "{len}");
    }
    assert_eq!(check_slot_len(65_536), Ok(65_536));
}

#[test]
fn alias_of_an_aws_key_is_refused() {
    let arn = b"arn:aws:kms:eu-west-1:111122223333:key/1234abcd".as_slice();
    let alias = b"arn:aws:kms:eu-west-1:111122223333:alias/ephi".as_slice();
    assert!(KeyRef::new(StanzaKind::AwsKms, arn).is_ok());
    for bad in [alias, b"alias/ephi", b"arn:aws:s3:::bucket", b"arn:aws:kms:a:b:key/\n"] {
        assert!(KeyRef::new(StanzaKind::AwsKms, bad).is_err());
    }
}

#[test]
fn magic_damaged_in_text_mode_is_named() {
    let crlf = b"\x89MSP\n\x1a\n\0\x01\0\x01\0\0\0\x40";
    let utf8 = "\u{89}MSP\r\n\u{1a}\n\0\0\0\0\0\0\0".as_bytes();
    for bytes in [crlf.as_slice(), utf8, b"\x09MSP\r\n\x1a\n01234567", b"iU1TUA0KGgoAAQAB"] {
        let parsed = Header::read(&mut &*bytes);
        let named = matches!(parsed, Err(HeaderError::Format(FormatError::TextTransfer)));
        assert!(named, "{parsed:?}");
    }
}
