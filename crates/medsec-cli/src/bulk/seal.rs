//! `medsec seal FOLDER`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use medsec_crypto::{
    Access, Draft, ManifestEntry, Metadata, OutputError, PackageName, PackageSpec, PendingFile,
    SealError,
};

use super::crew::{self, Hands, Publisher};
use super::done::{Sealed, Verifier};
use super::folders::Folders;
use super::manifest::{Ledger, name_of};
use super::tally::{Tally, Words, check_report_file};
use super::walk::{self, Found};
use super::{EXTENSION, Keys, OutputFolder, path};
use crate::describe::{add_identifiers, describe};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::{Interrupt, Session, now};
use crate::target;

/// What `seal` does with a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) keys: &'a Keys,
    /// Without metadata: each package gets its own.
    pub(crate) spec: &'a PackageSpec,
    pub(crate) described: Described,
    pub(crate) names: Names,
    pub(crate) source: &'a Path,
    pub(crate) target: &'a Path,
    pub(crate) report: Option<&'a Path>,
}

/// Whether packages carry metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Described {
    Yes,
    No,
}

/// What packages are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// After their random identifiers, all in one folder.
    Opaque,
    /// As the files, in the same folders.
    Kept,
}

/// One run.
struct Run<'a> {
    plan: &'a Plan<'a>,
    threads: usize,
    interrupt: &'a Interrupt,
    found: &'a [Found],
    tally: &'a Tally<'a>,
    earlier: Sealed,
    folders: Folders<'a>,
    publisher: Publisher<Landing>,
    /// Where the run signs.
    ledger: Option<&'a Ledger>,
}

/// A package on its way to its name.
struct Landing {
    index: usize,
    len: u64,
    entry: Option<ManifestEntry>,
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    if plan.described == Described::No && plan.names == Names::Opaque {
        return Err(Failure::usage(
            "packages of a folder need their metadata or their names to be told apart",
        )
        .next("leave --no-metadata away, or give --keep-names"));
    }
    check_report_file(plan.report)?;
    let target = OutputFolder::open(plan.source, plan.target)?;
    let ledger = plan.keys.signer.as_ref().map(|key| Ledger::open(&target.path, key));
    let ledger = ledger.transpose()?;
    let found = walk::list(plan.source)?;
    let files: Vec<usize> = (0..found.len()).filter(|index| is_file(&found, *index)).collect();
    let tally = Tally::new(session, &found);
    let threads = session.threads().get();
    let verifier = Verifier { keys: plan.keys, reproduced: &plan.spec.reproduced };
    let earlier = match plan.names {
        Names::Opaque => Sealed::read(
            &target.path,
            &verifier,
            threads,
            &session.interrupt,
            &tally,
            ledger.as_ref(),
        )?,
        Names::Kept => Sealed::default(),
    };
    let run = Run {
        plan,
        threads,
        interrupt: &session.interrupt,
        found: &found,
        tally: &tally,
        earlier,
        folders: Folders::new(&target.path, Access::Umask),
        publisher: Publisher::new(),
        ledger: ledger.as_ref(),
    };
    let len = |index: &usize| found.get(*index).and_then(|one| one.kind.file_len()).unwrap_or(0);
    crew::each(&files, threads, &session.interrupt, len, |index, hands| run.work(*index, hands));
    run.publisher.finish(|landing, result| run.landed(landing, result));
    let words = Words { done: "sealed", skipped: "sealed before", failed: "files failed" };
    let folder = tally.conclude(session, &words, plan.report);
    Ok(match ledger {
        Some(ledger) => with_manifest(folder, ledger.write(&target.path)),
        None => folder,
    })
}

/// What became of the manifest. It is written after an interruption too.
fn with_manifest(mut folder: Folder, written: Result<(usize, usize), Failure>) -> Folder {
    let failure = match written {
        Ok((listed, missing)) => {
            folder.report = folder
                .report
                .line(format!("  the manifest lists {listed} packages"))
                .field("manifest", serde_json::json!({ "packages": listed, "missing": missing }));
            (missing > 0).then(|| {
                Failure::new(
                    Exit::Manifest,
                    format!("{missing} packages that the manifest lists are missing; it goes on listing them"),
                )
                .next("restore them from a backup; `medsec verify` tells which they are")
            })
        }
        Err(failure) => Some(failure),
    };
    if let Some(failure) = failure {
        folder.verdict.get_or_insert(failure);
    }
    folder
}

fn is_file(found: &[Found], index: usize) -> bool {
    found.get(index).is_some_and(|one| one.kind.file_len().is_some())
}

