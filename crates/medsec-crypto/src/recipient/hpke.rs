//! HPKE (RFC 9180) recipients: who holds a private key can open, who knows the public key can seal.
//!
//! ```text
//! key_ref = SHA-256(kem_id u16 ‖ public key)
//! wrapped = enc ‖ ct: 32 + 48 bytes for X25519, 1,120 + 48 for X-Wing
//! ```
//!
//! Base mode, HKDF-SHA256, AES-256-GCM, `info = label ‖ 0 ‖ "hpke" ‖ 0 ‖ type`, `aad = bind`.

use std::fmt;

use ::hpke::aead::AesGcm256;
use ::hpke::kdf::HkdfSha256;
use ::hpke::kem::{X25519HkdfSha256, XWing};
use ::hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use ::hpke::{single_shot_open, single_shot_seal};
use zeroize::{Zeroize, Zeroizing};

use super::{Identity, Recipient, WrapError};
use crate::backend::sha256;
use crate::error::{InvalidKeyLength, InvalidValue, NotAuthentic, RandomError};
use crate::header::stanza::{KeyRef, Stanza, StanzaKind};
use crate::ids::Bind;
use crate::label::labelled;
use crate::secret::{Dek, fill_random};
use crate::suite::Backend;

/// The key encapsulation mechanism of an HPKE recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HpkeKind {
    /// DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1.
    X25519,
    /// X-Wing: ML-KEM-768 with X25519, against a later quantum computer. Experimental: the byte format
    /// may change until its RFC is published.
    XWing,
}

impl HpkeKind {
    /// Number in the IANA registry of HPKE KEMs.
    #[must_use]
    pub const fn kem_id(self) -> u16 {
        match self {
            Self::X25519 => X25519HkdfSha256::KEM_ID,
            Self::XWing => XWing::KEM_ID,
        }
    }

    /// The kind of stanza it makes.
    #[must_use]
    pub const fn stanza_kind(self) -> StanzaKind {
        match self {
            Self::X25519 => StanzaKind::HpkeX25519,
            Self::XWing => StanzaKind::HpkeXWing,
        }
    }

    /// Length of a public key in bytes.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1216,
        }
    }

    const fn enc_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1120,
        }
    }
}

/// A public key to seal to.
#[derive(Clone, PartialEq, Eq)]
pub struct HpkeRecipient {
    kind: HpkeKind,
    public_key: Vec<u8>,
}

impl HpkeRecipient {
    /// Decodes a public key.
    ///
    /// # Errors
    /// [`InvalidValue`] if length or encoding is not that of the kind.
    pub fn new(kind: HpkeKind, public_key: &[u8]) -> Result<Self, InvalidValue> {
        let valid = match kind {
            HpkeKind::X25519 => decodes::<X25519HkdfSha256>(public_key),
            HpkeKind::XWing => decodes::<XWing>(public_key),
        };
        valid
            .then(|| Self { kind, public_key: public_key.to_vec() })
            .ok_or(InvalidValue { field: "public key" })
    }

    /// The mechanism.
    #[must_use]
    pub const fn kind(&self) -> HpkeKind {
        self.kind
    }

    /// The encoded public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

impl fmt::Debug for HpkeRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HpkeRecipient({})", self.key_ref())
    }
}

impl Recipient for HpkeRecipient {
    fn key_ref(&self) -> KeyRef {
        key_ref_of(self.kind, &self.public_key)
    }

    fn wrap_dek(&self, dek: &Dek, bind: &Bind) -> Result<Stanza, WrapError> {
        // The library panics where the system's generator fails; ask it first.
        fill_random(&mut [0; 32])?;
        let wrapped = match self.kind {
            HpkeKind::X25519 => self.seal::<X25519HkdfSha256>(dek, bind),
            HpkeKind::XWing => self.seal::<XWing>(dek, bind),
        };
        let wrapped = wrapped.ok_or(WrapError::PublicKey)?;
        Stanza::new(self.key_ref(), wrapped).map_err(|_| WrapError::PublicKey)
    }
}

