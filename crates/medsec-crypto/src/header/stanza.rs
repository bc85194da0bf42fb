//! One recipient: which key wraps the data key, and the wrapped bytes.
//!
//! ```text
//! type u8 ‖ key_ref_len u16 ‖ wrapped_len u16 ‖ key_ref ‖ wrapped
//! ```

use std::fmt;

use crate::error::FormatError;
use crate::wire::Wire;

/// Longest key reference in bytes.
pub const MAX_KEY_REF_LEN: usize = 2048;
/// Longest wrapped data key in bytes.
pub const MAX_WRAPPED_LEN: usize = 8192;

/// What kind of key wraps the data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum StanzaKind {
    /// A key encryption key of a local key store.
    LocalKek,
    /// AWS KMS, named by key ARN.
    AwsKms,
    /// Vault or OpenBao transit, named `namespace/mount/name`.
    VaultTransit,
    /// A PKCS#11 token's AES key.
    Pkcs11,
    /// HPKE with X25519 (KEM 0x0020).
    HpkeX25519,
    /// HPKE with X-Wing (KEM 0x647A); experimental until its RFC.
    HpkeXWing,
    /// A kind this version does not know. Never tried, shown by inspection.
    Unknown(u8),
}

impl StanzaKind {
    /// The number in the file.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::LocalKek => 1,
            Self::AwsKms => 2,
            Self::VaultTransit => 3,
            Self::Pkcs11 => 4,
            Self::HpkeX25519 => 5,
            Self::HpkeXWing => 6,
            Self::Unknown(number) => number,
        }
    }

    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::LocalKek,
            2 => Self::AwsKms,
            3 => Self::VaultTransit,
            4 => Self::Pkcs11,
            5 => Self::HpkeX25519,
            6 => Self::HpkeXWing,
            other => Self::Unknown(other),
        }
    }

    /// Exact lengths of key reference and wrapped key, where the kind fixes them.
    const fn exact_lengths(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::LocalKek => (Some(36), Some(104)),
            Self::Pkcs11 => (None, Some(72)),
            Self::HpkeX25519 => (Some(32), Some(80)),
            Self::HpkeXWing => (Some(32), Some(1168)),
            Self::AwsKms | Self::VaultTransit | Self::Unknown(_) => (None, None),
        }
    }

    /// Whether `key_ref` is well formed for this kind.
    fn accepts(self, key_ref: &[u8]) -> bool {
        let graphic = || key_ref.iter().all(u8::is_ascii_graphic);
        match self {
            Self::AwsKms => graphic() && is_key_arn(key_ref),
            Self::VaultTransit => graphic() && is_transit_key(key_ref),
            Self::Pkcs11 => {
                let mut parts = key_ref.splitn(2, |b| *b == 0);
                let serial = parts.next().unwrap_or_default();
                let id = parts.next().unwrap_or_default();
                !serial.is_empty() && serial.is_ascii() && !id.is_empty()
            }
            Self::Unknown(number) => number != 0,
            Self::LocalKek | Self::HpkeX25519 | Self::HpkeXWing => true,
        }
    }
}

/// `namespace/mount/name`. The namespace may be empty (the root one) or have slashes of its own.
fn is_transit_key(key_ref: &[u8]) -> bool {
    let mut parts = key_ref.rsplitn(3, |b| *b == b'/');
    let named = |part: Option<&[u8]>| part.is_some_and(|part| !part.is_empty());
    named(parts.next()) && named(parts.next()) && parts.next().is_some()
}

/// `arn:partition:kms:region:account:key/id`; an alias may come to mean another key.
fn is_key_arn(key_ref: &[u8]) -> bool {
    let parts: Vec<&[u8]> = key_ref.splitn(6, |b| *b == b':').collect();
    let named = parts.iter().all(|part| !part.is_empty());
    named
        && matches!(parts.as_slice(), [b"arn", _, b"kms", _, _, key] if key.len() > 4 && key.starts_with(b"key/"))
}

