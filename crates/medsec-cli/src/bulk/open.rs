//! `medsec open FOLDER`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec::{OpenWish, Parked, ReleaseError};
use medsec_crypto::{
    Access, Header, HeaderHash, OpenError, Opened, OutputError, PackageId, PendingFile,
    SignerExpectation, Timestamp,
};

use super::crew::{self, Hands, Publisher, lock};
use super::folders::Folders;
use super::listed::{self, Listed};
use super::lock::{OutputFolder, shared};
use super::package::{Looked, MadeOf, Reader};
use super::report_file::ReportFile;
use super::same::same_content;
use super::tally::{NO_PACKAGE, Place, Tally, Words};
use super::walk::{self, Found, Kind};
use super::{EXTENSION, path};
use crate::custody::Custody;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Folder;
use crate::session::{Interrupt, Session};
use crate::{target, text};

/// What `open` does with a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) custody: &'a Custody,
    pub(crate) wish: &'a OpenWish,
    pub(crate) names: Names,
    pub(crate) existing: Present,
    pub(crate) manifest: Manifests,
    pub(crate) source: &'a Path,
    pub(crate) target: &'a Path,
    pub(crate) report: Option<&'a Path>,
}

/// What files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// As their metadata say; after the package's identifier where they say nothing.
    Restored,
    /// After the packages' identifiers.
    Opaque,
}

/// What to do with an output that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Present {
    /// The file fails.
    Refuse,
    /// It is compared with the package's content, and skipped if it is the same.
    Compare,
}

/// What the folder's manifest decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manifests {
    /// What it lists must be there, and nothing else is opened.
    Heeded,
    /// Nothing.
    Ignored,
}

/// A package to open.
struct Item {
    /// Place in the listing.
    index: usize,
    len: u64,
    id: (PackageId, HeaderHash),
    created_at: Timestamp,
    /// What it was made of, as it says; of packages that say the same the newest counts.
    name: PathBuf,
    /// Below the output folder on every step.
    path: PathBuf,
    parked: Mutex<Option<Parked>>,
}

/// One run.
struct Run<'a> {
    plan: &'a Plan<'a>,
    threads: usize,
    interrupt: &'a Interrupt,
    found: &'a [Found],
    tally: &'a Tally<'a>,
    reader: &'a Reader<'a>,
    listed: Option<Listed>,
    folders: Folders<'a>,
    publisher: Publisher<(usize, u64)>,
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    let report = ReportFile::create(plan.report)?;
    let target = OutputFolder::open(session, plan.source, plan.target)?;
    let _writers_wait = shared(plan.source)?;
    let listed = match (&plan.wish.signer, plan.manifest) {
        (SignerExpectation::OneOf(signers), Manifests::Heeded) => {
            Listed::read(plan.source, signers)?
        }
        _ => None,
    };
    let found = packages(plan.source)?;
    let tally = Tally::new(session, &found);
    let reader =
        Reader { folder: plan.source, custody: plan.custody, wish: plan.wish, names: None };
    let run = Run {
        plan,
        threads: session.threads().get(),
        interrupt: &session.interrupt,
        found: &found,
        tally: &tally,
        reader: &reader,
        listed,
        folders: Folders::new(&target.path, Access::Owner),
        publisher: Publisher::new(),
    };
    run.open_all();
    let listed = run.listed.as_ref().map(Listed::len);
    let words = Words {
        done: "opened",
        skipped: "opened before or superseded",
        failed: ["failure", "failures"],
        nothing: NO_PACKAGE,
    };
    let mut folder = tally.conclude(session, &words, report);
    folder.report =
        folder.report.field("manifest", listed.map(|n| serde_json::json!({ "packages": n })));
    Ok(folder)
}

/// The packages of a folder, and what could not be looked at.
pub(super) fn packages(folder: &Path) -> Result<Vec<Found>, Failure> {
    let mut found = walk::list(folder)?;
    let is_package = |path: &Path| path.extension().is_some_and(|end| end == EXTENSION);
    found.retain(|one| match one.kind {
        Kind::Unread(_) => true,
        Kind::EmptyFolder => false,
        _ => is_package(&one.path),
    });
    Ok(found)
}

