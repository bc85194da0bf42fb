//! `medsec verify FOLDER`: every package's signature, and the folder beside its signed manifest. No keys.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use medsec_crypto::{
    Access, Finding, FormatError, Found as State, FoundPackage, Header, HeaderError, Limits,
    Manifest, OpenError, Origin, PackageName, SeenManifest, SignerExpectation, VerifyingKey,
    write_file,
};
use serde_json::Value;

use super::crew::{self, Hands, lock};
use super::manifest::{self, FILE_NAME, name_of, replacing};
use super::tally::{Place, Tally, Words, check_report_file};
use super::walk::{self, Found};
use super::{EXTENSION, path};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::{Interrupt, Session};

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
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    check_report_file(plan.report)?;
    let seen = plan.seen.map(read_seen).transpose()?.flatten();
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
    let words = Words { done: "verified", skipped: "other files", failed: "findings" };
    let mut folder = tally.conclude(session, &words, plan.report);
    folder.report = describe(folder.report, manifest.as_ref(), &kinds);
    if folder.verdict.is_none()
        && let (Some(path), Some(manifest)) = (plan.seen, &manifest)
    {
        let text = manifest.seen().render();
        write_file(path, text.as_bytes(), replacing(Access::Owner)).map_err(|error| {
            let failure = Failure::from(error);
            Failure { message: format!("the file of --seen: {}", failure.message), ..failure }
        })?;
    }
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
    let mut report = report.line(format!("  manifest version {version}, {listed} packages listed"));
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
        Err(failure) => {
            trouble(failure);
            return None;
        }
    };
    match (&manifest, seen) {
        (None, Some(_)) => trouble(
            Failure::new(Exit::Manifest, "the manifest that was seen before is missing")
                .next("find out who changed the folder; restore it from a backup"),
        ),
        (Some(manifest), Some(seen)) => {
            if let Err(error) = manifest.follows(seen) {
                trouble(Failure::new(Exit::Manifest, error.to_string()).next(
                    "find out who put the folder back; if it was meant, remove the file of --seen",
                ));
            }
        }
        (_, None) => {}
    }
    manifest
}

fn read_seen(path: &Path) -> Result<Option<SeenManifest>, Failure> {
    let failed = |error| Failure::io("the file of --seen cannot be read", &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
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

impl Run<'_> {
    fn work(&self, index: usize, hands: Hands) {
        let Some(one) = self.found.get(index) else { return };
        let Some(len) = one.kind.file_len() else { return };
        let is_package = one.path.extension().is_some_and(|end| end == EXTENSION);
        match self.verify(&one.path, hands) {
            Ok((header, origin)) => self.verified(index, len, &header, &origin),
            // A file of another kind beside the packages is nobody's concern, unless it is listed.
            Err(OpenError::Format(_)) if !is_package => self.other(index, len),
            Err(OpenError::Interrupted) => {}
            Err(error @ OpenError::Read(_)) => self.tally.failed(index, error.into()),
            Err(error) => {
                self.state(&one.path, state_of(&error));
                if self.listed.is_none() {
                    self.tally.failed(index, error.into());
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
    Failure::new(Exit::Manifest, what)
        .next("find out who changed the folder; restore the package from a backup")
}
