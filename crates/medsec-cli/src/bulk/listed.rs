//! The manifest beside packages that are being opened: what it lists must be there, and nothing else is opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use medsec_crypto::{
    Header, Manifest, ManifestEntry, ManifestError, Opened, PackageId, PackageName,
};

use super::manifest::{self, name_of};
use crate::exit::Exit;
use crate::failure::Failure;

/// What a manifest lists, and what of it was met.
pub(super) struct Listed {
    manifest: Manifest,
    by_id: HashMap<PackageId, usize>,
    met: Vec<AtomicBool>,
}

impl Listed {
    /// Reads the manifest of a folder, if it has one. One that is not authentic keeps everything from being
    /// opened.
    pub(super) fn read(
        folder: &Path,
        signers: &[medsec_crypto::VerifyingKey],
    ) -> Result<Option<Self>, Failure> {
        let manifest = manifest::read(folder, signers).map_err(|error| {
            let stranger = matches!(error, ManifestError::UnexpectedSigner);
            let failure = Failure::from(error);
            let failure =
                Failure { message: format!("{}; nothing was opened", failure.message), ..failure };
            failure.next(match stranger {
                true => "name its signer with --signer if you expect it, or give --ignore-manifest",
                false => "restore the manifest from a copy, or give --ignore-manifest",
            })
        })?;
        Ok(manifest.map(Self::new))
    }

    fn new(manifest: Manifest) -> Self {
        let entries = manifest.entries();
        let by_id = entries.iter().enumerate().map(|(at, entry)| (entry.package_id, at)).collect();
        let met = entries.iter().map(|_| AtomicBool::new(false)).collect();
        Self { manifest, by_id, met }
    }

    pub(super) fn len(&self) -> usize {
        self.met.len()
    }

    /// Whether this is the header of a listed package, under whatever name.
    pub(super) fn admit(&self, header: &Header) -> Result<(), Failure> {
        let at = self.by_id.get(&header.core().package_id).copied().ok_or_else(|| {
            Failure::new(Exit::Manifest, "the manifest does not list it; it was not opened").next(
                "find out who put it there; if a `seal` was cut off, run it again; --ignore-manifest opens it",
            )
        })?;
        self.meet(at);
        let entry = self.manifest.entries().get(at);
        match entry.is_some_and(|entry| entry.header_hash == header.hash()) {
            true => Ok(()),
            false => Err(altered()),
        }
    }

    /// What a package that could not be opened means, if it stands under a listed name.
    pub(super) fn unfit(&self, path: &Path, failure: Failure) -> Failure {
        let is_listed = |name: &PackageName| {
            let entries = self.manifest.entries();
            entries.binary_search_by(|entry| entry.name.cmp(name)).map(|at| self.meet(at)).is_ok()
        };
        match name_of(path).is_some_and(|name| is_listed(&name)) {
            true => judged(failure),
            false => failure,
        }
    }

    /// Whether a package that was opened to its end is exactly the listed one.
    pub(super) fn check(&self, header: &Header, opened: &Opened) -> Result<(), Failure> {
        let at = self.by_id.get(&header.core().package_id);
        let entry = at.and_then(|at| self.manifest.entries().get(*at)).ok_or_else(altered)?;
        let origin = opened.origin().ok_or_else(altered)?;
        let found = ManifestEntry::of_verified(entry.name.clone(), header, &origin);
        if found == *entry { Ok(()) } else { Err(altered()) }
    }

    /// The listed packages that were not met, with their number in the manifest.
    pub(super) fn missing(&self) -> impl Iterator<Item = (usize, PathBuf)> {
        let entries = self.manifest.entries().iter().zip(&self.met).enumerate();
        entries
            .filter(|(_, (_, met))| !met.load(Ordering::Relaxed))
            .map(|(at, (entry, _))| (at, PathBuf::from(entry.name.as_str())))
    }

    fn meet(&self, at: usize) {
        if let Some(met) = self.met.get(at) {
            met.store(true, Ordering::Relaxed);
        }
    }
}

/// Damage to what is listed is a finding about the folder. That a key or the disk fails is not.
pub(super) fn judged(failure: Failure) -> Failure {
    match failure.exit {
        Exit::Format | Exit::NotAuthentic | Exit::Damaged | Exit::Signature => {
            Failure { exit: Exit::Manifest, ..failure }
        }
        _ => failure,
    }
}

pub(super) fn missing() -> Failure {
    Failure::new(Exit::Manifest, "missing: the manifest lists it, and it is not in the folder")
        .next(
            "restore the package from a backup; an older one of the same file may have been opened",
        )
}

fn altered() -> Failure {
    Failure::new(Exit::Manifest, "it is not the package that the manifest lists; it was not opened")
        .next("find out who changed the folder; restore the package from a backup")
}
