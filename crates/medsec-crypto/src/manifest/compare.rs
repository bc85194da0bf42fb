//! Comparing a manifest with what is in the folder.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Manifest, ManifestEntry, PackageName, entry::payload_len};
use crate::header::Header;
use crate::ids::{HeaderHash, MerkleRoot, PackageId, Timestamp};
use crate::signature::VerifyingKey;
use crate::verify::Origin;

/// What stands under one name in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPackage {
    /// Where it stands. What stands under a name that is no [`PackageName`] is foreign without comparing.
    pub name: PackageName,
    /// What it is.
    pub state: Found,
}

/// What verifying without a key found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "nearly everything found is a package")]
pub enum Found {
    /// A package whose signature and payload were verified, whoever signed it.
    Package {
        /// Its random name.
        package_id: PackageId,
        /// Bytes of salt, commitment and encrypted chunks.
        payload_len: u64,
        /// Root over its encrypted chunks.
        root: MerkleRoot,
        /// `H`.
        header_hash: HeaderHash,
        /// When it was sealed, by its signer's clock.
        created_at: Timestamp,
        /// Who signed it.
        signer: VerifyingKey,
    },
    /// A package that does not verify: unsigned, cut, or changed anywhere but in its recipient list.
    Damaged,
    /// No package at all.
    NotAPackage,
}

impl Found {
    /// From what [`Header::verify_origin`] found without expecting a particular signer; `header` and
    /// `origin` must be of the same package.
    #[must_use]
    pub fn verified(header: &Header, origin: &Origin) -> Self {
        Self::Package {
            package_id: header.core().package_id,
            payload_len: payload_len(origin.plain_len),
            root: origin.root,
            header_hash: header.hash(),
            created_at: header.core().created_at,
            signer: origin.signer,
        }
    }
}

/// Something that is not as the manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The listed package is not in the folder, under whatever name.
    Missing {
        /// The name it is listed under.
        name: PackageName,
    },
    /// Neither the name nor the package is listed.
    Foreign {
        /// The name it stands under.
        name: PackageName,
    },
    /// What stands there is damaged, or has the id of a listed package and is not that package.
    Altered {
        /// The name it stands under.
        name: PackageName,
    },
    /// Another valid package of an expected signer, not listed, stands under a listed name.
    Replaced {
        /// The listed name.
        name: PackageName,
        /// Whether it was sealed before the manifest was signed, and so was left out of it: a package that
        /// an earlier manifest listed was put back. Otherwise it was sealed later and the manifest is behind.
        older: bool,
    },
    /// A listed package stands under another name, and its own does not hold it or anything unlisted.
    Renamed {
        /// The name it is listed under.
        from: PackageName,
        /// The name it stands under.
        to: PackageName,
    },
    /// A listed package stands there once more, beside what stands under the name it is listed under.
    Duplicate {
        /// The name of this copy.
        name: PackageName,
        /// The name it is listed under.
        of: PackageName,
    },
    /// Under a listed name, or with the id of a listed package, stands a package that is not the listed one
    /// and that none of the expected signers signed.
    OtherSigner {
        /// The name it stands under.
        name: PackageName,
    },
}

impl Finding {
    /// The name concerned; of a renamed package the one it has now.
    #[must_use]
    pub const fn name(&self) -> &PackageName {
        match self {
            Self::Missing { name }
            | Self::Foreign { name }
            | Self::Altered { name }
            | Self::Replaced { name, .. }
            | Self::Renamed { to: name, .. }
            | Self::Duplicate { name, .. }
            | Self::OtherSigner { name } => name,
        }
    }

    /// A stable word for the kind of finding.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Foreign { .. } => "foreign",
            Self::Altered { .. } => "altered",
            Self::Replaced { older: true, .. } => "older",
            Self::Replaced { older: false, .. } => "replaced",
            Self::Renamed { .. } => "renamed",
            Self::Duplicate { .. } => "duplicate",
            Self::OtherSigner { .. } => "other-signer",
        }
    }
}

/// What a comparison found. Every listed and every found name is accounted for once: intact, or in one
/// finding. (A name that is both may be in two: a listed package is missing, and a copy of another one
/// stands under its name.)
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// Packages that are as listed.
    pub intact: usize,
    /// Everything else, in ascending order of [`Finding::name`].
    pub findings: Vec<Finding>,
}