impl fmt::Display for StanzaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LocalKek => f.write_str("local"),
            Self::AwsKms => f.write_str("aws-kms"),
            Self::VaultTransit => f.write_str("vault-transit"),
            Self::Pkcs11 => f.write_str("pkcs11"),
            Self::HpkeX25519 => f.write_str("x25519"),
            Self::HpkeXWing => f.write_str("x-wing"),
            Self::Unknown(number) => write!(f, "unknown-{number}"),
        }
    }
}

/// Names a wrapping key in its one canonical form. Two references are the same key exactly if they are
/// equal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRef {
    kind: StanzaKind,
    bytes: Vec<u8>,
}

impl KeyRef {
    /// Checks form and length for the kind.
    ///
    /// # Errors
    /// [`FormatError`] if `bytes` is not a key reference of this kind.
    pub fn new(kind: StanzaKind, bytes: &[u8]) -> Result<Self, FormatError> {
        let field = "key reference";
        let (exact, _) = kind.exact_lengths();
        let fits = exact.map_or((1..=MAX_KEY_REF_LEN).contains(&bytes.len()), |n| n == bytes.len());
        if !fits {
            return Err(FormatError::Length { field });
        }
        if !kind.accepts(bytes) {
            return Err(FormatError::Value { field });
        }
        Ok(Self { kind, bytes: bytes.to_vec() })
    }

    /// For kinds whose reference is a SHA-256 digest.
    pub(crate) fn of_digest(kind: StanzaKind, digest: &[u8; 32]) -> Self {
        Self { kind, bytes: digest.to_vec() }
    }

    /// The kind of key.
    #[must_use]
    pub const fn kind(&self) -> StanzaKind {
        self.kind
    }

    /// The reference as it stands in the package.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for KeyRef {
    /// `kind:text` where the reference is text, `kind:hex` where it is not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind)?;
        match str::from_utf8(&self.bytes) {
            Ok(text) if text.bytes().all(|b| b.is_ascii_graphic()) => f.write_str(text),
            _ => self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

impl fmt::Debug for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRef({self})")
    }
}

/// A recipient: a wrapping key and the data key wrapped under it.
#[derive(Clone, PartialEq, Eq)]
pub struct Stanza {
    key_ref: KeyRef,
    wrapped: Vec<u8>,
}

impl Stanza {
    /// Checks the length of the wrapped key for the kind.
    ///
    /// # Errors
    /// [`FormatError::Length`] if it is empty, too long, or not what the kind fixes.
    pub fn new(key_ref: KeyRef, wrapped: Vec<u8>) -> Result<Self, FormatError> {
        let (_, exact) = key_ref.kind.exact_lengths();
        let fits =
            exact.map_or((1..=MAX_WRAPPED_LEN).contains(&wrapped.len()), |n| n == wrapped.len());
        if !fits {
            return Err(FormatError::Length { field: "wrapped key" });
        }
        Ok(Self { key_ref, wrapped })
    }

    /// Which key wraps.
    #[must_use]
    pub const fn key_ref(&self) -> &KeyRef {
        &self.key_ref
    }

    /// The wrapped data key.
    #[must_use]
    pub fn wrapped(&self) -> &[u8] {
        &self.wrapped
    }

    pub(crate) fn parse(wire: &mut Wire<'_>) -> Option<Result<Self, FormatError>> {
        let kind = StanzaKind::from_number(wire.u8()?);
        let key_ref_len = usize::from(wire.u16()?);
        let wrapped_len = usize::from(wire.u16()?);
        let key_ref = wire.take(key_ref_len)?;
        let wrapped = wire.take(wrapped_len)?;
        Some(KeyRef::new(kind, key_ref).and_then(|key_ref| Self::new(key_ref, wrapped.to_vec())))
    }

    pub(crate) fn encode_into(&self, out: &mut Vec<u8>) {
        let len = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
        out.push(self.key_ref.kind.number());
        out.extend_from_slice(&len(&self.key_ref.bytes));
        out.extend_from_slice(&len(&self.wrapped));
        out.extend_from_slice(&self.key_ref.bytes);
        out.extend_from_slice(&self.wrapped);
    }
}

impl fmt::Debug for Stanza {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stanza({}, {} bytes)", self.key_ref, self.wrapped.len())
    }
}
