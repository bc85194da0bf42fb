//! The signed list of packages in the output folder, kept up to date by `seal`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec::Signer;
use medsec_crypto::{
    Access, Existing, Manifest, ManifestEntry, ManifestError, ManifestRoom, OutputOptions,
    PackageName, SignManifestError, SigningKey, VerifyingKey, write_file,
};

use super::crew::lock;
use super::{path, walk};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::now;
use crate::target;

/// What the manifest is called in its folder.
pub(super) const FILE_NAME: &str = "manifest.medsec";

/// Reads the manifest of a folder, if it has one. A link or a pipe in its place is none.
pub(super) fn read(
    folder: &Path,
    signers: &[VerifyingKey],
) -> Result<Option<Manifest>, ManifestError> {
    match walk::open_plain(folder, Path::new(FILE_NAME)) {
        Ok(opened) => Manifest::read(opened.file, signers).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ManifestError::Read(error)),
    }
}

/// Whether something stands under the manifest's name.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join(FILE_NAME).symlink_metadata().is_ok()
}

/// The list while packages are added to it.
pub(super) struct Ledger {
    key: Signer,
    previous: Option<Manifest>,
    /// Listed packages that were not in the folder when the run began.
    missing: BTreeSet<PackageName>,
    room: Mutex<ManifestRoom>,
    adopted: Mutex<Vec<ManifestEntry>>,
    sealed: Mutex<Vec<ManifestEntry>>,
}

/// What a manifest that was written says.
pub(super) struct Written {
    pub(super) manifest: Manifest,
    /// Of the listed packages, those that are not in the folder, or were not when the run began.
    pub(super) missing: u64,
    /// Packages of earlier runs that it lists for the first time.
    pub(super) adopted: u64,
}

impl Ledger {
    /// Goes on from the manifest that is there. One that none of `signers` signed is not replaced.
    pub(super) fn open(
        folder: &Path,
        key: &Signer,
        signers: &[VerifyingKey],
    ) -> Result<Self, Failure> {
        let previous = read(folder, signers).map_err(|error| {
            let stranger = matches!(error, ManifestError::UnexpectedSigner);
            let failure = Failure::from(error);
            let message = format!("{}; nothing was done", failure.message);
            let failure = Failure { message, ..failure };
            match stranger {
                true => failure.next(
                    "sign with the key that signed it, or, if it is lost for good, move it away",
                ),
                false => failure,
            }
        })?;
        let before = previous.as_ref().map(Manifest::entries).unwrap_or_default();
        let mut room = ManifestRoom::new();
        before.iter().try_for_each(|entry| room.take(entry))?;
        let missing =
            before.iter().map(|entry| &entry.name).filter(|name| is_missing(folder, name));
        Ok(Self {
            key: key.clone(),
            missing: missing.cloned().collect(),
            previous,
            room: Mutex::new(room),
            adopted: Mutex::default(),
            sealed: Mutex::default(),
        })
    }

    pub(super) const fn previous(&self) -> Option<&Manifest> {
        self.previous.as_ref()
    }

    /// What there is room for beside what is listed and taken.
    pub(super) fn room(&self) -> ManifestRoom {
        *lock(&self.room)
    }

    /// Takes the room of a package that is about to be sealed.
    pub(super) fn reserve(&self, name: &PackageName, len: u64) -> Result<(), SignManifestError> {
        lock(&self.room).take_sealed(name.as_str().len(), len)
    }

    /// Adds a package that an earlier run left, and whose content was compared with its file in this one.
    pub(super) fn adopt(&self, entry: ManifestEntry) {
        lock(&self.adopted).push(entry);
    }

    /// Adds a package that was sealed just now.
    pub(super) fn add_sealed(&self, entry: ManifestEntry) {
        lock(&self.sealed).push(entry);
    }

    /// Signs and writes the next version, unless nothing changed.
    ///
    /// What the previous version lists stays listed even if it is missing now: else this would cover up that
    /// somebody removed it.
    pub(super) fn write(self, folder: &Path) -> Result<Written, Failure> {
        let Self { key, previous, missing, adopted, sealed, .. } = self;
        let before = previous.as_ref().map(Manifest::entries).unwrap_or_default();
        let (entries, adopted) = merge(
            before,
            adopted.into_inner().unwrap_or_default(),
            sealed.into_inner().unwrap_or_default(),
        );
        let is_gone = |name: &PackageName| missing.contains(name) || is_missing(folder, name);
        let missing = before.iter().filter(|entry| is_gone(&entry.name)).count() as u64;
        let manifest = match previous {
            Some(previous) if previous.entries() == entries => previous,
            previous => {
                let sign =
                    |key: &SigningKey| Manifest::sign(previous.as_ref(), entries, now(), key);
                let manifest = key.with(sign).ok_or_else(unsigned)??;
                let text = manifest.render();
                write_file(&folder.join(FILE_NAME), text.as_bytes(), replacing(Access::Umask))
                    .map_err(|error| {
                        let failure = Failure::from(error);
                        let message = format!("the manifest: {}", failure.message);
                        Failure { message, ..failure }
                    })?;
                manifest
            }
        };
        Ok(Written { manifest, missing, adopted })
    }
}

/// Packages sealed just now take the place of listed ones, whose names they can only have if those are gone;
/// adopted ones only where neither their name nor they themselves are listed. Gives how many those are too.
fn merge(
    before: &[ManifestEntry],
    adopted: Vec<ManifestEntry>,
    sealed: Vec<ManifestEntry>,
) -> (Vec<ManifestEntry>, u64) {
    let key = |entry: &ManifestEntry| entry.name.clone();
    let mut entries: BTreeMap<PackageName, ManifestEntry> =
        before.iter().map(|entry| (key(entry), entry.clone())).collect();
    let mut ids: HashSet<_> = before.iter().map(|entry| entry.package_id).collect();
    let mut count = 0_u64;
    for entry in adopted {
        if !entries.contains_key(&entry.name) && ids.insert(entry.package_id) {
            entries.insert(key(&entry), entry);
            count = count.saturating_add(1);
        }
    }
    entries.extend(sealed.into_iter().map(|entry| (key(&entry), entry)));
    (entries.into_values().collect(), count)
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
            error @ ManifestError::UnexpectedSigner => Self::new(Exit::Manifest, error.to_string())
                .next("find out who signed it; name that signer if you expect it"),
            error => Self::new(Exit::Manifest, error.to_string())
                .next("find out who changed the folder; restore the manifest from a copy"),
        }
    }
}

/// The session took its key back before the end of the run.
fn unsigned() -> Failure {
    Failure::new(Exit::Session, "the session has ended, so that the manifest could not be signed")
        .next("log in and run the command again: it lists the packages that are there")
}

impl From<SignManifestError> for Failure {
    fn from(error: SignManifestError) -> Self {
        match error {
            SignManifestError::Random(error) => error.into(),
            error => Self::new(Exit::Manifest, format!("the manifest cannot list it: {error}"))
                .next("use more than one folder"),
        }
    }
}