impl Comparison {
    /// Whether the folder is exactly what the manifest says.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Manifest {
    /// Compares what is in the folder with what the manifest lists. Memory grows with the number of
    /// packages only. A package that is exactly as listed is intact whoever signed it, since the manifest
    /// vouches for it; of any other the signer must be one of those that the manifest was read with.
    ///
    /// A name given twice counts as damaged.
    pub fn compare(&self, found: impl IntoIterator<Item = FoundPackage>) -> Comparison {
        let listed = Listed::of(self);
        let mut verdicts = BTreeMap::new();
        for FoundPackage { name, state } in found {
            let verdict = listed.judge(&name, &state);
            let damaged = |other: &mut _| *other = listed.judge(&name, &Found::Damaged);
            verdicts.entry(name.clone()).and_modify(damaged).or_insert(verdict);
        }
        listed.settle(&verdicts)
    }
}

/// What one found file is, looked at by itself.
enum Verdict<'m> {
    Intact,
    /// Exactly a listed package, but not under its name.
    Elsewhere(&'m PackageName),
    Foreign,
    Altered,
    Replaced {
        older: bool,
    },
    OtherSigner,
}

struct Listed<'m> {
    manifest: &'m Manifest,
    by_id: HashMap<PackageId, &'m ManifestEntry>,
}

impl<'m> Listed<'m> {
    fn of(manifest: &'m Manifest) -> Self {
        let by_id = manifest.entries.iter().map(|entry| (entry.package_id, entry)).collect();
        Self { manifest, by_id }
    }

    fn judge(&self, name: &PackageName, found: &Found) -> Verdict<'m> {
        let name_is_listed = self.manifest.entry(name).is_some();
        let Found::Package { package_id, created_at, signer, .. } = found else {
            return if name_is_listed { Verdict::Altered } else { Verdict::Foreign };
        };
        let entry = self.by_id.get(package_id);
        match entry {
            Some(entry) if is_listed_as(entry, found) && entry.name == *name => Verdict::Intact,
            Some(entry) if is_listed_as(entry, found) => Verdict::Elsewhere(&entry.name),
            None if !name_is_listed => Verdict::Foreign,
            _ if !self.manifest.signers.contains(signer) => Verdict::OtherSigner,
            Some(_) => Verdict::Altered,
            None => Verdict::Replaced { older: *created_at <= self.manifest.created() },
        }
    }

    /// Joins what was found with what is listed.
    fn settle(&self, verdicts: &BTreeMap<PackageName, Verdict<'m>>) -> Comparison {
        // Whether nothing claims to be what is listed under this name.
        let is_vacant = |name: &_| matches!(verdicts.get(name), None | Some(Verdict::Elsewhere(_)));
        let mut renamed = HashSet::new();
        let mut intact: usize = 0;
        let mut findings = Vec::new();
        for (name, verdict) in verdicts {
            let name = name.clone();
            findings.push(match verdict {
                Verdict::Intact => {
                    intact = intact.saturating_add(1);
                    continue;
                }
                Verdict::Elsewhere(from) if is_vacant(from) && renamed.insert(*from) => {
                    Finding::Renamed { from: (*from).clone(), to: name }
                }
                Verdict::Elsewhere(of) => Finding::Duplicate { name, of: (*of).clone() },
                Verdict::Foreign => Finding::Foreign { name },
                Verdict::Altered => Finding::Altered { name },
                Verdict::Replaced { older } => Finding::Replaced { name, older: *older },
                Verdict::OtherSigner => Finding::OtherSigner { name },
            });
        }
        let names = self.manifest.entries.iter().map(|entry| &entry.name);
        let missing = names.filter(|name| is_vacant(name) && !renamed.contains(*name));
        findings.extend(missing.map(|name| Finding::Missing { name: name.clone() }));
        findings.sort_by(|a, b| a.name().cmp(b.name()));
        Comparison { intact, findings }
    }
}

/// Whether the package found is exactly the one of this entry.
fn is_listed_as(entry: &ManifestEntry, found: &Found) -> bool {
    let Found::Package { package_id, payload_len, root, header_hash, .. } = found else {
        return false;
    };
    entry.package_id == *package_id
        && entry.payload_len == *payload_len
        && entry.root == *root
        && entry.header_hash == *header_hash
}
