//! Ed25519 signatures over DSSE's pre-authentication encoding: attestations and the report's statement.
//!
//! ```text
//! PAE(type, body) = "DSSEv1" ‖ SP ‖ len(type) ‖ SP ‖ type ‖ SP ‖ len(body) ‖ SP ‖ body      lengths in decimal
//! ```
//!
//! A private key is a file in PKCS #8 PEM (RFC 8410), as `openssl genpkey -algorithm ed25519` makes it too.

use core::fmt;
use core::str::FromStr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::error::{At as _, ReportError};

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// Everything of the DER before the 32 bytes of the seed.
const DER_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// A key that verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A key that signs. It is wiped when dropped and cannot be printed.
pub struct PrivateKey(SigningKey);

/// A signature with the id of its key: `ed25519 <key id> <base64>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    key_id: String,
    bytes: [u8; 64],
}

/// The text is no public key or no signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key or signature in base64")]
#[non_exhaustive]
pub struct NotAKey;

/// What is signed.
fn encoded(kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), body.len());
    [head.as_bytes(), body].concat()
}

impl PublicKey {
    /// SHA-256 of the 32 bytes.
    #[must_use]
    pub fn id(&self) -> String {
        sha256(self.0.as_bytes())
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = STANDARD.decode(text).map_err(|_| NotAKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| NotAKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| NotAKey)?;
        if key.is_weak() { Err(NotAKey) } else { Ok(Self(key)) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

impl PrivateKey {
    /// Makes a key and writes it to a file that did not exist, readable by its owner alone.
    ///
    /// # Errors
    /// The system gives no randomness, or the file exists or cannot be written.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice())
            .map_err(|error| ReportError::content(path.display().to_string(), error))?;
        let key = SigningKey::from_bytes(&seed);
        let der = Zeroizing::new([DER_HEAD.as_slice(), seed.as_slice()].concat());
        let text = Zeroizing::new(STANDARD.encode(der.as_slice()));
        write_private(path, &format!("{BEGIN}\n{}\n{END}\n", text.as_str())).at(path)?;
        Ok(Self(key))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// It cannot be read, or is no Ed25519 key in PKCS #8 PEM.
    pub fn load(path: &Path) -> Result<Self, ReportError> {
        let text = Zeroizing::new(crate::error::read_limited(path, 4096)?);
        let wrong = || ReportError::Key { path: path.to_path_buf() };
        let text = std::str::from_utf8(&text).map_err(|_| wrong())?;
        let inside = text.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
        let (inside, _) = inside.ok_or_else(wrong)?;
        let dense: Zeroizing<String> = Zeroizing::new(inside.split_whitespace().collect());
        let der = Zeroizing::new(STANDARD.decode(dense.as_str()).map_err(|_| wrong())?);
        let seed = der.strip_prefix(&DER_HEAD).ok_or_else(wrong)?;
        let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| wrong())?);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The key that verifies.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs bytes of a kind. The same key, kind and bytes give the same signature.
    #[must_use]
    pub fn sign(&self, kind: &str, body: &[u8]) -> Signature {
        let bytes = self.0.sign(&encoded(kind, body)).to_bytes();
        Signature { key_id: self.public().id(), bytes }
    }
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

impl Signature {
    /// Whether a key made it over these bytes.
    #[must_use]
    pub fn is_of(&self, key: &PublicKey, kind: &str, body: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&self.bytes);
        self.key_id == key.id() && key.0.verify_strict(&encoded(kind, body), &signature).is_ok()
    }

    /// The id of the key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The 64 bytes in base64.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(self.bytes)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519 {} {}", self.key_id, self.base64())
    }
}

impl FromStr for Signature {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let words: Vec<_> = text.split(' ').collect();
        let ["ed25519", key_id, signature] = words.as_slice() else { return Err(NotAKey) };
        let bytes = STANDARD.decode(signature).map_err(|_| NotAKey)?;
        let bytes = bytes.try_into().map_err(|_| NotAKey)?;
        Ok(Self { key_id: (*key_id).to_owned(), bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> (tempfile::TempDir, PrivateKey) {
        let dir = tempfile::tempdir().unwrap();
        let key = PrivateKey::create(&dir.path().join("key.pem")).unwrap();
        (dir, key)
    }

    #[test]
    fn other_bytes_kind_or_key_do_not_verify() {
        let (_dir, key) = key();
        let signature = key.sign("kind", b"body");
        let verifies = |kind, body| signature.is_of(&key.public(), kind, body);
        assert!(verifies("kind", b"body"));
        assert!(!verifies("kind", b"bodz") && !verifies("kin", b"dbody"));
        let (_other_dir, other) = self::key();
        assert!(!signature.is_of(&other.public(), "kind", b"body"));
    }

    #[test]
    fn key_file_reads_back_and_is_not_replaced() {
        let (dir, key) = key();
        let path = dir.path().join("key.pem");
        assert_eq!(PrivateKey::load(&path).unwrap().public(), key.public());
        assert!(PrivateKey::create(&path).is_err());
        assert_eq!(format!("{key:?}"), "PrivateKey(…)");
    }

    #[test]
    fn damaged_key_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        for text in ["", BEGIN, &format!("{BEGIN}\nAAAA\n{END}"), &format!("{BEGIN}\n{END}")] {
            std::fs::write(&path, text).unwrap();
            assert!(matches!(PrivateKey::load(&path), Err(ReportError::Key { .. })), "{text}");
        }
    }

    #[test]
    fn signature_reads_back_from_its_text() {
        let (_dir, key) = key();
        let signature = key.sign("kind", b"body");
        assert_eq!(signature.to_string().parse(), Ok(signature));
        for wrong in ["", "ed25519 a", "ed25519 a b c", "rsa a AAAA", "ed25519 a AAAA"] {
            assert_eq!(wrong.parse::<Signature>(), Err(NotAKey), "{wrong}");
        }
    }
}
