//! Both backends give the same signatures and the same verdicts. (Wycheproof's vectors are beside the others.)

#![expect(clippy::arithmetic_side_effects, reason = "tests count")]

use super::*;

/// The fields' prime, 2^255 - 19, little-endian.
const P: [u8; KEY_LEN] = {
    let mut p = [0xFF; KEY_LEN];
    p[0] = 0xED;
    p[31] = 0x7F;
    p
};
/// Order of the base point, little-endian (RFC 8032 section 5.1).
const L: [u8; KEY_LEN] = *b"\xED\xD3\xF5\x5C\x1A\x63\x12\x58\xD6\x9C\xF7\xA2\xDE\xF9\xDE\x14\
    \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";

/// `number + step`, little-endian, without carry out of the top.
fn plus(number: [u8; KEY_LEN], step: &[u8]) -> [u8; KEY_LEN] {
    let mut carry = 0;
    let mut out = number;
    for (at, byte) in out.iter_mut().enumerate() {
        let sum = u16::from(*byte) + u16::from(*step.get(at).unwrap_or(&0)) + carry;
        *byte = (sum & 0xFF) as u8;
        carry = sum >> 8;
    }
    out
}

fn negated(mut encoding: [u8; KEY_LEN]) -> [u8; KEY_LEN] {
    encoding[31] |= 0x80;
    encoding
}

/// A point of order 8.
fn order_8() -> [u8; KEY_LEN] {
    *b"\x26\xE8\x95\x8F\xC2\xB2\x27\xB0\x45\xC3\xF4\x89\xF2\xEF\x98\xF0\
        \xD5\xDF\xAC\x05\xD3\xC6\x33\x39\xB1\x38\x02\x88\x6D\x53\xFC\x05"
}

/// Whether ed25519-dalek decodes it, to a point of small order, and encodes that to the same bytes.
fn is_small_order_point(encoding: &[u8; KEY_LEN]) -> bool {
    ed25519_dalek::VerifyingKey::from_bytes(encoding)
        .is_ok_and(|key| key.is_weak() && key.to_edwards().compress().as_bytes() == encoding)
}

/// Every encoding of a point whose order divides 8, the canonical and the other ones.
fn small_order_encodings() -> Vec<[u8; KEY_LEN]> {
    let eighth = order_8();
    // p - y, where -y is the complement and 1.
    let other = plus(plus(eighth.map(|byte| !byte), &[1]), &P);
    let mut one = [0; KEY_LEN];
    one[0] = 1;
    let mut minus_one = P;
    minus_one[0] = 0xEC;
    let y = [[0; KEY_LEN], one, minus_one, eighth, other, P, plus(P, &[1])];
    y.iter().flat_map(|y| [*y, negated(*y)]).collect()
}

