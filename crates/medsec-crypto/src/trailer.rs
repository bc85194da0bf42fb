//! The trailer of a signed package, and what its signature covers.
//!
//! ```text
//! "MSPT" ‖ payload_len u64 ‖ Merkle root(32) ‖ SHA-256 of the metadata section(32) ‖ signature(64)
//! ```

use crate::backend::sha256;
use crate::cobblestone::Prefix;
use crate::error::{FormatError, Part};
use crate::header::Header;
use crate::ids::{HeaderHash, MerkleRoot};
use crate::label::labelled;
use crate::signature::{SIGNATURE_LEN, SigningKey, VerifyingKey};
use crate::suite::Backend;
use crate::wire::Wire;

const MAGIC: [u8; 4] = *b"MSPT";
/// Length in bytes.
pub(crate) const TRAILER_LEN: usize = 4 + 8 + 32 + 32 + SIGNATURE_LEN;

/// The signature does not cover these bytes. A public fact: anyone can check it without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The package is not signed, and a signature was asked for.
    #[error("the package is not signed")]
    NotSigned,
    /// The signer is none of those expected.
    #[error("the package is signed by another key than those expected")]
    UnexpectedSigner,
    /// The signature does not verify under the signer's key.
    #[error("the signature does not verify")]
    Invalid,
    /// The signature verifies but the payload is not what was signed.
    #[error("the payload is not the one that was signed")]
    Payload,
    /// The signature verifies but the metadata section is not what was signed.
    #[error("the metadata is not what was signed")]
    Metadata,
}

/// That a signature was verified: SHA-256 over signer, signature and what is signed. Who opens a package in
/// two steps keeps it, and the second step does not verify the same signature again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedSignature([u8; 32]);

/// What the signer states about the payload and the metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) payload_len: u64,
    pub(crate) root: MerkleRoot,
    pub(crate) metadata_digest: [u8; 32],
}

impl Statement {
    fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(TRAILER_LEN);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.payload_len.to_be_bytes());
        out.extend_from_slice(self.root.as_bytes());
        out.extend_from_slice(&self.metadata_digest);
        out
    }

    fn message(self, hash: &HeaderHash, prefix: &Prefix) -> Vec<u8> {
        let statement = self.to_bytes();
        labelled("sig", &[hash.as_bytes(), &prefix.salt, &prefix.commitment, &statement]).concat()
    }

    /// Signs and encodes the whole trailer.
    pub(crate) fn sign(self, key: &SigningKey, hash: &HeaderHash, prefix: &Prefix) -> Vec<u8> {
        let mut out = self.to_bytes();
        out.extend_from_slice(&key.sign(&self.message(hash, prefix)));
        out
    }
}

/// A trailer as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) statement: Statement,
    signature: [u8; SIGNATURE_LEN],
}

impl Trailer {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let part = Part::Trailer;
        let mut wire = Wire::new(bytes);
        let magic = wire.array().ok_or(FormatError::Truncated { part })?;
        if magic != MAGIC {
            return Err(FormatError::Value { field: "trailer magic" });
        }
        let mut statement = || {
            Some(Statement {
                payload_len: wire.u64()?,
                root: MerkleRoot::from_bytes(wire.array()?),
                metadata_digest: wire.array()?,
            })
        };
        let statement = statement().ok_or(FormatError::Truncated { part })?;
        let signature = wire.array().ok_or(FormatError::Truncated { part })?;
        if !wire.is_empty() {
            return Err(FormatError::TrailingBytes { part });
        }
        Ok(Self { statement, signature })
    }

    /// Verifies the signature alone; payload and metadata are compared separately.
    pub(crate) fn verify(&self, header: &Header) -> Result<VerifyingKey, SignatureError> {
        let signer = header.core().signer.ok_or(SignatureError::NotSigned)?;
        let message = self.statement.message(&header.hash(), &header.prefix);
        let valid = signer.verifies(&message, &self.signature);
        valid.then_some(signer).ok_or(SignatureError::Invalid)
    }

    /// Like [`Self::verify`], with less work for a signature that was verified before.
    pub(crate) fn verify_once(
        &self,
        header: &Header,
        known: Option<&VerifiedSignature>,
    ) -> Result<VerifiedSignature, SignatureError> {
        let signer = header.core().signer.ok_or(SignatureError::NotSigned)?;
        let message = self.statement.message(&header.hash(), &header.prefix);
        let parts: [&[u8]; 3] = [signer.as_bytes(), &self.signature, &message];
        let this = VerifiedSignature(sha256(Backend::default(), &parts));
        let valid = known == Some(&this) || signer.verifies(&message, &self.signature);
        valid.then_some(this).ok_or(SignatureError::Invalid)
    }

    /// Compares what is stated of the metadata section; the signature is verified separately.
    pub(crate) fn check_metadata(&self, section: Option<&[u8]>) -> Result<(), SignatureError> {
        let same = self.statement.metadata_digest == metadata_digest(section);
        same.then_some(()).ok_or(SignatureError::Metadata)
    }

    /// Compares everything that is stated; the signature is verified separately.
    pub(crate) fn check_all(
        &self,
        root: MerkleRoot,
        metadata_section: Option<&[u8]>,
    ) -> Result<(), SignatureError> {
        self.check_metadata(metadata_section)?;
        (self.statement.root == root).then_some(()).ok_or(SignatureError::Payload)
    }

    /// Verifies the signature and everything it states.
    pub(crate) fn verify_all(
        &self,
        header: &Header,
        root: MerkleRoot,
        metadata_section: Option<&[u8]>,
    ) -> Result<VerifyingKey, SignatureError> {
        let signer = self.verify(header)?;
        self.check_all(root, metadata_section).map(|()| signer)
    }
}

/// SHA-256 of the metadata section, 32 zero bytes without one.
pub(crate) fn metadata_digest(section: Option<&[u8]>) -> [u8; 32] {
    section.map_or([0; 32], |section| sha256(Backend::RustCrypto, &[section]))
}
