//! The primitives a package needs, from whichever backend was chosen. Nothing here is cryptography of
//! our own: each function is a call into a library, shaped alike.

#[cfg(feature = "aws-lc")]
mod aws_lc;
#[cfg(test)]
mod cavp;
mod ed25519;
mod rustcrypto;
#[cfg(test)]
mod wycheproof;

pub(crate) use self::ed25519::{
    Ed25519Key, Ed25519PublicKey, SIGNATURE_LEN as ED25519_SIGNATURE_LEN,
};

use crate::error::NotAuthentic;
use crate::secret::KEY_LEN;
use crate::suite::{Backend, Suite};

/// Length in bytes of an AEAD nonce; both suites share it.
pub(crate) const NONCE_LEN: usize = 12;
/// Length in bytes of an AEAD tag; both suites share it.
pub(crate) const TAG_LEN: usize = 16;

/// Which way a prepared cipher works. The validated module keeps the two apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Seal,
    Open,
}

/// An AEAD under one key, ready for many chunks.
pub(crate) enum Aead {
    RustCrypto(rustcrypto::Aead),
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc::Aead),
}

impl Aead {
    pub(crate) fn new(
        backend: Backend,
        suite: Suite,
        key: &[u8; KEY_LEN],
        #[cfg_attr(
            not(feature = "aws-lc"),
            expect(unused_variables, reason = "only AWS-LC tells the directions apart")
        )]
        direction: Direction,
    ) -> Result<Self, NotAuthentic> {
        match backend {
            Backend::RustCrypto => Ok(Self::RustCrypto(rustcrypto::Aead::new(suite, key))),
            #[cfg(feature = "aws-lc")]
            Backend::AwsLc => aws_lc::Aead::new(suite, key, direction).map(Self::AwsLc),
        }
    }

    /// What seals one run of chunks under strictly increasing nonces.
    pub(crate) fn sealing_run(&self) -> Result<SealingRun<'_>, NotAuthentic> {
        match self {
            Self::RustCrypto(aead) => Ok(SealingRun::RustCrypto(aead)),
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(aead) => aead.sealing_run().map(SealingRun::AwsLc),
        }
    }

    /// Verifies and decrypts `chunk` (ciphertext ‖ tag) in place. On failure the content is undefined
    /// and must not be used.
    pub(crate) fn open_in_place(
        &self,
        nonce: [u8; NONCE_LEN],
        chunk: &mut [u8],
    ) -> Result<(), NotAuthentic> {
        match self {
            Self::RustCrypto(aead) => aead.open_in_place(nonce, chunk),
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(aead) => aead.open_in_place(nonce, chunk),
        }
    }
}

/// See [`Aead::sealing_run`].
pub(crate) enum SealingRun<'a> {
    RustCrypto(&'a rustcrypto::Aead),
    #[cfg(feature = "aws-lc")]
    AwsLc(aws_lc::SealingRun<'a>),
}

impl SealingRun<'_> {
    /// Encrypts `text` in place and returns the tag.
    pub(crate) fn seal_in_place(
        &mut self,
        nonce: [u8; NONCE_LEN],
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], NotAuthentic> {
        match self {
            Self::RustCrypto(aead) => aead.seal_in_place(nonce, text),
            #[cfg(feature = "aws-lc")]
            Self::AwsLc(run) => run.seal_in_place(nonce, text),
        }
    }
}

/// HKDF-Expand-SHA-512 (RFC 5869 section 2.3) into `out`, at most 255 blocks. `info` is concatenated.
pub(crate) fn hkdf_expand_sha512(
    backend: Backend,
    prk: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), NotAuthentic> {
    match backend {
        Backend::RustCrypto => rustcrypto::hkdf_expand_sha512(prk, info, out),
        #[cfg(feature = "aws-lc")]
        Backend::AwsLc => aws_lc::hkdf_expand_sha512(prk, info, out),
    }
}

/// SHA-256 of the concatenated parts.
pub(crate) fn sha256(backend: Backend, parts: &[&[u8]]) -> [u8; 32] {
    match backend {
        Backend::RustCrypto => rustcrypto::sha256(parts),
        #[cfg(feature = "aws-lc")]
        Backend::AwsLc => aws_lc::sha256(parts),
    }
}

/// SHA-512 of the concatenated parts.
pub(crate) fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    rustcrypto::sha512(parts)
}

/// HMAC-SHA-256 of the concatenated parts.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    rustcrypto::hmac_sha256(key, parts)
}
