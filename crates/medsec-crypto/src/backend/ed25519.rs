//! Ed25519 (RFC 8032), signed and verified by either backend, to the same bytes and the same verdicts.
//!
//! What a key is decides ed25519-dalek alone, for both. Verification is strict on both: the key is
//! canonical and not of small order, `S < L`, and `R` is the canonical encoding of `S·B - k·A`, without
//! cofactor, and not of small order.
//!
//! With feature `fips` all of it is ed25519-dalek's: aws-lc-rs does not offer Ed25519 as a service of the
//! validated module.

#[cfg(all(feature = "aws-lc", not(feature = "fips")))]
mod aws_lc;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use ed25519_dalek::Signer as _;

use crate::error::InvalidValue;
use crate::suite::Backend;

/// Bytes of a seed and of a public key.
const KEY_LEN: usize = 32;
/// Bytes of a signature: `R`, then `S`.
pub(crate) const SIGNATURE_LEN: usize = 64;

/// A private key. Erased on drop.
pub(crate) struct Ed25519Key {
    portable: Box<ed25519_dalek::SigningKey>,
    #[cfg(all(feature = "aws-lc", not(feature = "fips")))]
    fast: Option<aws_lc::KeyPair>,
}

impl Ed25519Key {
    pub(crate) fn from_seed(seed: &[u8; KEY_LEN]) -> Self {
        Self {
            portable: Box::new(ed25519_dalek::SigningKey::from_bytes(seed)),
            #[cfg(all(feature = "aws-lc", not(feature = "fips")))]
            fast: aws_lc::KeyPair::from_seed(seed),
        }
    }

    pub(crate) fn seed(&self) -> &[u8; KEY_LEN] {
        self.portable.as_bytes()
    }

    pub(crate) fn public(&self) -> Ed25519PublicKey {
        Ed25519PublicKey(self.portable.verifying_key())
    }

    /// AWS-LC fails for want of memory only; the portable backend then makes the same bytes.
    pub(crate) fn sign(&self, backend: Backend, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let fast = match backend {
            #[cfg(all(feature = "aws-lc", not(feature = "fips")))]
            Backend::AwsLc => self.fast.as_ref().and_then(|key| key.sign(message)),
            _ => None,
        };
        fast.unwrap_or_else(|| self.portable.sign(message).to_bytes())
    }
}

/// A public key: the canonical encoding of a point that is not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ed25519PublicKey(ed25519_dalek::VerifyingKey);

impl Ed25519PublicKey {
    /// Decodes a key. Thousands of packages in a row name the same signer, and decoding takes a square root,
    /// as long as reading all the rest of a header: the last key is remembered.
    pub(crate) fn from_bytes(bytes: &[u8; KEY_LEN]) -> Result<Self, InvalidValue> {
        thread_local! {
            static LAST: Cell<Option<Ed25519PublicKey>> = const { Cell::new(None) };
        }
        if let Some(last) = LAST.get().filter(|last| last.as_bytes() == bytes) {
            return Ok(last);
        }
        let key = Self::decode(bytes)?;
        LAST.set(Some(key));
        Ok(key)
    }

    fn decode(bytes: &[u8; KEY_LEN]) -> Result<Self, InvalidValue> {
        let invalid = InvalidValue { field: "signer key" };
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| invalid)?;
        (is_reduced(bytes) && !key.is_weak()).then_some(Self(key)).ok_or(invalid)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_LEN] {
        self.0.as_bytes()
    }

    pub(crate) fn verifies(
        &self,
        backend: Backend,
        message: &[u8],
        signature: &[u8; SIGNATURE_LEN],
    ) -> bool {
        match backend {
            #[cfg(all(feature = "aws-lc", not(feature = "fips")))]
            Backend::AwsLc => aws_lc::verifies(self.as_bytes(), message, signature),
            _ => {
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                self.0.verify_strict(message, &signature).is_ok()
            }
        }
    }
}

/// Whether `y`, the lower 255 bits, is less than 2^255 - 19. A point's encoding is then canonical, unless
/// `x = 0` and the sign bit is set; both points with `x = 0` are of small order.
fn is_reduced(encoding: &[u8; KEY_LEN]) -> bool {
    let [low, middle @ .., high] = encoding;
    high & 0x7F != 0x7F || middle.iter().any(|byte| *byte != 0xFF) || *low < 0xED
}
