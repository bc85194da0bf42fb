//! Weak keys and malleable signatures: what a lenient verifier would take.

use medsec_crypto::{FormatError, OpenError, SignatureError, SignerExpectation, VerifyingKey};

use super::assert_format;
use crate::support::sample::{Plan, Sample};
use crate::support::signing_key;

/// Points of small order, with their non-canonical forms (the table of libsodium and RFC 7748 drafts).
const SMALL_ORDER: [&str; 14] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];
/// The order of the base point, little-endian (RFC 8032 section 5.1).
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

fn hex(text: &str) -> [u8; 32] {
    let byte = |n: usize| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap();
    std::array::from_fn(byte)
}

fn sample() -> Sample {
    Plan::new(100).signed().seal()
}

/// Puts another signer key into the core.
fn with_signer(sample: &Sample, key: &[u8; 32]) -> Vec<u8> {
    let present = signing_key(crate::support::SIGNER).verifying_key();
    let windows = sample.package.windows(32);
    let at = windows.zip(0..).find(|(window, _)| *window == present.as_bytes());
    let (_, at) = at.unwrap();
    sample.edited(|package, _| package[at..at + 32].copy_from_slice(key))
}

#[test]
fn small_order_signer_keys_are_refused() {
    let sample = sample();
    for text in SMALL_ORDER {
        let key = hex(text);
        assert!(VerifyingKey::from_bytes(&key).is_err(), "{text}");
        let error = sample.plan.refusal(&with_signer(&sample, &key));
        assert_format(&error, &FormatError::Value { field: "signer key" });
    }
}

#[test]
fn non_canonical_signer_keys_are_refused() {
    let mut key = [0xFF; 32];
    for low in 0xED..=0xFF {
        for high in [0x7F, 0xFF] {
            (key[0], key[31]) = (low, high);
            assert!(VerifyingKey::from_bytes(&key).is_err(), "{low:02x} {high:02x}");
        }
    }
}

#[test]
fn swapped_signer_key_is_not_authentic() {
    let sample = sample();
    let other = signing_key(3).verifying_key();
    let package = with_signer(&sample, other.as_bytes());
    let mut expectation = sample.plan.expectation(1);
    expectation.signer = SignerExpectation::OneOf(vec![other]);
    let checked = medsec_crypto::Checked::read(&mut &package[..], expectation).unwrap();
    let error = checked.unlock_with(&[&crate::support::kek(1)]).unwrap_err();
    assert!(matches!(error, OpenError::NotAuthentic(_)));
}

#[test]
fn signature_with_s_above_order_is_refused() {
    let sample = sample();
    let error = sample.refusal_after(|package, layout| {
        let s = &mut package[layout.trailer.end - 32..];
        let mut carry = 0;
        for (byte, order) in s.iter_mut().zip(hex(L)) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = u8::try_from(sum & 0xFF).unwrap();
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
    });
    assert!(matches!(error, OpenError::Signature(SignatureError::Invalid)));
}

#[test]
fn signature_of_zeros_is_refused() {
    let error = sample().refusal_after(|package, layout| {
        package[layout.trailer.end - 64..].fill(0);
    });
    assert!(matches!(error, OpenError::Signature(SignatureError::Invalid)));
}