impl HpkeRecipient {
    fn seal<K: Kem>(&self, dek: &Dek, bind: &Bind) -> Option<Vec<u8>> {
        let public_key = K::PublicKey::from_bytes(&self.public_key).ok()?;
        let (enc, ct) = single_shot_seal::<AesGcm256, HkdfSha256, K>(
            &OpModeS::Base,
            &public_key,
            &info(self.kind),
            dek.expose_secret(),
            bind.as_bytes(),
        )
        .ok()?;
        Some([enc.to_bytes().as_slice(), &ct].concat())
    }
}

/// A private key to open with: 32 bytes, erased on drop.
pub struct HpkeIdentity {
    secret: Box<Zeroizing<[u8; 32]>>,
    recipient: HpkeRecipient,
}

impl HpkeIdentity {
    /// Draws a fresh key pair from the operating system.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate(kind: HpkeKind) -> Result<Self, RandomError> {
        let mut secret = Zeroizing::new([0; 32]);
        fill_random(secret.as_mut_slice())?;
        Self::take_from(kind, secret.as_mut_slice()).map_err(|_| RandomError)
    }

    /// Takes over a private key (32 bytes for both kinds) and erases the caller's copy.
    ///
    /// # Errors
    /// [`InvalidKeyLength`] unless `secret` is a private key of the kind.
    pub fn take_from(kind: HpkeKind, secret: &mut [u8]) -> Result<Self, InvalidKeyLength> {
        let identity = Self::derive(kind, secret);
        secret.zeroize();
        identity.ok_or(InvalidKeyLength)
    }

    fn derive(kind: HpkeKind, bytes: &[u8]) -> Option<Self> {
        let mut secret = Box::new(Zeroizing::new([0; 32]));
        if bytes.len() != secret.len() {
            return None;
        }
        secret.copy_from_slice(bytes);
        let public_key = match kind {
            HpkeKind::X25519 => public_of::<X25519HkdfSha256>(bytes)?,
            HpkeKind::XWing => public_of::<XWing>(bytes)?,
        };
        Some(Self { secret, recipient: HpkeRecipient { kind, public_key } })
    }

    /// The public half.
    #[must_use]
    pub const fn recipient(&self) -> &HpkeRecipient {
        &self.recipient
    }

    /// The private key, for storing it under protection.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.secret
    }

    fn open<K: Kem>(&self, wrapped: &[u8], bind: &Bind) -> Option<Vec<u8>> {
        let (enc, ct) = wrapped.split_at_checked(self.recipient.kind.enc_len())?;
        single_shot_open::<AesGcm256, HkdfSha256, K>(
            &OpModeR::Base,
            &K::PrivateKey::from_bytes(self.secret.as_slice()).ok()?,
            &K::EncappedKey::from_bytes(enc).ok()?,
            &info(self.recipient.kind),
            ct,
            bind.as_bytes(),
        )
        .ok()
    }
}

impl Identity for HpkeIdentity {
    fn key_ref(&self) -> KeyRef {
        self.recipient.key_ref()
    }

    fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, NotAuthentic> {
        let opened = match self.recipient.kind {
            HpkeKind::X25519 => self.open::<X25519HkdfSha256>(stanza.wrapped(), bind),
            HpkeKind::XWing => self.open::<XWing>(stanza.wrapped(), bind),
        };
        let mut secret = Zeroizing::new(opened.ok_or(NotAuthentic)?);
        Dek::take_from(&mut secret).map_err(|_| NotAuthentic)
    }
}

impl fmt::Debug for HpkeIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HpkeIdentity({}, redacted)", self.recipient.key_ref())
    }
}

fn decodes<K: Kem>(public_key: &[u8]) -> bool {
    K::PublicKey::from_bytes(public_key).is_ok()
}

fn public_of<K: Kem>(secret: &[u8]) -> Option<Vec<u8>> {
    let secret = K::PrivateKey::from_bytes(secret).ok()?;
    Some(K::sk_to_pk(&secret).to_bytes().to_vec())
}

fn key_ref_of(kind: HpkeKind, public_key: &[u8]) -> KeyRef {
    let digest = sha256(Backend::RustCrypto, &[&kind.kem_id().to_be_bytes(), public_key]);
    KeyRef::of_digest(kind.stanza_kind(), &digest)
}

fn info(kind: HpkeKind) -> Vec<u8> {
    labelled("hpke", &[&[kind.stanza_kind().number()]]).concat()
}
