//! Who signs policies, and how a signature is verified.

use std::fmt;

use ed25519_dalek::{Signature, VerifyingKey};

use crate::text::{InvalidValue, hex, identifier};

/// Keeps these signatures apart from everything else such a key signs.
const SIGNED: &[u8] = b"medsec/signed/";

identifier!(
    /// Names the holder of a key, to people. 1 to 128 of `A-Z a-z 0-9 . _ @ : -`.
    SignerName, 128, "signer's name",
    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b':' | b'-'
);

/// Signs policies. A private key stays wherever the implementation has it.
pub trait BundleSigner {
    /// The Ed25519 public key.
    fn public_key(&self) -> [u8; 32];

    /// Ed25519 over `"medsec/signed/" ‖ label ‖ 0 ‖ message`: what `SigningKey::sign_labelled` of medsec-crypto
    /// makes.
    fn sign(&self, label: &str, message: &[u8]) -> [u8; 64];
}

/// A key whose signatures count, and whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct SignerKey {
    name: SignerName,
    // INVARIANT: the canonical encoding of a point that is not of small order.
    key: [u8; 32],
}

impl SignerKey {
    /// Takes a public key. Whoever makes one vouches that the key belongs to the name.
    ///
    /// # Errors
    /// [`InvalidValue`] unless the key is the canonical encoding of a point that is not of small order.
    pub fn new(name: SignerName, key: [u8; 32]) -> Result<Self, InvalidValue> {
        decode(&key).map(|_| Self { name, key }).ok_or(InvalidValue { field: "signer's key" })
    }

    /// Whose it is.
    #[must_use]
    pub const fn name(&self) -> &SignerName {
        &self.name
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.key
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}, {})", self.name, hex(&self.key))
    }
}

pub(super) fn verifies(key: &[u8; 32], label: &str, message: &[u8], signature: &[u8; 64]) -> bool {
    let message = [SIGNED, label.as_bytes(), &[0], message].concat();
    let signature = Signature::from_bytes(signature);
    decode(key).is_some_and(|key| key.verify_strict(&message, &signature).is_ok())
}

/// `y`, the lower 255 bits, must be less than 2^255 - 19; the two points with another encoding than that are of
/// small order.
fn decode(bytes: &[u8; 32]) -> Option<VerifyingKey> {
    let [low, middle @ .., high] = bytes;
    let reduced = high & 0x7F != 0x7F || middle.iter().any(|byte| *byte != 0xFF) || *low < 0xED;
    let key = VerifyingKey::from_bytes(bytes).ok()?;
    (reduced && !key.is_weak()).then_some(key)
}
