//! The file of `--seen`: the newest manifest that was believed, kept outside the folder.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use medsec_crypto::{Access, Manifest, SeenManifest, write_file};

use super::manifest::replacing;
use crate::exit::Exit;
use crate::failure::Failure;

/// What was seen before, if anything.
pub(super) fn read(path: &Path) -> Result<Option<SeenManifest>, Failure> {
    let failed = |error| Failure::io("the file of --seen cannot be read", &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let limit = SeenManifest::MAX_LEN.saturating_add(1) as u64;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    SeenManifest::parse(&bytes).map(Some).map_err(|_| {
        Failure::usage("the file of --seen is not one that this program wrote")
            .next("name another file; one that does not exist is made")
    })
}

/// Whether a folder's manifest may follow what was seen.
pub(super) fn check(manifest: Option<&Manifest>, seen: &SeenManifest) -> Result<(), Failure> {
    let manifest = manifest.ok_or_else(|| {
        Failure::new(Exit::Manifest, "the manifest that was seen before is missing")
            .next("find out who changed the folder; restore it from a backup")
    })?;
    manifest.follows(seen).map_err(|error| {
        Failure::new(Exit::Manifest, error.to_string())
            .next("find out who put the folder back; if it was meant, remove the file of --seen")
    })
}

/// Remembers a manifest.
pub(super) fn write(path: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let text = manifest.seen().render();
    write_file(path, text.as_bytes(), replacing(Access::Owner)).map_err(|error| {
        let failure = Failure::from(error);
        Failure { message: format!("the file of --seen: {}", failure.message), ..failure }
    })
}