impl Run<'_> {
    fn open_all(&self) {
        let items = self.newest();
        if let Some(listed) = &self.listed
            && !self.interrupt.is_set()
        {
            for (at, path) in listed.missing() {
                self.tally.found(Place::of_entry(at, &path), &path, "missing", listed::missing());
            }
        }
        let work = |item: &Item, hands| self.work(item, hands);
        crew::each(&items, self.threads, self.interrupt, |item| item.len, work);
        // What an interruption has kept from being opened.
        self.close(items.iter().filter_map(|item| lock(&item.parked).take()).collect());
        if let Err(failure) = self.publisher.finish(|landing, result| self.landed(landing, result))
        {
            self.tally.folder_failed(failure);
        }
    }

    /// Finds out where each package goes. A file that changed was sealed again, beside its older package: of
    /// several for one path the newest counts.
    fn newest(&self) -> Vec<Item> {
        let indices: Vec<usize> = (0..self.found.len()).collect();
        let items = Mutex::new(Vec::with_capacity(indices.len()));
        let look = |run: &[&usize], _| self.look(run, &items);
        crew::each_run(&indices, self.threads, self.interrupt, |_| 0, look);
        let mut items = items.into_inner().unwrap_or_default();
        items.sort_unstable_by(|one, other| {
            let order = one.name.cmp(&other.name);
            order.then(other.created_at.cmp(&one.created_at)).then(one.index.cmp(&other.index))
        });
        self.settle(items)
    }

    /// Looks at some of the packages, and adds what is to be opened.
    fn look(&self, run: &[&usize], items: &Mutex<Vec<Item>>) {
        let mut places = Vec::with_capacity(run.len());
        let mut packages = Vec::with_capacity(run.len());
        for index in run.iter().copied() {
            let Some(one) = self.found.get(*index) else { continue };
            let Some(len) = one.kind.file_len() else { continue };
            match self.header(&one.path) {
                Ok(package) => {
                    places.push((*index, len));
                    packages.push(package);
                }
                Err(failure) => self.tally.failed(*index, failure),
            }
        }
        let judged = |failure| match self.listed {
            Some(_) => listed::judged(failure),
            None => failure,
        };
        for ((index, len), looked) in places.into_iter().zip(self.reader.look_all(packages)) {
            match looked.map_err(judged).and_then(|looked| self.item(index, len, looked)) {
                Ok(item) => lock(items).push(item),
                Err(failure) => self.tally.failed(index, failure),
            }
        }
    }

    /// A package's header, if the manifest lists it.
    fn header(&self, package: &Path) -> Result<(std::fs::File, Header), Failure> {
        let header = self.reader.header_to_open(package);
        let Some(listed) = &self.listed else { return header };
        let (file, header) = header.map_err(|failure| listed.unfit(package, failure))?;
        listed.admit(&header)?;
        Ok((file, header))
    }

    /// Where its content goes: as the metadata say, or, if they say nothing or a name that hides, after the
    /// package's identifier.
    fn item(&self, index: usize, len: u64, looked: Looked) -> Result<Item, Failure> {
        let Looked { id, created_at, made_of, parked } = looked;
        let name = match made_of {
            MadeOf::Named(name) if self.plan.names == Names::Restored => Some(name),
            _ => None,
        };
        let opaque = || PathBuf::from(id.0.to_string());
        let name = name.map(|name| fit_path(&name)).transpose()?.unwrap_or_else(opaque);
        let path = if is_hidden(&name) { opaque() } else { name.clone() };
        Ok(Item { index, len, id, created_at, name, path, parked: Mutex::new(parked) })
    }

    /// Keeps the first of each name; of two of the same time neither is the newest, unless they are copies of
    /// each other.
    fn settle(&self, items: Vec<Item>) -> Vec<Item> {
        let mut kept: Vec<Item> = Vec::with_capacity(items.len());
        let (mut tied, mut unneeded) = (Vec::new(), Vec::new());
        for item in items {
            match kept.last().filter(|first| first.name == item.name) {
                None => kept.push(item),
                Some(first) if first.created_at > item.created_at || first.id == item.id => {
                    self.tally.skipped(item.len);
                    unneeded.extend(lock(&item.parked).take());
                }
                Some(first) => tied.extend([first.index, item.index]),
            }
        }
        self.close(unneeded);
        tied.sort_unstable();
        tied.dedup();
        tied.iter().for_each(|index| self.tally.failed(*index, tie()));
        kept.retain(|item| tied.binary_search(&item.index).is_err());
        kept.sort_unstable_by_key(|item| item.index);
        kept
    }

    /// Ends grants of which nothing but the metadata was needed.
    fn close(&self, parked: Vec<Parked>) {
        if let Err(error) = Parked::close_all(parked) {
            self.tally.folder_failed(error.into());
        }
    }

    fn work(&self, item: &Item, hands: Hands) {
        let Some(found) = self.found.get(item.index) else { return };
        if let Err(failure) = self.open(item, &found.path, hands) {
            self.tally.failed(item.index, failure);
        }
    }

    fn open(&self, item: &Item, package: &Path, hands: Hands) -> Result<(), Failure> {
        let judged = |failure| match self.listed {
            Some(_) => listed::judged(failure),
            None => failure,
        };
        let parked = lock(&item.parked).take().ok_or_else(changed_meanwhile)?;
        let (file, grant) = self.reader.open(package, parked).map_err(judged)?;
        let header = grant.header().clone();
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let target = self.plan.target.join(&item.path);
        let changed = |folder: &Path| self.publisher.add_folder(folder);
        let made = self.folders.prepare(&item.path, changed);
        made.map_err(|error| Failure::io("a folder could not be made", &error))?;
        if self.plan.existing == Present::Compare && target.symlink_metadata().is_ok() {
            let mut present = open_output(&target)?.file;
            let same = same_content(grant, file, &mut present, &execution).map_err(judged)?;
            let opened = same.ok_or(OutputError::Exists)?;
            self.check(item, &header, &opened)?;
            self.publisher.add_present(self.plan.target, &item.path);
            self.tally.skipped(item.len);
            return Ok(());
        }
        let pending = PendingFile::create(&target, target::options(Access::Owner));
        let pending = pending.map_err(OpenError::Output)?;
        let opened = grant.open_to_release(file, pending, &execution);
        let (opened, release) = opened.map_err(|error| judged(error.into()))?;
        self.check(item, &header, &opened)?;
        let landing = (item.index, opened.plain_len);
        self.publisher.add(release, landing, |landing, result| self.landed(landing, result));
        Ok(())
    }

    /// Whether the package that was read to its end is the one that was looked at, and as listed.
    fn check(&self, item: &Item, header: &Header, opened: &Opened) -> Result<(), Failure> {
        if (header.core().package_id, header.hash()) != item.id {
            return Err(changed_meanwhile());
        }
        if self.plan.names == Names::Restored {
            let name = opened.metadata.as_ref().and_then(|data| data.file_name.as_deref());
            let opaque = || PathBuf::from(item.id.0.to_string());
            if name.map(fit_path).transpose()?.unwrap_or_else(opaque) != item.name {
                return Err(changed_meanwhile());
            }
        }
        self.listed.as_ref().map_or(Ok(()), |listed| listed.check(header, opened))
    }

    fn landed(&self, (index, len): (usize, u64), result: Result<(), ReleaseError>) {
        match result {
            Ok(()) => self.tally.done(len),
            Err(error) => self.tally.failed(index, error.into()),
        }
    }
}

/// The path that the metadata say.
fn fit_path(name: &str) -> Result<PathBuf, Failure> {
    let refused = |message| {
        Failure::new(Exit::Output, message)
            .next("--opaque-names opens it under its identifier; ask who sealed it")
    };
    if name.split('/').any(|part| part.contains(text::deceives)) {
        return Err(refused("its path holds characters that deceive; it was not opened"));
    }
    path::from_text(name)
        .ok_or_else(|| refused("its path leads out of the folder; it was not opened"))
}

/// Whether a step of a path starts with a dot: such files are not listed, and some programs obey them.
fn is_hidden(path: &Path) -> bool {
    path.iter().any(|part| part.as_encoded_bytes().starts_with(b"."))
}

/// A file that is there already; never through a link.
fn open_output(target: &Path) -> Result<walk::Opened, Failure> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let name = target.file_name().map_or(target, Path::new);
    walk::open(folder, name)
}

fn tie() -> Failure {
    Failure::new(
        Exit::Output,
        "packages of the same time have the same path; none of them was opened",
    )
    .next("open them one by one, or give --opaque-names")
}

fn changed_meanwhile() -> Failure {
    Failure::new(Exit::Io, "the package was replaced while it was read; it was not opened")
        .next("run the command again")
}
