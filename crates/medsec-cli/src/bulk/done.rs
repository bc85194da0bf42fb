//! What an earlier run has sealed: packages that are in the output folder already, each verified to its last
//! byte before it counts.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use medsec_crypto::{
    Context, Execution, Header, Limits, ManifestEntry, Origin, PackageId, PackageName,
    SignerExpectation, Timestamp,
};

use super::crew::{self, lock};
use super::manifest::{Ledger, name_of};
use super::tally::{Place, Tally};
use super::{EXTENSION, Keys};
use crate::failure::Failure;
use crate::input::open_file;
use crate::session::Interrupt;

/// What one package says of the file it was made of; all of it is authentic.
pub(super) struct Earlier {
    len: u64,
    created_at: Timestamp,
    /// When the package's file was last written.
    written: Option<SystemTime>,
    /// For the manifest, if it is signed.
    pub(super) facts: Option<Facts>,
}

/// What a manifest says of a package, but for its name.
pub(super) struct Facts {
    header: Header,
    origin: Origin,
}

impl Facts {
    pub(super) fn entry(&self, name: PackageName) -> ManifestEntry {
        ManifestEntry::of_verified(name, &self.header, &self.origin)
    }
}

impl Earlier {
    /// Whether the file is still the one that was sealed: as long, and not newer than the package.
    ///
    /// The time of sealing is authentic, but in whole seconds. Within its second the time of the package's
    /// file decides.
    pub(super) fn covers(&self, len: u64, modified: Option<SystemTime>) -> bool {
        let Some(modified) = modified else {
            return false;
        };
        let second = modified.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let sealed = self.created_at.unix_seconds();
        let in_that_second = second == sealed && self.written.is_some_and(|at| modified <= at);
        self.len == len && (second < sealed || in_that_second)
    }
}

/// How packages of earlier runs are verified.
pub(super) struct Verifier<'a> {
    pub(super) keys: &'a Keys,
    pub(super) reproduced: &'a Context,
}

impl Verifier<'_> {
    /// Only this run's own signer is believed to have sealed.
    fn signer(&self) -> SignerExpectation {
        match &self.keys.signer {
            Some(key) => SignerExpectation::OneOf(vec![key.verifying_key()]),
            None => SignerExpectation::NotRequired,
        }
    }

    /// Whether there is anything to verify with.
    pub(super) fn can_open(&self) -> bool {
        self.keys.openers.is_some()
    }

    /// Verifies with a key, and gives the path that the package was made of.
    pub(super) fn open(
        &self,
        path: &Path,
        execution: &Execution<'_>,
    ) -> Result<(Option<String>, Earlier), Failure> {
        let (mut file, about) = open_file(path)?;
        let header = Header::read_patiently(&mut file)?;
        let fitting = self.keys.fitting(&header)?;
        let expectation = fitting.expectation(&self.signer(), self.reproduced);
        let created_at = header.core().created_at;
        let unlocked = header.check(expectation)?.unlock_with(&fitting.identities())?;
        let opened = unlocked.verify(file, execution)?;
        let name = opened.metadata.as_ref().and_then(|data| data.file_name.clone());
        let written = about.modified().ok();
        let header = unlocked.header().clone();
        let facts = opened.origin().map(|origin| Facts { header, origin });
        Ok((name, Earlier { len: opened.plain_len, created_at, written, facts }))
    }

    /// Verifies the signature alone: enough where the package's name says what it was made of.
    pub(super) fn verify_origin(
        &self,
        path: &Path,
        execution: &Execution<'_>,
    ) -> Result<Earlier, Failure> {
        let (mut file, about) = open_file(path)?;
        let header = Header::read_patiently(&mut file)?;
        let limit = Limits::default().max_chunks;
        let origin = header.verify_origin(file, &self.signer(), limit, execution)?;
        let (created_at, len) = (header.core().created_at, origin.plain_len);
        let facts = Some(Facts { header, origin });
        Ok(Earlier { len, created_at, written: about.modified().ok(), facts })
    }
}

