//! `medsec seal FOLDER`.

mod again;
mod listing;

use std::fs::File;
use std::io::Seek as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use medsec::{Aim, OpenWish, ReleaseError, SealGrant, SealRequest, Unbound};
use medsec_crypto::{
    Access, ManifestEntry, Metadata, OutputError, PackageId, PackageName, PackageSpec, PendingFile,
    SealError, SignerExpectation, VerifyingKey,
};

use self::again::time_after;
use self::listing::{describe_manifest, open_ledger, write_manifest};
use super::crew::{self, Hands, Publisher};
use super::done::{Earlier, with_extension};
use super::folders::Folders;
use super::lock::OutputFolder;
use super::manifest::{Ledger, name_of};
use super::package::Reader;
use super::report_file::ReportFile;
use super::tally::{Tally, Words};
use super::walk::{self, Found};
use super::{EXTENSION, Keys, path};
use crate::custody::{Custody, as_recipients};
use crate::describe::{add_identifiers, describe};
use crate::exit::Exit;
use crate::expectation::limits;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::{Interrupt, Session};
use crate::target;

/// What `seal` does with a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) custody: &'a Custody,
    pub(crate) keys: &'a Keys,
    /// Without metadata: each package gets its own.
    pub(crate) spec: &'a PackageSpec,
    pub(crate) described: Described,
    pub(crate) names: Names,
    /// Whose packages and manifest are gone on from, if this run signs.
    pub(crate) signers: &'a [VerifyingKey],
    /// Where the newest manifest seen so far is remembered.
    pub(crate) seen: Option<&'a Path>,
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

/// Bytes in the name of a package that is called after its identifier.
const OPAQUE_NAME_LEN: usize = 2 * PackageId::LEN + 1 + EXTENSION.len();

/// One run.
struct Run<'a> {
    plan: &'a Plan<'a>,
    threads: usize,
    interrupt: &'a Interrupt,
    found: &'a [Found],
    tally: &'a Tally<'a>,
    reader: &'a Reader<'a>,
    earlier: Earlier,
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
    let report = ReportFile::create(plan.report)?;
    let target = OutputFolder::open(session, plan.source, plan.target)?;
    let ledger = open_ledger(plan, &target.path)?;
    let found = walk::list(plan.source)?;
    let tally = Tally::new(session, &found);
    seal_all(session, plan, &found, &tally, ledger.as_ref())?;
    let written = ledger.map(|ledger| write_manifest(plan, ledger, &tally));
    let words = Words {
        done: "sealed",
        skipped: "sealed before",
        failed: ["failure", "failures"],
        nothing: "there was no file in the folder",
    };
    let mut folder = tally.conclude(session, &words, report);
    if let Some(Some(written)) = &written {
        folder.report = describe_manifest(folder.report, written);
    }
    Ok(folder)
}

fn seal_all(
    session: &Session,
    plan: &Plan<'_>,
    found: &[Found],
    tally: &Tally<'_>,
    ledger: Option<&Ledger>,
) -> Result<(), Failure> {
    let threads = session.threads().get();
    let interrupt = &session.interrupt;
    let wish = OpenWish {
        aim: Aim::Verification,
        purpose: plan.custody.purpose(),
        signer: match ledger {
            Some(_) => SignerExpectation::OneOf(plan.signers.to_vec()),
            None => SignerExpectation::NotRequired,
        },
        reproduced: plan.spec.reproduced.clone(),
        limits: limits(),
        patient: None,
        unbound: Unbound::Accepted,
        filed_under: session.settings()?.dataset.value.clone(),
    };
    let names = found.iter().filter_map(|one| path::to_text(&one.path)).collect();
    let names = Some(&names);
    let reader = Reader { folder: plan.target, custody: plan.custody, wish: &wish, names };
    let mut run = Run {
        plan,
        threads,
        interrupt,
        found,
        tally,
        earlier: Earlier::read(&reader, found, threads, interrupt, tally)?,
        reader: &reader,
        folders: Folders::new(plan.target, Access::Umask),
        publisher: Publisher::new(),
        ledger,
    };
    let room = run.check_room();
    if room.is_ok() {
        let files: Vec<usize> = (0..found.len()).filter(|index| is_file(found, *index)).collect();
        let len =
            |index: &usize| found.get(*index).and_then(|one| one.kind.file_len()).unwrap_or(0);
        crew::each_run(&files, threads, interrupt, len, |indices, hands| run.work(indices, hands));
    }
    if let Err(failure) = run.earlier.close() {
        tally.folder_failed(failure);
    }
    room?;
    if let Err(failure) = run.publisher.finish(|landing, result| run.landed(landing, result)) {
        tally.folder_failed(failure);
    }
    Ok(())
}

fn is_file(found: &[Found], index: usize) -> bool {
    found.get(index).is_some_and(|one| one.kind.file_len().is_some())
}

/// A file that is to be sealed.
struct Waiting<'a> {
    index: usize,
    path: &'a Path,
    source: walk::Opened,
}

impl<'a> Run<'a> {
    /// Whether the manifest can list what is to be sealed.
    fn check_room(&self) -> Result<(), Failure> {
        let Some(ledger) = self.ledger else { return Ok(()) };
        let mut room = ledger.room();
        for one in self.found {
            let (Some(len), Some(name)) = (one.kind.file_len(), path::to_text(&one.path)) else {
                continue;
            };
            if self.earlier.newest(&name).is_none() {
                let name_len = match self.plan.names {
                    Names::Opaque => OPAQUE_NAME_LEN,
                    Names::Kept => with_extension(&one.path).as_os_str().len(),
                };
                room.take_sealed(name_len, len).map_err(|error| {
                    let failure = Failure::from(error);
                    let message = format!("{}; nothing was sealed", failure.message);
                    Failure { message, ..failure }
                })?;
            }
        }
        Ok(())
    }

