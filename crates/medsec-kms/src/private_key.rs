//! A private key of any kind that an identity file can hold.

use std::fmt;

use medsec_crypto::{
    HpkeIdentity, HpkeKind, InvalidKeyLength, RandomError, SigningKey, VerifyingKey,
};

use crate::public_key::{KeyKind, PublicKey};

/// A private key: to open packages with, or to sign them. Erased on drop.
#[non_exhaustive]
pub enum PrivateKey {
    /// To open packages with.
    Identity(HpkeIdentity),
    /// To sign packages with.
    Signer(SigningKey),
}

impl PrivateKey {
    /// Draws a fresh key from the operating system.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness; nothing was made.
    pub fn generate(kind: KeyKind) -> Result<Self, RandomError> {
        Ok(match kind {
            KeyKind::X25519 => Self::Identity(HpkeIdentity::generate(HpkeKind::X25519)?),
            KeyKind::XWing => Self::Identity(HpkeIdentity::generate(HpkeKind::XWing)?),
            KeyKind::Ed25519 => Self::Signer(SigningKey::generate()?),
        })
    }

    /// Takes over a private key (32 bytes for every kind) and erases the caller's copy.
    ///
    /// # Errors
    /// [`InvalidKeyLength`] unless `secret` is a private key of the kind.
    pub fn take_from(kind: KeyKind, secret: &mut [u8]) -> Result<Self, InvalidKeyLength> {
        Ok(match kind {
            KeyKind::X25519 => Self::Identity(HpkeIdentity::take_from(HpkeKind::X25519, secret)?),
            KeyKind::XWing => Self::Identity(HpkeIdentity::take_from(HpkeKind::XWing, secret)?),
            KeyKind::Ed25519 => Self::Signer(SigningKey::take_from(secret)?),
        })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        match self {
            Self::Identity(identity) => PublicKey::Recipient(identity.recipient().clone()),
            Self::Signer(signer) => {
                let key: VerifyingKey = signer.verifying_key();
                PublicKey::Signer(key)
            }
        }
    }

    /// The private key, for storing it under protection.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        match self {
            Self::Identity(identity) => identity.expose_secret(),
            Self::Signer(signer) => signer.expose_seed(),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, redacted)", self.public_key().kind().name())
    }
}
