//! The manifest of a dataset: a signed list of its packages, so that whoever has the signer's public key,
//! and no other key, can name what is missing, foreign, altered, renamed, duplicated or older.
//!
//! It says nothing about recipients: rewrapping a package leaves its entry as it is. It cannot show by
//! itself that the whole folder was put back to an earlier state; for that a verifier remembers a
//! [`SeenManifest`] outside the folder.
//!
//! The format is described in `docs/formats/manifest.md`.

mod compare;
mod entry;
mod error;
mod room;
mod seen;
#[cfg(test)]
mod tests;
mod text;

pub use self::compare::{Comparison, Finding, Found, FoundPackage};
pub use self::entry::{ManifestEntry, PackageName};
pub use self::error::{ManifestError, SignManifestError};
pub use self::room::ManifestRoom;
pub use self::seen::{SeenManifest, SuccessionError};

use std::collections::HashSet;
use std::fmt;
use std::io::Read;

use self::text::{Lines, render_signature, split_signature};
use crate::backend::sha256;
use crate::ids::{ManifestHash, ManifestId, Timestamp};
use crate::signature::{SIGNATURE_LEN, SigningKey, VerifyingKey};
use crate::suite::Backend;

/// Longest manifest in bytes.
pub const MAX_MANIFEST_LEN: usize = 256 << 20;
/// Most packages that one manifest lists.
pub const MAX_MANIFEST_PACKAGES: usize = 1 << 20;

/// Keeps a manifest's signature apart from everything else its signer signs.
const LABEL: &[u8] = b"medsec/manifest/v1\0";
/// What stands for the previous manifest in version 1.
const NO_PREVIOUS: ManifestHash = ManifestHash::from_bytes([0; ManifestHash::LEN]);

/// A manifest whose signature has been verified, or that was just signed.
///
/// ```
/// use std::io::Cursor;
/// use std::sync::Arc;
/// use medsec_crypto::{
///     Draft, Execution, Found, FoundPackage, Header, HpkeIdentity, HpkeKind, Manifest, ManifestEntry,
///     PackageName, PackageSpec, SignerExpectation, SigningKey, Timestamp,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let key = Arc::new(SigningKey::generate()?);
/// let now = Timestamp::from(std::time::SystemTime::now());
/// let identity = HpkeIdentity::generate(HpkeKind::X25519)?;
/// let mut package = Vec::new();
/// let sealed = Draft::new(PackageSpec::default(), now, Some(key.clone()))?
///     .seal_to(&[identity.recipient()])?
///     .seal(&b"a finding"[..], &mut package, &Execution::default())?;
/// let name = PackageName::new("ct/1.msp")?;
/// let entry = ManifestEntry::of_sealed(name.clone(), &sealed)?;
/// let file = Manifest::sign(None, vec![entry], now, &key)?.render();
///
/// // Later, with the public key alone:
/// let manifest = Manifest::parse(file.as_bytes(), &[key.verifying_key()])?;
/// let header = Header::read(&mut &package[..])?;
/// let origin = header.verify_origin(
///     Cursor::new(&package),
///     &SignerExpectation::NotRequired,
///     u64::MAX,
///     &Execution::default(),
/// )?;
/// let found = FoundPackage { name, state: Found::verified(&header, &origin) };
/// assert!(manifest.compare([found]).is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Manifest {
    head: Head,
    // INVARIANT: names strictly ascending, package ids unique.
    entries: Vec<ManifestEntry>,
    signature: [u8; SIGNATURE_LEN],
    hash: ManifestHash,
    /// Whom its reader expects; it was signed by one of them.
    signers: Vec<VerifyingKey>,
}

/// Everything before the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    id: ManifestId,
    version: u64,
    previous: ManifestHash,
    created: Timestamp,
    signer: VerifyingKey,
    packages: usize,
}

