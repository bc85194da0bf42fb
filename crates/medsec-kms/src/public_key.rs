//! Public keys as strings to hand to a partner.
//!
//! ```text
//! msp-x25519:<base64url, no padding, of key(32) ‖ check(4)>
//! msp-xwing:<… key(1216) ‖ check(4)>
//! msp-ed25519:<… key(32) ‖ check(4)>
//! check = first 4 bytes of SHA-256(prefix with its colon ‖ key)
//! ```

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use medsec_crypto::{HpkeKind, HpkeRecipient, VerifyingKey};
use sha2::{Digest as _, Sha256};

const CHECK_LEN: usize = 4;

/// What a key is for and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// Opens packages: HPKE with X25519.
    X25519,
    /// Opens packages: HPKE with X-Wing, also against a later quantum computer. Experimental until its
    /// RFC.
    XWing,
    /// Signs packages.
    Ed25519,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::X25519, Self::XWing, Self::Ed25519];

    /// What the public key's string starts with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::X25519 => "msp-x25519:",
            Self::XWing => "msp-xwing:",
            Self::Ed25519 => "msp-ed25519:",
        }
    }

    /// A short name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::X25519 => "x25519",
            Self::XWing => "x-wing",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// The public half of an identity: a recipient's key to seal to, or a signer's key to verify with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// To seal to.
    Recipient(HpkeRecipient),
    /// To verify with.
    Signer(VerifyingKey),
}

impl PublicKey {
    /// What the key is for and how.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Recipient(recipient) => kind_of(recipient.kind()),
            Self::Signer(_) => KeyKind::Ed25519,
        }
    }

    /// The recipient, if it is one.
    #[must_use]
    pub const fn as_recipient(&self) -> Option<&HpkeRecipient> {
        match self {
            Self::Recipient(recipient) => Some(recipient),
            Self::Signer(_) => None,
        }
    }

    /// The signer, if it is one.
    #[must_use]
    pub const fn as_signer(&self) -> Option<&VerifyingKey> {
        match self {
            Self::Recipient(_) => None,
            Self::Signer(signer) => Some(signer),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Recipient(recipient) => recipient.public_key(),
            Self::Signer(signer) => signer.as_bytes(),
        }
    }

    fn decode(kind: KeyKind, bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let recipient = |hpke| HpkeRecipient::new(hpke, bytes).map(Self::Recipient);
        let invalid = PublicKeyError::Key;
        match kind {
            KeyKind::X25519 => recipient(HpkeKind::X25519).map_err(|_| invalid),
            KeyKind::XWing => recipient(HpkeKind::XWing).map_err(|_| invalid),
            KeyKind::Ed25519 => {
                let bytes = bytes.try_into().map_err(|_| invalid)?;
                let key = VerifyingKey::from_bytes(bytes).map_err(|_| invalid)?;
                Ok(Self::Signer(key))
            }
        }
    }
}

pub(crate) const fn kind_of(hpke: HpkeKind) -> KeyKind {
    match hpke {
        HpkeKind::XWing => KeyKind::XWing,
        _ => KeyKind::X25519,
    }
}

impl From<HpkeRecipient> for PublicKey {
    fn from(recipient: HpkeRecipient) -> Self {
        Self::Recipient(recipient)
    }
}

impl From<VerifyingKey> for PublicKey {
    fn from(signer: VerifyingKey) -> Self {
        Self::Signer(signer)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, key) = (self.kind().prefix(), self.bytes());
        let bytes = [key, &check(prefix, key)].concat();
        write!(f, "{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let kind = KeyKind::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
            .ok_or(PublicKeyError::Prefix)?;
        let encoded = text.strip_prefix(kind.prefix()).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| PublicKeyError::Encoding)?;
        let (key, found) = bytes.split_last_chunk::<CHECK_LEN>().ok_or(PublicKeyError::Encoding)?;
        if *found != check(kind.prefix(), key) {
            return Err(PublicKeyError::Checksum);
        }
        Self::decode(kind, key)
    }
}

fn check(prefix: &str, key: &[u8]) -> [u8; CHECK_LEN] {
    let digest = Sha256::new().chain_update(prefix).chain_update(key);
    let digest: [u8; 32] = digest.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// A string is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublicKeyError {
    /// It starts with no known prefix.
    #[error("not a public key: it starts with none of `msp-x25519:`, `msp-xwing:`, `msp-ed25519:`")]
    Prefix,
    /// What follows the prefix is not base64url without padding, or too short.
    #[error("the public key has characters missing or that do not belong there")]
    Encoding,
    /// The checksum does not fit: a typing error or a part missing.
    #[error("the public key's checksum does not fit: it was mistyped or not copied whole")]
    Checksum,
    /// The checksum fits, but it is no key of its kind.
    #[error("the public key is not a valid key of its kind")]
    Key,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrivateKey;

    fn keys() -> Vec<PublicKey> {
        let key = |kind| PrivateKey::generate(kind).unwrap().public_key();
        KeyKind::ALL.into_iter().map(key).collect()
    }

    #[test]
    fn every_changed_character_is_noticed() {
        for key in keys() {
            let text = key.to_string();
            for at in 0..text.len() {
                for other in ["A", "b", "_", "="] {
                    let mut changed = text.clone();
                    changed.replace_range(at..=at, other);
                    assert!(changed == text || changed.parse::<PublicKey>().is_err());
                }
            }
        }
    }

    #[test]
    fn every_truncated_key_is_rejected() {
        for key in keys() {
            let text = key.to_string();
            for len in 0..text.len() {
                assert!(text[..len].parse::<PublicKey>().is_err());
            }
            assert!(format!("{text} ").parse::<PublicKey>().is_err());
            assert!(format!(" {text}").parse::<PublicKey>().is_err());
        }
    }

    #[test]
    fn key_under_another_prefix_is_rejected() {
        let key = PrivateKey::generate(KeyKind::X25519).unwrap().public_key();
        let moved = key.to_string().replace("msp-x25519:", "msp-ed25519:");
        assert_eq!(moved.parse::<PublicKey>(), Err(PublicKeyError::Checksum));
    }

    #[test]
    fn every_kind_of_key_parses_back() {
        for key in keys() {
            assert_eq!(key.to_string().parse::<PublicKey>(), Ok(key));
        }
    }
}
