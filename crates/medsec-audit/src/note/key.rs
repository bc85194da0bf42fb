//! Keys that verify notes: name, ID, algorithm, and the text in which they are handed on.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Longest text of a key, in bytes. Its name is all that can be long.
const MAX_TEXT_LEN: usize = 2048;

/// The name of a key: not empty, without spaces (of any alphabet), control characters and `+`. By custom a URL
/// without its scheme.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

/// The short identifier of a key: four bytes of a hash. As text, eight hexadecimal digits. No proof of anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKeyId([u8; 4]);

/// How a key signs notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 over the text (type 0x01): how a log signs.
    Ed25519,
    /// Ed25519 over `cosignature/v1`, a time and the text (type 0x04): how a witness signs.
    CosignatureV1,
}

/// A public key and the name it signs notes under. As text `name+id+base64(type ‖ key)`.
///
/// Whoever configures one vouches that the key belongs to the name.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    // INVARIANT: the ID of name, algorithm and key.
    id: NoteKeyId,
    algorithm: Algorithm,
    key: ed25519_dalek::VerifyingKey,
}

/// Why something is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeyError {
    /// The name is empty, or has a space, a control character or a `+`.
    #[error("no valid key name")]
    Name,
    /// The text is not `name+id+base64`, with eight lower-case digits and canonical base64, or is too long.
    #[error("not of the form name+id+base64")]
    Format,
    /// The type is neither 1 (Ed25519) nor 4 (Ed25519 cosignature).
    #[error("unknown signature type {0}")]
    Algorithm(u8),
    /// The key is no canonical encoding of a point that is not of small order.
    #[error("no usable Ed25519 public key")]
    Key,
    /// The ID is not that of name, type and key.
    #[error("the key ID does not fit the key")]
    Id,
}

impl KeyName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`VerifierKeyError::Name`] if it cannot be one.
    pub fn new(name: &str) -> Result<Self, VerifierKeyError> {
        let bad = |c: char| c == '+' || c.is_whitespace() || c < ' ';
        let fits = !name.is_empty() && !name.contains(bad);
        fits.then(|| Self(name.to_owned())).ok_or(VerifierKeyError::Name)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NoteKeyId {
    /// Takes the bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0
    }

    /// SHA-256(name ‖ 0x0A ‖ type ‖ key)\[:4\].
    fn of(name: &KeyName, algorithm: Algorithm, key: &[u8; 32]) -> Self {
        let hash = Sha256::new_with_prefix(name.as_str()).chain_update([b'\n', algorithm.byte()]);
        let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(key).finalize().into();
        Self([a, b, c, d])
    }
}

impl Algorithm {
    /// The signature type of the specification.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::CosignatureV1 => 4,
        }
    }

    fn from_byte(byte: u8) -> Result<Self, VerifierKeyError> {
        let known = [Self::Ed25519, Self::CosignatureV1].into_iter().find(|a| a.byte() == byte);
        known.ok_or(VerifierKeyError::Algorithm(byte))
    }
}

impl VerifierKey {
    /// Puts a key together and computes its ID.
    ///
    /// # Errors
    /// [`VerifierKeyError::Key`] unless `key` is a canonical point that is not of small order.
    pub fn new(
        name: KeyName,
        algorithm: Algorithm,
        key: &[u8; 32],
    ) -> Result<Self, VerifierKeyError> {
        let id = NoteKeyId::of(&name, algorithm, key);
        let key =
            ed25519_dalek::VerifyingKey::from_bytes(key).map_err(|_| VerifierKeyError::Key)?;
        let canonical = key.to_edwards().compress().as_bytes() == key.as_bytes();
        let key =
            Some(key).filter(|key| canonical && !key.is_weak()).ok_or(VerifierKeyError::Key)?;
        Ok(Self { name, id, algorithm, key })
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID.
    #[must_use]
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// How the key signs.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The Ed25519 public key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Strictly: no small order, no other encodings.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.key.verify_strict(message, &signature).is_ok()
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(VerifierKeyError::Format);
        }
        // The base64 may have a `+` too.
        let mut parts = text.splitn(3, '+');
        let mut part = || parts.next().ok_or(VerifierKeyError::Format);
        let [name, id, key] = [part()?, part()?, part()?];
        let name = KeyName::new(name)?;
        let key = STANDARD.decode(key).map_err(|_| VerifierKeyError::Format)?;
        let (algorithm, key) = key.split_first().ok_or(VerifierKeyError::Format)?;
        let algorithm = Algorithm::from_byte(*algorithm)?;
        let key = Self::new(name, algorithm, key.try_into().map_err(|_| VerifierKeyError::Key)?)?;
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 8 || !id.bytes().all(hex) {
            return Err(VerifierKeyError::Format);
        }
        (id == key.id.to_string()).then_some(key).ok_or(VerifierKeyError::Id)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm.byte()][..], self.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for NoteKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKeyId({self})")
    }
}
