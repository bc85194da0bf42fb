//! `medsec verify FOLDER`: every package's signature, and the folder beside its signed manifest. No keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsec_crypto::{
    Finding, FormatError, Found as State, FoundPackage, Header, HeaderError, Limits, Manifest,
    OpenError, Origin, PackageName, SeenManifest, SignerExpectation, VerifyingKey, is_unfinished,
};
use serde_json::Value;

use super::crew::{self, Hands, lock};
use super::lock::shared;
use super::manifest::{self, FILE_NAME, name_of};
use super::report_file::ReportFile;
use super::tally::{NO_PACKAGE, Place, Tally, Words};
use super::walk::{self, Found};
use super::{EXTENSION, path, seen};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::{Interrupt, Session};
use crate::units;

/// What `verify` does with a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) signers: &'a [VerifyingKey],
    /// Where the newest manifest seen so far is remembered.
    pub(crate) seen: Option<&'a Path>,
    pub(crate) source: &'a Path,
    pub(crate) report: Option<&'a Path>,
}

/// One run.
struct Run<'a> {
    plan: &'a Plan<'a>,
    threads: usize,
    interrupt: &'a Interrupt,
    found: &'a [Found],
    tally: &'a Tally<'a>,
    /// What a manifest vouches for, it vouches for whoever signed it.
    listed: Option<&'a Manifest>,
    states: Mutex<Vec<FoundPackage>>,
    /// Foreign ones whose name cannot stand in a manifest.
    unnamed: AtomicUsize,
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    let report = ReportFile::create(plan.report)?;
    let _writers_wait = shared(plan.source)?;
    let seen = plan.seen.map(seen::read).transpose()?.flatten();
    let mut found = walk::list(plan.source)?;
    found.retain(|one| one.path != Path::new(FILE_NAME));
    let tally = Tally::new(session, &found);
    let manifest = check_manifest(plan, seen.as_ref(), &tally);
    let threads = session.threads().get();
    let run = Run {
        plan,
        threads,
        interrupt: &session.interrupt,
        found: &found,
        tally: &tally,
        listed: manifest.as_ref(),
        states: Mutex::default(),
        unnamed: AtomicUsize::new(0),
    };
    let indices: Vec<usize> = (0..found.len()).collect();
    let len = |index: &usize| found.get(*index).and_then(|one| one.kind.file_len()).unwrap_or(0);
    crew::each(&indices, threads, run.interrupt, len, |index, hands| run.work(*index, hands));
    let mut kinds = BTreeMap::new();
    if let Some(manifest) = &manifest
        && !session.interrupt.is_set()
    {
        let states = std::mem::take(&mut *lock(&run.states));
        kinds = run.compare(manifest, states);
    }
    if tally.is_clean()
        && !session.interrupt.is_set()
        && let (Some(path), Some(manifest)) = (plan.seen, &manifest)
        && let Err(failure) = seen::write(path, manifest)
    {
        tally.found(Place::Manifest, Path::new(FILE_NAME), "failed", failure);
    }
    let words = Words {
        done: "verified",
        skipped: "other files",
        failed: ["finding", "findings"],
        nothing: NO_PACKAGE,
    };
    let mut folder = tally.conclude(session, &words, report);
    folder.report = describe(folder.report, manifest.as_ref(), &kinds);
    Ok(folder)
}

fn describe(
    report: crate::report::Report,
    manifest: Option<&Manifest>,
    kinds: &BTreeMap<&'static str, usize>,
) -> crate::report::Report {
    let findings: serde_json::Map<String, Value> =
        kinds.iter().map(|(kind, number)| ((*kind).to_owned(), (*number).into())).collect();
    let Some(manifest) = manifest else {
        return report
            .line("  no manifest was compared: what is missing or was put back shows nowhere")
            .field("manifest", Value::Null);
    };
    let (version, listed) = (manifest.version(), manifest.entries().len());
    let mut report = report.line(format!(
        "  manifest version {version}, {} listed",
        units::counted(listed as u64, ["package", "packages"])
    ));
    for (kind, number) in kinds {
        report = report.line(format!("  {kind}: {number}"));
    }
    let shown = serde_json::json!({ "version": version, "packages": listed, "findings": findings });
    report.field("manifest", shown)
}

/// The manifest, if there is one that can be believed.
fn check_manifest(
    plan: &Plan<'_>,
    seen: Option<&SeenManifest>,
    tally: &Tally<'_>,
) -> Option<Manifest> {
    let trouble = |failure| tally.found(Place::Manifest, Path::new(FILE_NAME), "manifest", failure);
    let manifest = match manifest::read(plan.source, plan.signers) {
        Ok(manifest) => manifest,
        Err(error) => {
            trouble(error.into());
            return None;
        }
    };
    if let Some(Err(failure)) = seen.map(|seen| seen::check(manifest.as_ref(), seen)) {
        trouble(failure);
    }
    manifest
}

