//! What a verifier remembers of a manifest outside the folder, and what may follow it.

use super::{Manifest, text::unhex};
use crate::error::InvalidValue;
use crate::ids::{ManifestHash, ManifestId};

const FIRST_LINE: &str = "medsec seen-manifest v1";

/// The newest manifest that a verifier has seen. Kept where whoever controls the folder cannot write, it
/// shows that the folder as a whole was put back to an earlier state. It is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenManifest {
    /// Which chain.
    pub id: ManifestId,
    /// How far.
    pub version: u64,
    /// Hash of that version.
    pub hash: ManifestHash,
}

impl SeenManifest {
    /// Longest text in bytes.
    pub const MAX_LEN: usize = 256;

    /// The text to remember.
    #[must_use]
    pub fn render(&self) -> String {
        let Self { id, version, hash } = self;
        format!("{FIRST_LINE}\nid: {id}\nversion: {version}\nhash: {hash}\n")
    }

    /// Reads what [`Self::render`] wrote, in no other form.
    ///
    /// # Errors
    /// [`InvalidValue`] if `bytes` is anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidValue> {
        let seen = (bytes.len() <= Self::MAX_LEN).then(|| Self::read(bytes)).flatten();
        seen.filter(|seen| seen.version > 0 && seen.render().as_bytes() == bytes)
            .ok_or(InvalidValue { field: "remembered manifest" })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(bytes).ok()?.lines();
        lines.next()?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        Some(Self {
            id: ManifestId::from_bytes(unhex(field("id: ")?)?),
            version: field("version: ")?.parse().ok()?,
            hash: ManifestHash::from_bytes(unhex(field("hash: ")?)?),
        })
    }
}

/// Why a manifest does not follow the one that was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SuccessionError {
    /// It is older than one seen before: the folder was put back to an earlier state.
    #[error("the manifest is version {found}, but version {seen} was seen before")]
    Older {
        /// The version remembered.
        seen: u64,
        /// The version found.
        found: u64,
    },
    /// The chain split: the signing key made two different manifests in the same place.
    #[error("the manifest of version {version} does not continue the one that was seen before")]
    Forked {
        /// The version found.
        version: u64,
    },
    /// It belongs to another chain.
    #[error("the manifest is that of another dataset")]
    OtherDataset,
}

impl Manifest {
    /// What to remember of this manifest, once everything about it was accepted.
    #[must_use]
    pub const fn seen(&self) -> SeenManifest {
        SeenManifest { id: self.id(), version: self.version(), hash: self.hash() }
    }

    /// Whether this manifest is the one seen before or a later one. Of versions further ahead than the next
    /// only their number can be checked: what lay between is not there to be compared.
    ///
    /// # Errors
    /// [`SuccessionError`] if it is older, of a chain that split, or of another chain.
    pub fn follows(&self, seen: &SeenManifest) -> Result<(), SuccessionError> {
        let version = self.version();
        if self.id() != seen.id {
            return Err(SuccessionError::OtherDataset);
        }
        if version < seen.version {
            return Err(SuccessionError::Older { seen: seen.version, found: version });
        }
        let continues = match version.abs_diff(seen.version) {
            0 => self.hash() == seen.hash,
            1 => self.previous() == Some(seen.hash),
            _ => true,
        };
        continues.then_some(()).ok_or(SuccessionError::Forked { version })
    }
}
