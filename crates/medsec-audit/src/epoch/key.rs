//! Keys of epochs.

#[cfg(feature = "aws-lc")]
mod aws_lc;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::text::{InvalidValue, RandomError, Word, random};

const INVALID: InvalidValue = InvalidValue { field: "epoch key" };

/// The public key of an epoch (Ed25519). As text, standard base64, 44 characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EpochPublicKey(VerifyingKey);

/// The private key of an epoch. Erased on drop.
pub(crate) struct EpochKey {
    portable: Box<SigningKey>,
    #[cfg(feature = "aws-lc")]
    fast: Option<aws_lc::KeyPair>,
}

impl EpochPublicKey {
    /// Takes an encoded public key.
    ///
    /// # Errors
    /// [`InvalidValue`] unless it is a canonical point that is not of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidValue> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| INVALID)?;
        let canonical = key.to_edwards().compress().as_bytes() == bytes;
        (canonical && !key.is_weak()).then_some(Self(key)).ok_or(INVALID)
    }

    /// The encoded key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Strictly: no small order, no other encodings.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl EpochKey {
    /// Draws a fresh key from the operating system.
    pub(crate) fn generate() -> Result<Self, RandomError> {
        Ok(Self::from_seed(&Zeroizing::new(random()?)))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self {
            portable: Box::new(SigningKey::from_bytes(seed)),
            #[cfg(feature = "aws-lc")]
            fast: aws_lc::KeyPair::from_seed(seed),
        }
    }

    /// For the slot in which it waits for its epoch.
    pub(crate) fn expose_seed(&self) -> &[u8; 32] {
        self.portable.as_bytes()
    }

    pub(crate) fn public(&self) -> EpochPublicKey {
        EpochPublicKey(self.portable.verifying_key())
    }

    /// The bytes are the same whichever library makes them (RFC 8032). AWS-LC fails for want of memory only.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        #[cfg(feature = "aws-lc")]
        if let Some(signature) = self.fast.as_ref().and_then(|key| key.sign(message)) {
            return signature;
        }
        self.portable.sign(message).to_bytes()
    }
}

impl fmt::Display for EpochPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.as_bytes()))
    }
}

impl fmt::Debug for EpochPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochPublicKey({self})")
    }
}

impl Word for EpochPublicKey {}

impl FromStr for EpochPublicKey {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        Self::from_bytes(&bytes.ok_or(INVALID)?)
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EpochKey(redacted)")
    }
}