/// Files that packages under opaque names were made of, by path.
#[derive(Default)]
pub(super) struct Sealed(HashMap<String, Vec<Earlier>>);

impl Sealed {
    pub(super) fn covers(&self, path: &str, len: u64, modified: Option<SystemTime>) -> bool {
        let packages = self.0.get(path).map(Vec::as_slice).unwrap_or_default();
        packages.iter().any(|package| package.covers(len, modified))
    }

    /// Opens all packages of `folder` that carry opaque names. One that does not open is told of, and what it
    /// was made of is sealed again.
    pub(super) fn read(
        folder: &Path,
        verifier: &Verifier<'_>,
        threads: usize,
        interrupt: &Interrupt,
        tally: &Tally<'_>,
        ledger: Option<&Ledger>,
    ) -> Result<Self, Failure> {
        let packages = opaque_names(folder)?;
        if !packages.is_empty() && !verifier.can_open() {
            return Err(Failure::usage(
                "the output folder holds packages; which files they were made of cannot be told without a key; nothing was done",
            )
            .next("give --identity FILE with a key that opens them, or another folder"));
        }
        let sealed = Mutex::new(Self::default());
        crew::each(
            &packages,
            threads,
            interrupt,
            |(_, len)| *len,
            |(name, _), hands| {
                let stop = crew::Stop(interrupt);
                let execution = crew::execution(hands, threads, &stop);
                match verifier.open(&folder.join(name), &execution) {
                    Ok((path, mut earlier)) => {
                        let facts = earlier.facts.take();
                        if let Some(((ledger, facts), name)) = ledger.zip(facts).zip(name_of(name))
                        {
                            ledger.add_found(facts.entry(name));
                        }
                        // Without metadata it was made of one file, by another call.
                        if let Some(path) = path {
                            lock(&sealed).0.entry(path).or_default().push(earlier);
                        }
                    }
                    Err(failure) => tally.found(Place::of(0, name), name, "failed", failure),
                }
            },
        );
        Ok(sealed.into_inner().unwrap_or_default())
    }
}

/// Packages named after their identifiers, with their length.
fn opaque_names(folder: &Path) -> Result<Vec<(PathBuf, u64)>, Failure> {
    let failed = |error| Failure::io("the output folder cannot be read", &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = PathBuf::from(entry.file_name());
        if is_opaque(&name) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let len = entry.metadata().map_err(failed)?.len();
            names.push((name, len));
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Whether a path is the name that this program gives to packages: it tells nothing and may be shown.
pub(super) fn is_opaque(path: &Path) -> bool {
    let id = path.to_str().and_then(|name| name.strip_suffix(EXTENSION)?.strip_suffix('.'));
    id.is_some_and(|id| {
        let hex = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        id.len() == PackageId::LEN.saturating_mul(2) && id.bytes().all(hex)
    })
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "tests may panic")]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(millis: u64) -> Option<SystemTime> {
        Some(UNIX_EPOCH + Duration::from_millis(millis))
    }

    fn earlier() -> Earlier {
        let created_at = Timestamp::from_unix_seconds(100);
        Earlier { len: 5, created_at, written: at(100_500), facts: None }
    }

    #[test]
    fn changed_file_is_not_covered() {
        assert!(!earlier().covers(4, at(1)));
        assert!(!earlier().covers(5, at(100_501)));
        assert!(!earlier().covers(5, at(101_000)));
        assert!(!earlier().covers(5, None));
    }

    #[test]
    fn same_file_is_covered() {
        assert!(earlier().covers(5, at(99_999)));
        assert!(earlier().covers(5, at(100_500)));
    }

    #[test]
    fn only_identifiers_are_opaque() {
        let id = "0123456789abcdef0123456789abcdef";
        assert!(is_opaque(Path::new(&format!("{id}.msp"))));
        for name in [format!("{id}0.msp"), id.to_owned(), format!("a/{id}.msp"), id.to_uppercase()]
        {
            assert!(!is_opaque(Path::new(&name)), "{name}");
        }
    }
}