impl Run<'_> {
    fn work(&self, index: usize, hands: Hands) {
        let Some(found) = self.found.get(index) else { return };
        if let Err(failure) = self.seal(index, &found.path, hands) {
            self.tally.failed(index, failure);
        }
    }

    fn seal(&self, index: usize, path: &Path, hands: Hands) -> Result<(), Failure> {
        let name = path::to_text(path).ok_or_else(not_text)?;
        let walk::Opened { mut file, len, modified } = walk::open(self.plan.source, path)?;
        if self.is_done(path, &name, len, modified, hands)? {
            self.tally.skipped(len);
            return Ok(());
        }
        let mut spec = self.plan.spec.clone();
        if self.plan.described == Described::Yes {
            let metadata = spec.metadata.insert(Metadata::new());
            describe(metadata, Some(&name), len);
            add_identifiers(&mut spec, &mut file)?;
        }
        let sealer = Draft::new(spec, now(), self.plan.keys.signer.clone())
            .and_then(|draft| draft.seal_to(&self.plan.keys.recipients()))?;
        let target = match self.plan.names {
            Names::Opaque => PathBuf::from(format!("{}.{EXTENSION}", sealer.package_id())),
            Names::Kept => self.kept(path)?,
        };
        let listed = self.listed_name(&target)?;
        let target = self.plan.target.join(target);
        let pending = PendingFile::create(&target, target::options(Access::Umask));
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let pending = pending.map_err(SealError::Output)?;
        let (sealed, pending) = sealer.seal_to_pending(&file, pending, &execution)?;
        check_unchanged(&file, len, modified)?;
        let entry = listed.map(|name| ManifestEntry::of_sealed(name, &sealed)).transpose()?;
        let landing = Landing { index, len, entry };
        self.publisher.add(pending, sealed.package_len, landing, |landing, result| {
            self.landed(landing, result);
        });
        Ok(())
    }

    /// Whether a package of this very file is there.
    fn is_done(
        &self,
        path: &Path,
        name: &str,
        len: u64,
        modified: Option<SystemTime>,
        hands: Hands,
    ) -> Result<bool, Failure> {
        if self.plan.names == Names::Opaque {
            return Ok(self.earlier.covers(name, len, modified));
        }
        let package = self.plan.target.join(with_extension(path));
        if package.symlink_metadata().is_err() {
            return Ok(false);
        }
        let Keys { openers, signer, .. } = self.plan.keys;
        if openers.is_none() && signer.is_none() {
            return Err(Failure::from(OutputError::Exists)
                .next("give --identity FILE to have the packages verified that are there"));
        }
        let verifier = Verifier { keys: self.plan.keys, reproduced: &self.plan.spec.reproduced };
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let earlier = match openers.is_none() {
            true => verifier.verify_origin(&package, &execution)?,
            false => {
                let (inside, earlier) = verifier.open(&package, &execution)?;
                if inside.is_some_and(|inside| inside != name) {
                    return Err(taken());
                }
                earlier
            }
        };
        if let (Some(ledger), Some(facts)) = (self.ledger, &earlier.facts)
            && let Some(name) = name_of(&with_extension(path))
        {
            ledger.add_found(facts.entry(name));
        }
        if earlier.covers(len, modified) { Ok(true) } else { Err(taken()) }
    }

    fn kept(&self, path: &Path) -> Result<PathBuf, Failure> {
        let changed = self.folders.prepare(path);
        let changed = changed.map_err(|error| Failure::io("a folder could not be made", &error))?;
        self.publisher.add_folders(&changed);
        Ok(with_extension(path))
    }

    /// What the manifest will call a package.
    fn listed_name(&self, path: &Path) -> Result<Option<PackageName>, Failure> {
        if self.ledger.is_none() {
            return Ok(None);
        }
        name_of(path).map(Some).ok_or_else(|| {
            Failure::new(Exit::Failure, "its path cannot stand in a manifest; it was not sealed")
                .next("rename it, or leave --keep-names away")
        })
    }

    fn landed(&self, landing: Landing, result: Result<(), OutputError>) {
        // Of a name that is not durable yet the manifest may speak: the package is complete.
        let is_there = matches!(result, Ok(()) | Err(OutputError::NameNotDurable(_)));
        if let (true, Some((ledger, entry))) = (is_there, self.ledger.zip(landing.entry)) {
            ledger.add_sealed(entry);
        }
        match result {
            Ok(()) => self.tally.done(landing.len),
            Err(error) => self.tally.failed(landing.index, error.into()),
        }
    }
}

fn with_extension(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(EXTENSION);
    name.into()
}

/// What was sealed must be what was there when the time of sealing was taken.
fn check_unchanged(file: &File, len: u64, modified: Option<SystemTime>) -> Result<(), Failure> {
    let about = file.metadata();
    let about = about.map_err(|error| Failure::io("reading the content failed", &error))?;
    if about.len() == len && about.modified().ok() == modified {
        return Ok(());
    }
    Err(Failure::new(Exit::Io, "the file changed while it was read; it was not sealed")
        .next("run the command again when nobody writes to it"))
}

fn not_text() -> Failure {
    Failure::new(Exit::Failure, "its path is not UTF-8, which metadata need; it was not sealed")
        .next("rename it, or seal it by itself")
}

fn taken() -> Failure {
    Failure::new(
        Exit::Output,
        "its package is there already and is of another or an older file; it was left as it is",
    )
    .next("remove the old package, or give another folder")
}
