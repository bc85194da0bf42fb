//! What an earlier run has sealed: the newest package of each file that is in the output folder already. That its
//! content is still the file's is for the comparison to find out, file by file.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec::Parked;
use medsec_crypto::{Header, HeaderHash, PackageId, Timestamp};

use super::crew::{self, lock};
use super::package::{Looked, MadeOf, Reader};
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
    pub(super) parked: Mutex<Option<Parked>>,
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
pub(super) struct Earlier {
    newest: HashMap<String, Known>,
    /// Grants of packages that are not the newest of anything.
    unneeded: Vec<Parked>,
}

impl Earlier {
    pub(super) fn newest(&self, name: &str) -> Option<&Known> {
        self.newest.get(name)
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
        let looking = Looking {
            reader,
            tally,
            candidates: &candidates,
            earlier: Mutex::new(Self::default()),
            stop: Mutex::new(None),
        };
        let indices: Vec<usize> = (0..candidates.len()).collect();
        crew::each_run(&indices, threads, interrupt, |_| 0, |run, _| looking.look(run));
        let Looking { earlier, stop, .. } = looking;
        match stop.into_inner().unwrap_or_default() {
            None => Ok(earlier.into_inner().unwrap_or_default()),
            Some(failure) => Err(stopped(failure)),
        }
    }

    fn add(&mut self, candidate: &Candidate, place: Place, looked: Looked) {
        // Without metadata and under an opaque name it was made of one file, by another call.
        let name = match looked.made_of {
            MadeOf::Named(name) => Some(name),
            MadeOf::Unnamed => candidate.kept.clone(),
            MadeOf::Another => None,
        };
        let Some(name) = name else {
            return self.unneeded.extend(looked.parked);
        };
        let known = Known {
            path: candidate.path.clone(),
            place,
            created_at: looked.created_at,
            tied: false,
            parked: Mutex::new(looked.parked),
            id: looked.id,
        };
        match self.newest.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(known)),
            Entry::Occupied(mut entry) => {
                let present = entry.get_mut();
                let older = if known.created_at > present.created_at {
                    std::mem::replace(present, known)
                } else {
                    present.tied |=
                        known.created_at == present.created_at && known.id != present.id;
                    known
                };
                self.unneeded.extend(lock(&older.parked).take());
            }
        }
    }

    /// Ends the grants that were not used.
    ///
    /// # Errors
    /// That could not be recorded.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        let left = self.newest.values().filter_map(|known| lock(&known.parked).take());
        self.unneeded.extend(left);
        Ok(Parked::close_all(std::mem::take(&mut self.unneeded))?)
    }
}

/// Packages being looked at.
struct Looking<'a> {
    reader: &'a Reader<'a>,
    tally: &'a Tally<'a>,
    candidates: &'a [Candidate],
    earlier: Mutex<Earlier>,
    /// Why nothing can be done.
    stop: Mutex<Option<Failure>>,
}

impl Looking<'_> {
    fn look(&self, run: &[&usize]) {
        if lock(&self.stop).is_some() {
            return;
        }
        let mut places = Vec::with_capacity(run.len());
        let mut packages = Vec::with_capacity(run.len());
        for index in run.iter().copied() {
            let Some(candidate) = self.candidates.get(*index) else { continue };
            let place = Place::of_earlier(*index, &candidate.path);
            match self.header(candidate) {
                Ok(package) => {
                    places.push((candidate, place));
                    packages.push(package);
                }
                Err(Seen::Unknown(failure)) => return *lock(&self.stop) = Some(failure),
                Err(Seen::Wrong(failure)) => self.told(&place, candidate, failure),
            }
        }
        for ((candidate, place), looked) in places.into_iter().zip(self.reader.look_all(packages)) {
            match looked {
                Ok(looked) => lock(&self.earlier).add(candidate, place, looked),
                Err(failure) if is_passing(&failure) => *lock(&self.stop) = Some(failure),
                Err(failure) => self.told(&place, candidate, failure),
            }
        }
    }

    fn header(&self, candidate: &Candidate) -> Result<(File, Header), Seen> {
        let package = self.reader.header(&candidate.path).map_err(Seen::of)?;
        self.reader.has_key(&package.1).map_err(Seen::Unknown)?;
        Ok(package)
    }

    fn told(&self, place: &Place, candidate: &Candidate, failure: Failure) {
        self.tally.found(place.clone(), &candidate.path, "failed", failure);
    }
}

/// Why a package tells nothing.
enum Seen {
    /// Nothing can be known of it now, or with these keys.
    Unknown(Failure),
    /// It is no package, or a damaged one.
    Wrong(Failure),
}

impl Seen {
    fn of(failure: Failure) -> Self {
        if is_passing(&failure) { Self::Unknown(failure) } else { Self::Wrong(failure) }
    }
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
        Exit::Io
            | Exit::Interrupted
            | Exit::Identity
            | Exit::Store
            | Exit::Key
            | Exit::Log
            | Exit::Denied
            | Exit::Session
            | Exit::Policy
            | Exit::Clock
            | Exit::Failure
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
    use super::*;

    fn looked(id: u8, time: u64) -> Looked {
        Looked {
            id: (PackageId::from_bytes([id; 16]), HeaderHash::from_bytes([id; 64])),
            created_at: Timestamp::from_unix_seconds(time),
            made_of: MadeOf::Named("a".to_owned()),
            parked: None,
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
