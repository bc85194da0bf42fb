//! Ed25519 keys of signers. Verification is always strict: small-order keys, non-canonical encodings
//! and `S ≥ L` are rejected, whatever the backend.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::backend::{ED25519_SIGNATURE_LEN, Ed25519Key, Ed25519PublicKey};
use crate::error::{InvalidKeyLength, InvalidValue, NotAuthentic, RandomError};
use crate::secret::fill_random;
use crate::suite::Backend;

/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = ED25519_SIGNATURE_LEN;
/// Keeps what [`SigningKey::sign_labelled`] signs apart from everything else such a key signs.
const SIGNED: &[u8] = b"medsec/signed/";

/// The private key of a signer. Erased on drop.
pub struct SigningKey(Ed25519Key);

impl SigningKey {
    /// Draws a fresh key from the operating system.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        let mut seed = Zeroizing::new([0; 32]);
        fill_random(seed.as_mut_slice())?;
        Ok(Self(Ed25519Key::from_seed(&seed)))
    }

    /// Takes over a 32-byte seed (RFC 8032) and erases the caller's copy.
    ///
    /// # Errors
    /// [`InvalidKeyLength`] unless `seed` is exactly 32 bytes long.
    pub fn take_from(seed: &mut [u8]) -> Result<Self, InvalidKeyLength> {
        let key = <&[u8; 32]>::try_from(&*seed).map(|seed| Self(Ed25519Key::from_seed(seed)));
        seed.zeroize();
        key.map_err(|_| InvalidKeyLength)
    }

    /// The seed, for storing it under protection.
    #[must_use]
    pub fn expose_seed(&self) -> &[u8; 32] {
        self.0.seed()
    }

    /// The public half.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.public())
    }

    /// Signs a document that is no package: Ed25519 over `"medsec/signed/" ‖ label ‖ 0 ‖ message`.
    /// `label` names the kind of document and its version, so that none passes for another.
    #[must_use]
    pub fn sign_labelled(&self, label: &str, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.sign(&[SIGNED, label.as_bytes(), &[0], message].concat())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(Backend::default(), message)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, redacted)", self.verifying_key())
    }
}

/// The public key of a signer: 32 bytes, a canonical encoding of a point that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(Ed25519PublicKey);

impl VerifyingKey {
    /// Decodes a key.
    ///
    /// # Errors
    /// [`InvalidValue`] if the bytes are no point, not canonical, or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidValue> {
        Ed25519PublicKey::from_bytes(bytes).map(Self)
    }

    /// The encoding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Verifies what [`SigningKey::sign_labelled`] signed.
    ///
    /// # Errors
    /// [`NotAuthentic`] if key, label, message or signature is another.
    pub fn verify_labelled(
        &self,
        label: &str,
        message: &[u8],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<(), NotAuthentic> {
        let message = [SIGNED, label.as_bytes(), &[0], message].concat();
        self.verifies(&message, signature).then_some(()).ok_or(NotAuthentic)
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> bool {
        self.0.verifies(Backend::default(), message, signature)
    }
}

impl std::hash::Hash for VerifyingKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_half_is_printed() {
        let key = SigningKey::take_from(&mut [77; 32]).unwrap();
        let public = key.verifying_key();
        assert_eq!(format!("{public:?}"), format!("VerifyingKey({public})"));
        assert_eq!(public.to_string().len(), 64);
        assert_eq!(format!("{key:?}"), format!("SigningKey({public}, redacted)"));
    }
}
