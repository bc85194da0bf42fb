//! One package of a manifest, and the name it stands under.

use std::fmt;

use crate::cobblestone::overhead_of;
use crate::error::InvalidValue;
use crate::header::Header;
use crate::ids::{HeaderHash, MerkleRoot, PackageId};
use crate::seal::Sealed;
use crate::trailer::SignatureError;
use crate::verify::Origin;

/// Where a package lies: a path relative to the manifest's folder, its parts joined by `/`.
///
/// 1 to 1,024 bytes of UTF-8. No part is empty, `.` or `..`; no character is a control character or a
/// backslash. Compared byte by byte, as it is: neither letter case nor the form of accents is unified.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackageName(Box<str>);

impl PackageName {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Checks length, parts and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `name` is none that a manifest can list.
    pub fn new(name: &str) -> Result<Self, InvalidValue> {
        let names_a_file = |part: &str| !matches!(part, "" | "." | "..");
        let fits = (1..=Self::MAX_LEN).contains(&name.len())
            && !name.contains(|c: char| c.is_control() || c == '\\')
            && name.split('/').all(names_a_file);
        fits.then(|| Self(name.into())).ok_or(InvalidValue { field: "package name" })
    }

    /// The name. It may be that of a patient: not for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PackageName {
    /// Names of files often name patients.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PackageName(redacted)")
    }
}

/// What a manifest says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestEntry {
    /// Where it lies.
    pub name: PackageName,
    /// Its random name.
    pub package_id: PackageId,
    /// Bytes of salt, commitment and encrypted chunks.
    pub payload_len: u64,
    /// Root over its encrypted chunks.
    pub root: MerkleRoot,
    /// `H`, which covers its identity, its signer and the time it was sealed.
    pub header_hash: HeaderHash,
}

impl ManifestEntry {
    /// From what sealing returned, so that the package need not be read again.
    ///
    /// # Errors
    /// [`SignatureError::NotSigned`] if the package is not signed: nobody without a key could compare it.
    pub fn of_sealed(name: PackageName, sealed: &Sealed) -> Result<Self, SignatureError> {
        Ok(Self {
            name,
            package_id: sealed.package_id,
            payload_len: payload_len(sealed.plain_len),
            root: sealed.root.ok_or(SignatureError::NotSigned)?,
            header_hash: sealed.header_hash,
        })
    }

    /// From what [`Header::verify_origin`] found; `header` and `origin` must be of the same package.
    #[must_use]
    pub fn of_verified(name: PackageName, header: &Header, origin: &Origin) -> Self {
        Self {
            name,
            package_id: header.core().package_id,
            payload_len: payload_len(origin.plain_len),
            root: origin.root,
            header_hash: header.hash(),
        }
    }
}

/// Length of the payload that a content of `plain_len` bytes has.
pub(super) const fn payload_len(plain_len: u64) -> u64 {
    plain_len.saturating_add(overhead_of(plain_len))
}