    /// Seals some files; the grants for all of them are recorded together.
    fn work(&self, indices: &[&usize], hands: Hands) {
        let (mut waiting, mut requests) = (Vec::with_capacity(indices.len()), Vec::new());
        for index in indices.iter().map(|index| **index) {
            let Some(found) = self.found.get(index) else { continue };
            match self.prepare(index, &found.path, hands) {
                Ok(Some((one, request))) => {
                    waiting.push(one);
                    requests.push(request);
                }
                Ok(None) => {}
                Err(failure) => self.tally.failed(index, failure),
            }
        }
        if requests.is_empty() || self.interrupt.is_set() {
            return;
        }
        let recipients = as_recipients(&self.plan.keys.recipients);
        let keys: Vec<_> = self.plan.keys.keys.iter().collect();
        let wish = self.plan.keys.wish(self.plan.custody, &keys, &recipients);
        let granted = self.plan.custody.seal_all(requests, &wish);
        for (one, granted) in waiting.into_iter().zip(granted) {
            let index = one.index;
            if let Err(failure) = granted.and_then(|grant| self.seal(one, grant, hands)) {
                self.tally.failed(index, failure);
            }
        }
    }

    /// What a file is to become, unless its package is there already.
    fn prepare(
        &self,
        index: usize,
        path: &'a Path,
        hands: Hands,
    ) -> Result<Option<(Waiting<'a>, SealRequest)>, Failure> {
        let name = path::to_text(path).ok_or_else(not_text)?;
        let mut source = walk::open(self.plan.source, path)?;
        let known = self.earlier.newest(&name);
        if let Some(known) = known {
            if self.is_done(known, &name, &mut source, hands)? {
                self.tally.skipped(source.len);
                return Ok(None);
            }
            let rewound = source.file.rewind();
            rewound.map_err(|error| Failure::io("the file cannot be read", &error))?;
        }
        let mut spec = self.plan.spec.clone();
        if self.plan.described == Described::Yes {
            let metadata = spec.metadata.insert(Metadata::new());
            describe(metadata, Some(&name), source.len);
            add_identifiers(&mut spec, &mut source.file)?;
        }
        let (created_at, content_len) = (time_after(known), Some(source.len));
        let request = SealRequest { spec, created_at, content_len };
        Ok(Some((Waiting { index, path, source }, request)))
    }

    fn seal(&self, one: Waiting<'_>, grant: SealGrant, hands: Hands) -> Result<(), Failure> {
        let Waiting { index, path, source } = one;
        let walk::Opened { file, len, modified } = source;
        let target = match self.plan.names {
            Names::Opaque => PathBuf::from(format!("{}.{EXTENSION}", grant.package_id())),
            Names::Kept => self.kept(path)?,
        };
        let listed = self.listed_name(&target, len)?;
        let pending = self.create(&target)?;
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let (sealed, release) = grant.seal_to_release(&file, pending, &execution)?;
        check_unchanged(&file, len, modified)?;
        let entry = listed.map(|name| ManifestEntry::of_sealed(name, &sealed)).transpose()?;
        let landing = Landing { index, len, entry };
        self.publisher.add(release, landing, |landing, result| self.landed(landing, result));
        Ok(())
    }

    fn create(&self, target: &Path) -> Result<PendingFile, Failure> {
        let options = target::options(Access::Umask);
        PendingFile::create(&self.plan.target.join(target), options).map_err(|error| match error {
            OutputError::Exists if self.plan.names == Names::Kept => taken(),
            error => SealError::Output(error).into(),
        })
    }

    fn kept(&self, path: &Path) -> Result<PathBuf, Failure> {
        let changed = |folder: &Path| self.publisher.add_folder(folder);
        let made = self.folders.prepare(path, changed);
        made.map_err(|error| Failure::io("a folder could not be made", &error))?;
        Ok(with_extension(path))
    }

    /// What the manifest will call a package, which it has room for.
    fn listed_name(&self, path: &Path, len: u64) -> Result<Option<PackageName>, Failure> {
        let Some(ledger) = self.ledger else {
            return Ok(None);
        };
        let name = name_of(path).ok_or_else(|| {
            Failure::new(Exit::Failure, "its path cannot stand in a manifest; it was not sealed")
                .next("rename it, or leave --keep-names away")
        })?;
        ledger.reserve(&name, len)?;
        Ok(Some(name))
    }

    fn landed(&self, landing: Landing, result: Result<(), ReleaseError>) {
        // Of a name that is not durable yet the manifest may speak: the package is complete.
        let is_there =
            matches!(result, Ok(()) | Err(ReleaseError::Output(OutputError::NameNotDurable(_))));
        if let (true, Some((ledger, entry))) = (is_there, self.ledger.zip(landing.entry)) {
            ledger.add_sealed(entry);
        }
        match result {
            Ok(()) => self.tally.done(landing.len),
            Err(error) => self.tally.failed(landing.index, error.into()),
        }
    }
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
        "a package is there already under its name and is not of this file as it is; it was left as it is",
    )
    .next("remove the old package, or give another folder")
}
