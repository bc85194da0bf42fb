//! What an earlier run has sealed: the newest package of each file that is in the output folder already. That its
//! content is still the file's is for the comparison to find out, file by file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec_crypto::{HeaderHash, PackageId, Timestamp};

use super::crew::{self, lock};
use super::package::{Kept, Looked, Reader};
use super::tally::{Place, Tally};
use super::walk::Found;
use super::{EXTENSION, path};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Interrupt;

/// The newest package that was made of one file.
pub(super) struct Known {
    /// Below the output folder.
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) created_at: Timestamp,
    /// Another package was made at the same time: which of them is the newest is not known.
    pub(super) tied: bool,
    pub(super) kept: Mutex<Option<Kept>>,
    id: (PackageId, HeaderHash),
}

/// A file of the output folder that may be a package of this source.
struct Candidate {
    path: PathBuf,
    /// The file it was made of, where its own name says so.
    kept: Option<String>,
}

/// Newest packages by the path of the file they were made of.
#[derive(Default)]
pub(super) struct Earlier(HashMap<String, Known>);

impl Earlier {
    pub(super) fn newest(&self, name: &str) -> Option<&Known> {
        self.0.get(name)
    }

    /// Looks at all packages in the output folder that carry opaque names or those of the files in `found`. One
    /// that does not open is told of, and what it was made of is sealed again.
    ///
    /// # Errors
    /// There is no key to open them with, or not for one of them, or one cannot be read just now: its file would
    /// be sealed twice.
    pub(super) fn read(
        reader: &Reader<'_>,
        found: &[Found],
        threads: usize,
        interrupt: &Interrupt,
        tally: &Tally<'_>,
    ) -> Result<Self, Failure> {
        let candidates = candidates(reader.folder, found)?;
        if !candidates.is_empty() && reader.keys.openers.is_none() {
            return Err(Failure::usage(
                "the output folder holds packages; which files they were made of cannot be told without a key; nothing was done",
            )
            .next("give --identity FILE with a key that opens them, or another folder"));
        }
        let earlier = Mutex::new(Self::default());
        let stop = Mutex::new(None);
        let indices: Vec<usize> = (0..candidates.len()).collect();
        let work = |index: &usize, _| {
            let Some(candidate) = candidates.get(*index).filter(|_| lock(&stop).is_none()) else {
                return;
            };
            let place = Place::of_earlier(*index, &candidate.path);
            match look(reader, &candidate.path) {
                Ok(Ok(looked)) => lock(&earlier).add(candidate, place, looked),
                Ok(Err(failure)) => tally.found(place, &candidate.path, "failed", failure),
                Err(failure) => *lock(&stop) = Some(failure),
            }
        };
        crew::each(&indices, threads, interrupt, |_| 0, work);
        match stop.into_inner().unwrap_or_default() {
            None => Ok(earlier.into_inner().unwrap_or_default()),
            Some(failure) => Err(stopped(failure)),
        }
    }

    fn add(&mut self, candidate: &Candidate, place: Place, looked: Looked) {
        // Without metadata and under an opaque name it was made of one file, by another call.
        let Some(name) = looked.name.or_else(|| candidate.kept.clone()) else { return };
        let known = Known {
            path: candidate.path.clone(),
            place,
            created_at: looked.created_at,
            tied: false,
            kept: Mutex::new(Some(looked.kept)),
            id: looked.id,
        };
        match self.0.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(known)),
            Entry::Occupied(mut entry) => {
                let present = entry.get_mut();
                if known.created_at > present.created_at {
                    *present = known;
                } else if known.created_at == present.created_at && known.id != present.id {
                    present.tied = true;
                }
            }
        }
    }
}

/// What a package was made of, or what is wrong with it.
///
/// # Errors
/// Nothing can be known of it now, or with these keys.
fn look(reader: &Reader<'_>, package: &Path) -> Result<Result<Looked, Failure>, Failure> {
    let judged = |failure| if is_passing(&failure) { Err(failure) } else { Ok(Err(failure)) };
    let (file, header) = match reader.header(package) {
        Ok(read) => read,
        Err(failure) => return judged(failure),
    };
    reader.find_key(&header)?;
    reader.look(file, header).map_or_else(judged, |looked| Ok(Ok(looked)))
}

fn stopped(failure: Failure) -> Failure {
    if failure.exit == Exit::Expectation {
        let message = "the output folder holds a package for which there is no key at hand, and what it was made of cannot be told; nothing was sealed";
        return Failure { message: message.to_owned(), ..failure }
            .next("give --identity FILE with a key that opens it, or another folder");
    }
    let message = format!(
        "a package in the output folder cannot be read just now; nothing was sealed: {}",
        failure.message
    );
    Failure { message, ..failure }
}

/// Whether trying again may help, or another key: then nothing is known of the package.
pub(super) const fn is_passing(failure: &Failure) -> bool {
    matches!(
        failure.exit,
        Exit::Io | Exit::Interrupted | Exit::Identity | Exit::Store | Exit::Key | Exit::Failure
    )
}

fn candidates(folder: &Path, found: &[Found]) -> Result<Vec<Candidate>, Failure> {
    let mut candidates = Vec::new();
    for path in opaque_names(folder)? {
        candidates.push(Candidate { path, kept: None });
    }
    for one in found.iter().filter(|one| one.kind.file_len().is_some()) {
        let path = with_extension(&one.path);
        let is_there = folder.join(&path).symlink_metadata().is_ok_and(|about| about.is_file());
        if is_there && !is_opaque(&path) {
            candidates.push(Candidate { path, kept: path::to_text(&one.path) });
        }
    }
    Ok(candidates)
}

/// Packages named after their identifiers.
fn opaque_names(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::io("the output folder cannot be read", &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = PathBuf::from(entry.file_name());
        if is_opaque(&name) && entry.file_type().map_err(failed)?.is_file() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What the package of a file is called that keeps its name.
pub(super) fn with_extension(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(EXTENSION);
    name.into()
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
mod tests {
    use medsec_crypto::Dek;

    use super::*;

    fn looked(id: u8, time: u64) -> Looked {
        Looked {
            id: (PackageId::from_bytes([id; 16]), HeaderHash::from_bytes([id; 64])),
            created_at: Timestamp::from_unix_seconds(time),
            name: Some("a".to_owned()),
            kept: Kept { dek: Dek::take_from(&mut [1; 32]).unwrap(), signature: None },
        }
    }

    /// Packages of one file in the order they are met.
    fn newest(met: &[(u8, u64)]) -> (u64, bool) {
        let mut earlier = Earlier::default();
        for (id, time) in met {
            let candidate = Candidate { path: PathBuf::new(), kept: None };
            earlier.add(&candidate, Place::Earlier(1), looked(*id, *time));
        }
        let known = earlier.newest("a").unwrap();
        (known.created_at.unix_seconds(), known.tied)
    }

    #[test]
    fn two_packages_of_one_time_are_tied() {
        assert_eq!(newest(&[(1, 5), (2, 5), (3, 4)]), (5, true));
    }

    #[test]
    fn newest_package_counts_and_copies_do_not() {
        assert_eq!(newest(&[(1, 5), (1, 5)]), (5, false));
        assert_eq!(newest(&[(1, 5), (2, 5), (3, 6), (1, 5)]), (6, false));
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