fn verdicts(key: &Ed25519PublicKey, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Vec<bool> {
    Backend::ALL.iter().map(|backend| key.verifies(*backend, message, signature)).collect()
}

fn assert_all(expected: bool, key: &Ed25519PublicKey, message: &[u8], signature: &[u8; 64]) {
    let verdicts = verdicts(key, message, signature);
    assert!(verdicts.iter().all(|verdict| *verdict == expected), "{verdicts:?}");
}

fn joined(r: &[u8], s: &[u8]) -> [u8; SIGNATURE_LEN] {
    [r, s].concat().try_into().unwrap()
}

#[test]
fn small_order_keys_are_refused_in_every_encoding() {
    for encoding in small_order_encodings() {
        assert!(Ed25519PublicKey::from_bytes(&encoding).is_err(), "{encoding:02x?}");
    }
}

#[test]
fn keys_that_are_not_canonical_are_refused() {
    let mut points = 0;
    for step in 0..19 {
        for bytes in [plus(P, &[step]), negated(plus(P, &[step]))] {
            points += usize::from(ed25519_dalek::VerifyingKey::from_bytes(&bytes).is_ok());
            assert!(!is_reduced(&bytes) && Ed25519PublicKey::from_bytes(&bytes).is_err());
        }
    }
    println!("{points} of them are points to a lenient reader");
    assert!(points > 8);
}

/// The rule as it can also be told: decoding and encoding again gives the same bytes.
#[test]
fn canonical_is_what_encodes_to_itself() {
    let mut counts = [0; 2];
    let mut near = small_order_encodings();
    let mut top = [0xFF; KEY_LEN];
    top[31] = 0x7F;
    for step in 0..=255_u8 {
        // The first and the last 256 numbers of 255 bits; the prime lies among these.
        for mut y in [[0; KEY_LEN], top] {
            y[0] = step;
            near.extend([y, negated(y)]);
        }
    }
    for bytes in near {
        let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(&bytes) else { continue };
        let canonical = key.to_edwards().compress().as_bytes() == &bytes && !key.is_weak();
        assert_eq!(Ed25519PublicKey::from_bytes(&bytes).is_ok(), canonical, "{bytes:02x?}");
        counts[usize::from(canonical)] += 1;
    }
    println!("{} points refused, {} taken", counts[0], counts[1]);
    assert!(counts.iter().all(|count| *count > 20));
}

/// A signer who cheats: his key is `a·B + T`, where `T` is of order 8, and he chooses `R` and `S` himself.
struct Cheat {
    key: ed25519_dalek::SigningKey,
    public: ed25519_dalek::VerifyingKey,
}

impl Cheat {
    fn new() -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; KEY_LEN]);
        let point = |bytes| ed25519_dalek::VerifyingKey::from_bytes(bytes).unwrap().to_edwards();
        let mixed = point(key.verifying_key().as_bytes()) + point(&order_8());
        let public = ed25519_dalek::VerifyingKey::from_bytes(mixed.compress().as_bytes()).unwrap();
        Self { key, public }
    }

    fn strict(&self) -> Ed25519PublicKey {
        Ed25519PublicKey::from_bytes(self.public.as_bytes()).unwrap()
    }

    /// `R` and `S = r + k·a`, where `R` claims to be `r·B`, and `r` is that of another key, or 0.
    fn sign(
        &self,
        claimed: &[u8; KEY_LEN],
        r: Option<&ed25519_dalek::SigningKey>,
        message: &[u8],
    ) -> [u8; SIGNATURE_LEN] {
        fn scalar<S: From<u8>>(_: &S, number: u8) -> S {
            number.into()
        }
        let hash = crate::backend::sha512(&[claimed, self.public.as_bytes(), message]);
        let a = self.key.to_scalar();
        let zero = scalar(&a, 0);
        let step = scalar(&a, 255) + scalar(&a, 1);
        let k = hash.iter().rev().fold(zero, |k, byte| k * step + scalar(&a, *byte));
        let s = r.map_or(zero, ed25519_dalek::SigningKey::to_scalar) + k * a;
        joined(claimed, &s.to_bytes())
    }

    fn is_taken_by_a_lenient_verifier(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        use ed25519_dalek::Verifier as _;
        self.public.verify(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

#[test]
fn small_order_r_that_meets_the_equation_is_refused_by_all_backends() {
    let cheat = Cheat::new();
    let canonical = small_order_encodings().into_iter().filter(is_small_order_point);
    let mut forged = 0;
    for r in canonical {
        // One message in eight does.
        let message = (0..=255_u8).find(|message| {
            let signature = cheat.sign(&r, None, &[*message]);
            cheat.is_taken_by_a_lenient_verifier(&[*message], &signature)
        });
        let message = [message.unwrap()];
        assert_all(false, &cheat.strict(), &message, &cheat.sign(&r, None, &message));
        forged += 1;
    }
    assert_eq!(forged, 8);
}

/// Verifying with the cofactor would take all of these.
#[test]
fn all_backends_agree_on_keys_of_mixed_order() {
    let (cheat, r) = (Cheat::new(), ed25519_dalek::SigningKey::from_bytes(&[8; KEY_LEN]));
    let mut taken = 0;
    for message in 0..=255_u8 {
        let signature = cheat.sign(r.verifying_key().as_bytes(), Some(&r), &[message]);
        let expected = cheat.is_taken_by_a_lenient_verifier(&[message], &signature);
        assert_all(expected, &cheat.strict(), &[message], &signature);
        taken += usize::from(expected);
    }
    println!("{taken} of 256 taken");
    assert!((10..60).contains(&taken));
}

#[test]
fn s_that_is_not_reduced_is_refused_by_all_backends() {
    let key = Ed25519Key::from_seed(&[7; KEY_LEN]);
    let signature = key.sign(Backend::default(), b"message");
    assert_all(true, &key.public(), b"message", &signature);
    let s = plus(signature[32..].try_into().unwrap(), &L);
    assert_all(false, &key.public(), b"message", &joined(&signature[..32], &s));
}

#[test]
fn altered_signatures_are_refused_by_all_backends() {
    let key = Ed25519Key::from_seed(&[7; KEY_LEN]);
    let signature = key.sign(Backend::default(), b"message");
    assert_all(false, &key.public(), b"massage", &signature);
    for bit in 0..SIGNATURE_LEN * 8 {
        let mut altered = signature;
        altered[bit / 8] ^= 1 << (bit % 8);
        assert_all(false, &key.public(), b"message", &altered);
    }
}

#[test]
fn all_backends_sign_alike() {
    for len in [0_u8, 1, 63, 64, 200] {
        let key = Ed25519Key::from_seed(&[len; KEY_LEN]);
        let message = vec![len; len.into()];
        let first = key.portable.sign(&message).to_bytes();
        for backend in Backend::ALL {
            assert_eq!(key.sign(*backend, &message), first);
        }
    }
}

#[cfg(all(feature = "aws-lc", not(feature = "fips")))]
#[test]
fn list_of_small_orders_is_complete() {
    let listed: Vec<_> =
        small_order_encodings().into_iter().filter(aws_lc::is_small_order).collect();
    let points = listed.iter().filter(|encoding| is_small_order_point(encoding)).count();
    // There are eight; two more encodings have the sign bit set although x = 0.
    assert_eq!((points, listed.len()), (8, 10));
    let honest = Ed25519Key::from_seed(&[7; KEY_LEN]);
    assert!(!aws_lc::is_small_order(honest.public().as_bytes()));
}

#[cfg(all(feature = "aws-lc", not(feature = "fips")))]
#[test]
fn key_without_aws_lc_signs_all_the_same() {
    let mut key = Ed25519Key::from_seed(&[7; KEY_LEN]);
    let signature = key.sign(Backend::AwsLc, b"message");
    key.fast = None;
    assert_eq!(key.sign(Backend::AwsLc, b"message"), signature);
}
