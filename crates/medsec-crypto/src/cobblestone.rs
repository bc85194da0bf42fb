//! C2SP chunked encryption (<https://c2sp.org/chunked-encryption>), instantiated with
//! HKDF-Expand-SHA-512 and a 256-bit AEAD. With AES-256-GCM it is Cobblestone-256.
//!
//! ```text
//! message = salt(24) ‖ commitment(32) ‖ chunk 0 ‖ chunk 1 ‖ … ‖ last chunk
//! chunk k = AEAD(key, base_nonce XOR k, 16 KiB of plaintext, no aad); the last one is shorter
//! ```
//!
//! This module is the sans-I/O core: it derives, seals and opens runs of chunks in the caller's buffer
//! and knows every length. It never sees a file.

mod length;
mod run;
#[cfg(test)]
mod tests;
mod whole;

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub(crate) use length::{MessageLen, overhead_of};
pub(crate) use run::ChunkCipher;
pub use whole::{open_message, seal_message};
pub(crate) use whole::{open_message_with, seal_message_with};

use crate::backend::{NONCE_LEN, TAG_LEN, hkdf_expand_sha512};
use crate::error::NotAuthentic;
use crate::secret::KEY_LEN;
use crate::suite::{Backend, Suite};

/// Plaintext bytes in every chunk but the last.
pub(crate) const CHUNK_LEN: usize = 16 * 1024;
/// Bytes of a full chunk with its tag.
pub(crate) const SEALED_CHUNK_LEN: usize = CHUNK_LEN + TAG_LEN;
/// Bytes of the salt that starts a message.
pub(crate) const SALT_LEN: usize = 24;
/// Bytes of the key commitment that follows the salt.
pub(crate) const COMMITMENT_LEN: usize = 32;
/// Bytes before the first chunk.
pub(crate) const PREFIX_LEN: usize = SALT_LEN + COMMITMENT_LEN;

/// Salt and commitment: what stands before the first chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) commitment: [u8; COMMITMENT_LEN],
}

impl Prefix {
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (salt, rest) = bytes.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        Some((Self { salt: *salt, commitment: *commitment }, rest))
    }

    pub(crate) fn to_bytes(self) -> [u8; PREFIX_LEN] {
        let mut out = [0; PREFIX_LEN];
        let (salt, commitment) = out.split_at_mut(SALT_LEN);
        salt.copy_from_slice(&self.salt);
        commitment.copy_from_slice(&self.commitment);
        out
    }
}

/// The secrets of one message, all derived from key, salt and context.
pub(crate) struct MessageKeys {
    key: Box<Zeroizing<[u8; KEY_LEN]>>,
    base_nonce: [u8; NONCE_LEN],
    commitment: [u8; COMMITMENT_LEN],
}

impl MessageKeys {
    /// Derivation of the specification, section "Key derivation". `context` is concatenated.
    pub(crate) fn derive(
        backend: Backend,
        suite: Suite,
        input_key: &[u8; KEY_LEN],
        salt: &[u8; SALT_LEN],
        context: &[&[u8]],
    ) -> Result<Self, NotAuthentic> {
        let mut info: Vec<&[u8]> =
            vec![b"c2sp.org/chunked-encryption@v1+", suite.aead_name().as_bytes(), &[0], salt];
        info.extend_from_slice(context);
        let mut okm = Zeroizing::new([0; KEY_LEN + NONCE_LEN + COMMITMENT_LEN]);
        hkdf_expand_sha512(backend, input_key, &info, okm.as_mut_slice())?;
        let mut key = Box::new(Zeroizing::new([0; KEY_LEN]));
        let (first, rest) = okm.split_first_chunk::<KEY_LEN>().ok_or(NotAuthentic)?;
        key.copy_from_slice(first);
        let (base_nonce, rest) = rest.split_first_chunk().ok_or(NotAuthentic)?;
        let commitment = rest.first_chunk().ok_or(NotAuthentic)?;
        Ok(Self { key, base_nonce: *base_nonce, commitment: *commitment })
    }

    /// The prefix that announces these keys.
    pub(crate) const fn prefix(&self, salt: [u8; SALT_LEN]) -> Prefix {
        Prefix { salt, commitment: self.commitment }
    }

    /// Compares the commitment in constant time; before this nothing may be decrypted.
    pub(crate) fn check(&self, prefix: &Prefix) -> Result<(), NotAuthentic> {
        let equal = self.commitment.ct_eq(&prefix.commitment);
        bool::from(equal).then_some(()).ok_or(NotAuthentic)
    }
}

impl fmt::Debug for MessageKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageKeys(redacted)")
    }
}
