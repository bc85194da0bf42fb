//! A policy with its signatures: `medsec policy bundle v1`.
//!
//! The signatures stand before the document, so that one file is replaced in one step and a signature can be added
//! without touching what the others signed. They name keys and no people: a name in the file would be covered by no
//! signature. Names come from the list of keys that a reader trusts.

mod error;
mod key;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use self::error::BundleError;
pub use self::key::{BundleSigner, SignerKey, SignerName};
use super::schema::SchemaId;
use super::{Bundle, document, hash};
use crate::ids::PolicyHash;
use crate::text::{from_hex, hex};

const FIRST_LINE: &str = "medsec policy bundle v1\n";
const SIGNATURE: &str = "signature: ";
/// `signature: `, key, blank, signature, line end.
const LINE_LEN: usize = SIGNATURE.len() + 64 + 1 + 128 + 1;
/// The kind of document, in what is signed.
const LABEL: &str = "policy-bundle/v1";

/// A document and signatures of it. What it says is not known before [`verify`](Self::verify).
#[derive(Clone, PartialEq, Eq)]
pub struct SignedBundle {
    // INVARIANT: between 1 and MAX_SIGNATURES, by public key.
    signatures: BTreeMap<[u8; 32], [u8; 64]>,
    document: Vec<u8>,
}

impl SignedBundle {
    /// The most signatures.
    pub const MAX_SIGNATURES: usize = 16;
    /// The longest file, in bytes.
    pub const MAX_LEN: usize =
        Bundle::MAX_DOCUMENT_LEN + FIRST_LINE.len() + Self::MAX_SIGNATURES * LINE_LEN + 1;

    /// Reads and verifies: [`read`](Self::read), then [`verify`](Self::verify).
    ///
    /// # Errors
    /// [`BundleError`]. The policy must not be used.
    pub fn parse(
        bytes: &[u8],
        trusted: &[SignerKey],
        threshold: usize,
    ) -> Result<Bundle, BundleError> {
        Self::read(bytes)?.verify(trusted, threshold)
    }

    /// Takes signatures and document apart. Nothing is verified, and nothing of the document is looked at.
    ///
    /// # Errors
    /// [`BundleError::TooLong`] or [`BundleError::Format`].
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(BundleError::TooLong);
        }
        let mut rest = bytes.strip_prefix(FIRST_LINE.as_bytes()).ok_or(BundleError::Format)?;
        let mut signatures = BTreeMap::new();
        while let Some((line, after)) = rest.split_at_checked(LINE_LEN)
            && line.starts_with(SIGNATURE.as_bytes())
        {
            let (key, signature) = signature_of(line).ok_or(BundleError::Format)?;
            let last = signatures.last_key_value().map(|(last, _)| *last);
            if signatures.len() == Self::MAX_SIGNATURES || last.is_some_and(|last| last >= key) {
                return Err(BundleError::Format);
            }
            signatures.insert(key, signature);
            rest = after;
        }
        let document = rest.strip_prefix(b"\n").filter(|_| !signatures.is_empty());
        let document = document.ok_or(BundleError::Format)?;
        if document.len() > Bundle::MAX_DOCUMENT_LEN {
            return Err(BundleError::TooLong);
        }
        Ok(Self { signatures, document: document.to_vec() })
    }

    /// Verifies all signatures, and then reads the document. At least `threshold` of the signatures must be of keys
    /// in `trusted`; the others must verify too.
    ///
    /// # Errors
    /// [`BundleError`]. The policy must not be used.
    pub fn verify(&self, trusted: &[SignerKey], threshold: usize) -> Result<Bundle, BundleError> {
        self.verify_for(SchemaId::shipped(), trusted, threshold)
    }

    /// The same for any schema: vectors must not change with the schema.
    pub(super) fn verify_for(
        &self,
        schema: SchemaId,
        trusted: &[SignerKey],
        threshold: usize,
    ) -> Result<Bundle, BundleError> {
        let keys: BTreeSet<_> = trusted.iter().map(SignerKey::public_key).collect();
        if threshold == 0 || threshold > keys.len() {
            return Err(BundleError::Threshold);
        }
        let found = self.signatures.keys().filter(|key| keys.contains(*key)).count();
        if found < threshold {
            return Err(BundleError::TooFew { found, threshold });
        }
        let hash = self.hash();
        let verifies = |(key, signature)| key::verifies(key, LABEL, hash.as_bytes(), signature);
        if !self.signatures.iter().all(verifies) {
            return Err(BundleError::NotAuthentic);
        }
        let contents = document::parse(&self.document).ok_or(BundleError::Document)?;
        if contents.schema != schema {
            return Err(BundleError::Schema { version: contents.schema.version });
        }
        Ok(Bundle { contents, document: self.document.clone(), hash })
    }

    /// Signs a policy.
    ///
    /// # Errors
    /// [`BundleError::NotAuthentic`] if what the signer made does not verify with its public key.
    pub fn sign(bundle: &Bundle, signer: &dyn BundleSigner) -> Result<Self, BundleError> {
        let document = bundle.document().to_vec();
        let mut signed = Self { signatures: BTreeMap::new(), document };
        signed.cosign(signer)?;
        Ok(signed)
    }

    /// Adds one more signature, or replaces that of the same key. Whoever signs should have
    /// [verified](Self::verify) the others and read the document.
    ///
    /// # Errors
    /// [`BundleError::NotAuthentic`] if what the signer made does not verify with its public key,
    /// [`BundleError::TooManySignatures`]. Nothing was added.
    pub fn cosign(&mut self, signer: &dyn BundleSigner) -> Result<(), BundleError> {
        let (key, hash) = (signer.public_key(), self.hash());
        if self.signatures.len() >= Self::MAX_SIGNATURES && !self.signatures.contains_key(&key) {
            return Err(BundleError::TooManySignatures);
        }
        let signature = signer.sign(LABEL, hash.as_bytes());
        if !key::verifies(&key, LABEL, hash.as_bytes(), &signature) {
            return Err(BundleError::NotAuthentic);
        }
        self.signatures.insert(key, signature);
        Ok(())
    }

    /// The hash of the document: what is signed.
    #[must_use]
    pub fn hash(&self) -> PolicyHash {
        hash(&self.document)
    }

    /// The public keys that claim to have signed it, in ascending order.
    pub fn claimed_signers(&self) -> impl ExactSizeIterator<Item = &[u8; 32]> {
        self.signatures.keys()
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let line = |(key, signature): (&[u8; 32], &[u8; 64])| {
            format!("{SIGNATURE}{} {}\n", hex(key), hex(signature))
        };
        let lines: String = self.signatures.iter().map(line).collect();
        [FIRST_LINE.as_bytes(), lines.as_bytes(), b"\n", &self.document].concat()
    }
}

impl fmt::Debug for SignedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedBundle({}, {} signatures)", self.hash(), self.signatures.len())
    }
}

/// Key and signature of one line, in the only form they have.
fn signature_of(line: &[u8]) -> Option<([u8; 32], [u8; 64])> {
    let line = std::str::from_utf8(line).ok()?.strip_prefix(SIGNATURE)?.strip_suffix('\n')?;
    let (key, signature) = line.split_once(' ')?;
    Some((from_hex(key)?, from_hex(signature)?))
}
