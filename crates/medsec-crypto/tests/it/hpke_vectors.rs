//! Known answers of RFC 9180 and of draft-ietf-hpke-pq for the KEMs and the KDF that stanzas use. They
//! come with the oracle's Python packages.
//!
//! X-Wing has answers with ChaCha20-Poly1305 only; what is new in it, the KEM, does not depend on that.

use hpke::aead::{Aead, AesGcm256, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem, X25519HkdfSha256, XWing};
use hpke::{Deserializable as _, OpModeR, setup_receiver};
use serde_json::Value;

use crate::oracle;
use crate::vectors::file::unhex;

/// Opens the answers of one KEM and one AEAD in base mode: groups and messages in them.
fn open_all<K: Kem, A: Aead>(file: &str, kem: u16, aead: u16) -> Option<(usize, usize)> {
    let path = oracle::vectors_folder()?.join("HPKE").join(file);
    let groups: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let wanted = |group: &&Value| {
        [("mode", 0), ("kem_id", kem), ("kdf_id", 1), ("aead_id", aead)]
            .iter()
            .all(|(name, number)| group[name] == *number)
    };
    let (mut used, mut messages) = (0, 0);
    for group in groups.iter().filter(wanted) {
        let bytes = |name: &str| unhex(group[name].as_str().unwrap());
        let secret = K::PrivateKey::from_bytes(&bytes("skRm")).unwrap();
        let enc = K::EncappedKey::from_bytes(&bytes("enc")).unwrap();
        let info = bytes("info");
        let mut receiver =
            setup_receiver::<A, HkdfSha256, K>(&OpModeR::Base, &secret, &enc, &info).unwrap();
        // Nonces count up, so that every message must be opened in order.
        for message in group["encryptions"].as_array().unwrap() {
            let bytes = |name: &str| unhex(message[name].as_str().unwrap());
            let plain = receiver.open(&bytes("ct"), &bytes("aad")).unwrap();
            assert_eq!(plain, bytes("pt"));
            messages += 1;
        }
        used += 1;
    }
    println!("{file}: {used} of {} groups, {messages} messages", groups.len());
    Some((used, messages))
}

#[test]
fn x25519_answers_of_rfc_9180_open() {
    let aes = open_all::<X25519HkdfSha256, AesGcm256>("test-vectors.json", 0x0020, 2);
    assert_eq!(aes, aes.and(Some((1, 257))));
}

#[test]
fn x_wing_answers_of_draft_open() {
    let file = "hpke-pq-test-vectors.json";
    let chacha = open_all::<XWing, ChaCha20Poly1305>(file, 0x647A, 3);
    assert_eq!(chacha, chacha.and(Some((1, 10))));
}