impl Run<'_> {
    fn work(&self, index: usize, hands: Hands) {
        let Some(one) = self.found.get(index) else { return };
        let Some(len) = one.kind.file_len() else { return };
        let is_package = one.path.extension().is_some_and(|end| end == EXTENSION);
        if one.path.file_name().is_some_and(is_unfinished) {
            // What a killed run left, on its way to a name that it never got.
            return self.other(index, len);
        }
        match self.verify(&one.path, hands) {
            Ok((header, origin)) => self.verified(index, len, &header, &origin),
            // A file of another kind beside the packages is nobody's concern, unless it is listed.
            Err(OpenError::Format(_)) if !is_package => self.other(index, len),
            Err(OpenError::Interrupted) => {}
            Err(error @ OpenError::Read(_)) => self.tally.failed(index, error.into()),
            Err(error) if self.listed.is_none() => self.tally.failed(index, error.into()),
            Err(error) => {
                if !self.state(&one.path, state_of(&error)) {
                    self.foreign(index);
                }
            }
        }
    }

    fn verify(&self, path: &Path, hands: Hands) -> Result<(Header, Origin), OpenError> {
        let file = walk::open_plain(self.plan.source, path).map_err(OpenError::Read)?;
        let mut file = file.file;
        let header = Header::read_patiently(&mut file).map_err(|error| match error {
            HeaderError::Format(error) => OpenError::Format(error),
            HeaderError::Io(error) => OpenError::Read(error),
            other => other.into(),
        })?;
        let expected = match self.listed {
            Some(_) => SignerExpectation::NotRequired,
            None => SignerExpectation::OneOf(self.plan.signers.to_vec()),
        };
        let limit = Limits::default().max_chunks;
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let origin = header.verify_origin(file, &expected, limit, &execution)?;
        Ok((header, origin))
    }

    fn verified(&self, index: usize, len: u64, header: &Header, origin: &Origin) {
        let Some(one) = self.found.get(index) else { return };
        if self.state(&one.path, State::verified(header, origin)) {
            self.tally.done(len);
        } else if self.listed.is_some() {
            self.foreign(index);
        } else {
            self.tally.done(len);
        }
    }

    fn other(&self, index: usize, len: u64) {
        let Some(one) = self.found.get(index) else { return };
        let is_listed = |manifest: &Manifest| {
            name_of(&one.path).is_some_and(|name| manifest.entry(&name).is_some())
        };
        if self.listed.is_some_and(is_listed) {
            self.state(&one.path, State::NotAPackage);
        } else {
            self.tally.skipped(len);
        }
    }

    /// Keeps what was found for the comparison; `false` if its path cannot stand in a manifest.
    fn state(&self, path: &Path, state: State) -> bool {
        let Some(name) = name_of(path) else {
            return false;
        };
        lock(&self.states).push(FoundPackage { name, state });
        true
    }

    fn foreign(&self, index: usize) {
        self.unnamed.fetch_add(1, Ordering::Relaxed);
        let failure = failure_of("foreign");
        let path = self.found.get(index).map(|one| one.path.clone()).unwrap_or_default();
        self.tally.found(Place::of(index, &path), &path, "foreign", failure);
    }

    /// Tells of every finding; gives how many there are of each kind.
    fn compare(
        &self,
        manifest: &Manifest,
        states: Vec<FoundPackage>,
    ) -> BTreeMap<&'static str, usize> {
        let mut kinds: BTreeMap<&'static str, usize> = BTreeMap::new();
        let unnamed = self.unnamed.load(Ordering::Relaxed);
        if unnamed > 0 {
            kinds.insert("foreign", unnamed);
        }
        for finding in manifest.compare(states).findings {
            let kind = finding.kind();
            let count = kinds.entry(kind).or_default();
            *count = count.saturating_add(1);
            let path = path::from_text(finding.name().as_str()).unwrap_or_default();
            let place = self.place(manifest, &finding, &path);
            self.tally.found(place, &path, kind, failure_of(kind));
        }
        kinds
    }

    fn place(&self, manifest: &Manifest, finding: &Finding, path: &Path) -> Place {
        let listed = |name: &PackageName| {
            manifest.entries().binary_search_by(|entry| entry.name.cmp(name)).unwrap_or_default()
        };
        match finding {
            Finding::Missing { name } => Place::of_entry(listed(name), path),
            _ => {
                let index = self.found.binary_search_by(|one| one.path.as_path().cmp(path));
                Place::of(index.unwrap_or_default(), path)
            }
        }
    }
}

const fn state_of(error: &OpenError) -> State {
    match error {
        OpenError::Format(FormatError::NotAPackage) => State::NotAPackage,
        _ => State::Damaged,
    }
}

fn failure_of(kind: &'static str) -> Failure {
    let what = match kind {
        "missing" => "missing: the manifest lists it, and it is not in the folder",
        "foreign" => "foreign: the manifest does not list it",
        "altered" => "altered: it is not the package that the manifest lists",
        "older" => "older: another package, sealed before the manifest was signed, has its name",
        "replaced" => {
            "replaced: another package, sealed after the manifest was signed, has its name"
        }
        "renamed" => "renamed: the manifest lists this package under another name",
        "duplicate" => "duplicate: the manifest lists this package once, under another name",
        "other-signer" => "another signer: it is not the listed package, and a stranger signed it",
        other => other,
    };
    Failure::new(Exit::Manifest, what).next(match kind {
        "foreign" => "find out who changed the folder; or, if a `seal` was cut off, run it again",
        _ => "find out who changed the folder; restore the package from a backup",
    })
}