impl Manifest {
    /// Signs the version after `previous`, or version 1 of a new chain. The entries may come in any order;
    /// to change a dataset, start from [`Self::into_entries`] of the previous version.
    ///
    /// # Errors
    /// [`SignManifestError`]; nothing was signed.
    pub fn sign(
        previous: Option<&Self>,
        mut entries: Vec<ManifestEntry>,
        created: Timestamp,
        key: &SigningKey,
    ) -> Result<Self, SignManifestError> {
        if entries.len() > MAX_MANIFEST_PACKAGES {
            return Err(SignManifestError::TooManyPackages);
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        if !strictly_ascending(&entries) {
            return Err(SignManifestError::RepeatedName);
        }
        if !ids_are_unique(&entries) {
            return Err(SignManifestError::RepeatedPackage);
        }
        let head = Head::after(previous, created, key.verifying_key(), entries.len())?;
        let mut text = head.render(&entries);
        if text.len() > MAX_MANIFEST_LEN.saturating_sub(text::SIGNATURE_LINE_LEN) {
            return Err(SignManifestError::TooLong);
        }
        let signature = key.sign(&signed_message(text.as_bytes()));
        render_signature(&mut text, &signature);
        let mut signers = previous.map_or_else(Vec::new, |previous| previous.signers.clone());
        if !signers.contains(&head.signer) {
            signers.push(head.signer);
        }
        Ok(Self { head, entries, signature, hash: hash_of(text.as_bytes()), signers })
    }

    /// Reads a manifest that one of `signers` must have signed. The list is looked at only after the
    /// signature has been verified.
    ///
    /// # Errors
    /// [`ManifestError`]; nothing of the manifest is to be believed.
    pub fn parse(bytes: &[u8], signers: &[VerifyingKey]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_MANIFEST_LEN {
            return Err(ManifestError::TooLong);
        }
        let (body, signature) = split_signature(bytes)?;
        let mut lines = Lines::new(body);
        let head = Head::read(&mut lines)?;
        if !signers.contains(&head.signer) {
            return Err(ManifestError::UnexpectedSigner);
        }
        if !head.signer.verifies(&signed_message(body), &signature) {
            return Err(ManifestError::Signature);
        }
        let entries = text::read_entries(&mut lines, head.packages)?;
        if !strictly_ascending(&entries) || !ids_are_unique(&entries) {
            return Err(ManifestError::Order);
        }
        Ok(Self { head, entries, signature, hash: hash_of(bytes), signers: signers.to_vec() })
    }

    /// Reads a manifest as [`Self::parse`] does, from a source that it never reads further than a manifest
    /// may be long.
    ///
    /// # Errors
    /// [`ManifestError`]; nothing of the manifest is to be believed.
    pub fn read(reader: impl Read, signers: &[VerifyingKey]) -> Result<Self, ManifestError> {
        let mut bytes = Vec::new();
        let most = (MAX_MANIFEST_LEN as u64).saturating_add(1);
        reader.take(most).read_to_end(&mut bytes).map_err(ManifestError::Read)?;
        Self::parse(&bytes, signers)
    }

    /// The text of the file.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.head.render(&self.entries);
        render_signature(&mut text, &self.signature);
        text
    }

    /// What names the chain this manifest belongs to.
    #[must_use]
    pub const fn id(&self) -> ManifestId {
        self.head.id
    }

    /// Its place in the chain, from 1.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.head.version
    }

    /// Hash of the version before; none for version 1.
    #[must_use]
    pub fn previous(&self) -> Option<ManifestHash> {
        (self.head.previous != NO_PREVIOUS).then_some(self.head.previous)
    }

    /// When it was signed, by the signer's clock.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.head.created
    }

    /// Who signed it.
    #[must_use]
    pub const fn signer(&self) -> VerifyingKey {
        self.head.signer
    }

    /// SHA-256 of the whole file.
    #[must_use]
    pub const fn hash(&self) -> ManifestHash {
        self.hash
    }

    /// The packages, by name in ascending order of bytes.
    #[must_use]
    pub fn entries(&self) -> &[ManifestEntry] {
        &self.entries
    }

    /// The package listed under a name.
    #[must_use]
    pub fn entry(&self, name: &PackageName) -> Option<&ManifestEntry> {
        let place = self.entries.binary_search_by(|entry| entry.name.cmp(name)).ok()?;
        self.entries.get(place)
    }

    /// The packages, to make the next version from.
    #[must_use]
    pub fn into_entries(self) -> Vec<ManifestEntry> {
        self.entries
    }
}

impl Head {
    fn after(
        previous: Option<&Manifest>,
        created: Timestamp,
        signer: VerifyingKey,
        packages: usize,
    ) -> Result<Self, SignManifestError> {
        let (id, version, hash) = match previous {
            None => (ManifestId::generate()?, 1, NO_PREVIOUS),
            Some(previous) => {
                let version = previous.version().checked_add(1);
                let version = version.ok_or(SignManifestError::TooManyVersions)?;
                (previous.id(), version, previous.hash)
            }
        };
        Ok(Self { id, version, previous: hash, created, signer, packages })
    }
}

impl fmt::Debug for Manifest {
    /// Shows no package: their names may be those of patients.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("head", &self.head).finish_non_exhaustive()
    }
}

/// What is signed. A hash in place of the text, so that signing takes no second copy of it.
pub(crate) fn signed_message(body: &[u8]) -> Vec<u8> {
    [LABEL, &sha256(Backend::RustCrypto, &[body])].concat()
}

fn hash_of(file: &[u8]) -> ManifestHash {
    ManifestHash::from_bytes(sha256(Backend::RustCrypto, &[file]))
}

fn strictly_ascending(entries: &[ManifestEntry]) -> bool {
    entries.is_sorted_by(|a, b| a.name < b.name)
}

fn ids_are_unique(entries: &[ManifestEntry]) -> bool {
    let mut ids = HashSet::with_capacity(entries.len());
    entries.iter().all(|entry| ids.insert(entry.package_id))
}
