//! The signed list of packages in the output folder, kept up to date by `seal`.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use medsec_crypto::{
    Access, Existing, Manifest, ManifestEntry, ManifestError, OutputOptions, PackageName,
    SignManifestError, SigningKey, VerifyingKey, write_file,
};

use super::crew::lock;
use super::path;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::now;
use crate::target;

/// What the manifest is called in its folder.
pub(super) const FILE_NAME: &str = "manifest.medsec";

/// Reads the manifest of a folder, if it has one.
pub(super) fn read(folder: &Path, signers: &[VerifyingKey]) -> Result<Option<Manifest>, Failure> {
    let file = match File::open(folder.join(FILE_NAME)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io("the manifest cannot be read", &error)),
    };
    Ok(Some(Manifest::read(file, signers)?))
}

/// The list while packages are added to it.
pub(super) struct Ledger {
    key: Arc<SigningKey>,
    previous: Option<Manifest>,
    found: Mutex<Vec<ManifestEntry>>,
    sealed: Mutex<Vec<ManifestEntry>>,
}

impl Ledger {
    /// Goes on from the manifest that is there. One that this key did not sign is not replaced.
    pub(super) fn open(folder: &Path, key: &Arc<SigningKey>) -> Result<Self, Failure> {
        let previous = read(folder, &[key.verifying_key()]).map_err(|failure| Failure {
            message: format!("{}; nothing was done", failure.message),
            ..failure
                .next("sign with the key that signed it, or, if it is lost for good, move it away")
        })?;
        Ok(Self {
            key: Arc::clone(key),
            previous,
            found: Mutex::default(),
            sealed: Mutex::default(),
        })
    }

    /// Adds a package that an earlier run left and that was verified.
    pub(super) fn add_found(&self, entry: ManifestEntry) {
        lock(&self.found).push(entry);
    }

    /// Adds a package that was sealed just now.
    pub(super) fn add_sealed(&self, entry: ManifestEntry) {
        lock(&self.sealed).push(entry);
    }

    /// Signs and writes the next version, unless nothing changed. Gives the number of listed packages, and of
    /// those that are not in the folder.
    ///
    /// What the previous version lists stays listed even if it is missing now: else this would cover up that
    /// somebody removed it.
    pub(super) fn write(self, folder: &Path) -> Result<(usize, usize), Failure> {
        let Self { key, previous, found, sealed } = self;
        let before = previous.as_ref().map(Manifest::entries).unwrap_or_default();
        let entries = merge(
            before,
            found.into_inner().unwrap_or_default(),
            sealed.into_inner().unwrap_or_default(),
        );
        let missing = before.iter().filter(|entry| is_missing(folder, &entry.name)).count();
        let count = entries.len();
        if !(previous.is_some() && entries == before) {
            let manifest = Manifest::sign(previous.as_ref(), entries, now(), &key)?;
            let path = folder.join(FILE_NAME);
            write_file(&path, manifest.render().as_bytes(), replacing(Access::Umask))?;
        }
        Ok((count, missing))
    }
}

/// Packages sealed just now take the place of listed ones, whose names they can only have if those are gone;
/// packages found only where neither their name nor they themselves are listed.
fn merge(
    before: &[ManifestEntry],
    found: Vec<ManifestEntry>,
    sealed: Vec<ManifestEntry>,
) -> Vec<ManifestEntry> {
    let key = |entry: &ManifestEntry| entry.name.clone();
    let mut entries: BTreeMap<PackageName, ManifestEntry> =
        before.iter().map(|entry| (key(entry), entry.clone())).collect();
    let mut ids: HashSet<_> = before.iter().map(|entry| entry.package_id).collect();
    for entry in found {
        if !entries.contains_key(&entry.name) && ids.insert(entry.package_id) {
            entries.insert(key(&entry), entry);
        }
    }
    entries.extend(sealed.into_iter().map(|entry| (key(&entry), entry)));
    entries.into_values().collect()
}

fn is_missing(folder: &Path, name: &PackageName) -> bool {
    let path: PathBuf = folder.join(name.as_str());
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// The name of a package in the manifest, if it can stand there.
pub(super) fn name_of(path: &Path) -> Option<PackageName> {
    PackageName::new(&path::to_text(path)?).ok()
}

/// A small file that takes the place of its former version.
pub(super) fn replacing(access: Access) -> OutputOptions {
    let mut options = target::options(access);
    options.existing = Existing::Replace;
    options
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Read(error) => Self::io("the manifest cannot be read", &error),
            error => Self::new(Exit::Manifest, error.to_string())
                .next("find out who changed the folder; restore the manifest from a backup"),
        }
    }
}

impl From<SignManifestError> for Failure {
    fn from(error: SignManifestError) -> Self {
        match error {
            SignManifestError::Random(error) => error.into(),
            error => Self::new(Exit::Manifest, format!("the manifest was not written: {error}"))
                .next("use more than one folder"),
        }
    }
}
