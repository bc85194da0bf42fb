//! `medsec open FOLDER`.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use medsec_crypto::{
    Access, Backend, Checked, Context, Dek, Header, Metadata, NotAuthentic, OpenError, OutputError,
    PendingFile, SignerExpectation, Timestamp, Unlocked, UnlockedRecipients,
};
use zeroize::Zeroizing;

use super::crew::{self, Hands, Publisher, lock};
use super::folders::Folders;
use super::tally::{Tally, Words, check_report_file};
use super::walk::{self, Found, Kind};
use super::{EXTENSION, Keys, OutputFolder, path};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::openers::Fitting;
use crate::report::Folder;
use crate::session::{Interrupt, Session};
use crate::target;

/// What `open` does with a folder.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) signer: SignerExpectation,
    pub(crate) reproduced: &'a Context,
    pub(crate) names: Names,
    pub(crate) existing: Present,
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

/// A package to open.
struct Item {
    /// Place in the listing.
    index: usize,
    len: u64,
    created_at: Timestamp,
    /// Below the output folder on every step.
    path: PathBuf,
    /// So that a key agreement, which takes longer than opening a small package, is done once.
    dek: Mutex<Option<Dek>>,
}

/// One run.
struct Run<'a> {
    plan: &'a Plan<'a>,
    threads: usize,
    interrupt: &'a Interrupt,
    found: &'a [Found],
    tally: &'a Tally<'a>,
    folders: Folders<'a>,
    publisher: Publisher<(usize, u64)>,
}

pub(crate) fn run(session: &Session, plan: &Plan<'_>) -> Result<Folder, Failure> {
    check_report_file(plan.report)?;
    let target = OutputFolder::open(plan.source, plan.target)?;
    let found = packages(plan.source)?;
    let tally = Tally::new(session, &found);
    let threads = session.threads().get();
    let run = Run {
        plan,
        threads,
        interrupt: &session.interrupt,
        found: &found,
        tally: &tally,
        folders: Folders::new(&target.path, Access::Owner),
        publisher: Publisher::new(),
    };
    let items = run.newest();
    crew::each(
        &items,
        threads,
        run.interrupt,
        |item| item.len,
        |item, hands| {
            run.work(item, hands);
        },
    );
    run.publisher.finish(|landing, result| run.landed(landing, result));
    let words =
        Words { done: "opened", skipped: "opened before or superseded", failed: "packages failed" };
    Ok(tally.conclude(session, &words, plan.report))
}

/// The packages of a folder, and what could not be looked at.
pub(super) fn packages(folder: &Path) -> Result<Vec<Found>, Failure> {
    let mut found = walk::list(folder)?;
    let is_package = |path: &Path| path.extension().is_some_and(|end| end == EXTENSION);
    found.retain(|one| is_package(&one.path) || matches!(one.kind, Kind::Unread(_)));
    Ok(found)
}

impl Run<'_> {
    /// Finds out where each package goes. A file that changed was sealed again, beside its older package: of
    /// several for one path the newest counts.
    fn newest(&self) -> Vec<Item> {
        let indices: Vec<usize> = (0..self.found.len()).collect();
        let items = Mutex::new(Vec::with_capacity(indices.len()));
        crew::each(
            &indices,
            self.threads,
            self.interrupt,
            |_| 0,
            |index, _| {
                let Some(one) = self.found.get(*index) else { return };
                let Some(len) = one.kind.file_len() else { return };
                match self.place(&one.path) {
                    Ok((path, dek, created_at)) => {
                        let dek = Mutex::new(Some(dek));
                        lock(&items).push(Item { index: *index, len, created_at, path, dek });
                    }
                    Err(failure) => self.tally.failed(*index, failure),
                }
            },
        );
        let mut items = items.into_inner().unwrap_or_default();
        items.sort_unstable_by(|one, other| {
            let order = one.path.cmp(&other.path);
            order.then(other.created_at.cmp(&one.created_at)).then(one.index.cmp(&other.index))
        });
        self.settle(items)
    }

    /// Keeps the first of each path; of two of the same time neither is the newest.
    fn settle(&self, items: Vec<Item>) -> Vec<Item> {
        let mut kept: Vec<Item> = Vec::with_capacity(items.len());
        let mut tied = Vec::new();
        for item in items {
            match kept.last().filter(|first| first.path == item.path) {
                None => kept.push(item),
                Some(first) if first.created_at > item.created_at => self.tally.skipped(item.len),
                Some(first) => tied.extend([first.index, item.index]),
            }
        }
        tied.sort_unstable();
        tied.dedup();
        tied.iter().for_each(|index| self.tally.failed(*index, tie()));
        kept.retain(|item| tied.binary_search(&item.index).is_err());
        kept.sort_unstable_by_key(|item| item.index);
        kept
    }

    /// The header, compared with what is expected, and the keys that fit it; the file stands behind it.
    fn checked(&self, package: &Path) -> Result<(File, Checked, Fitting), Failure> {
        let mut file = walk::open(self.plan.source, package)?.file;
        let header = Header::read_patiently(&mut file)?;
        let fitting = self.plan.keys.fitting(&header)?;
        let expectation = fitting.expectation(&self.plan.signer, self.plan.reproduced);
        Ok((file, header.check(expectation)?, fitting))
    }

    fn place(&self, package: &Path) -> Result<(PathBuf, Dek, Timestamp), Failure> {
        let (file, checked, fitting) = self.checked(package)?;
        let unlocked = checked.unlock_with(&fitting.identities())?;
        let metadata = match self.plan.names {
            Names::Opaque => None,
            Names::Restored => unlocked.read_metadata(file)?,
        };
        let path = path_of(&unlocked, metadata.as_ref())?;
        let created_at = unlocked.header().core().created_at;
        let unlocked = UnlockedRecipients::from(unlocked);
        let mut copy = Zeroizing::new(*unlocked.dek().expose_secret());
        let dek = Dek::take_from(copy.as_mut_slice()).map_err(|_| NotAuthentic)?;
        Ok((path, dek, created_at))
    }

    fn work(&self, item: &Item, hands: Hands) {
        let Some(found) = self.found.get(item.index) else { return };
        let dek = lock(&item.dek).take();
        if let Err(failure) = self.open(item, dek, &found.path, hands) {
            self.tally.failed(item.index, failure);
        }
    }

    fn open(
        &self,
        item: &Item,
        dek: Option<Dek>,
        package: &Path,
        hands: Hands,
    ) -> Result<(), Failure> {
        let (file, checked, _) = self.checked(package)?;
        let unlocked = checked.unlock(dek.ok_or(NotAuthentic)?)?;
        let path = &item.path;
        let stop = crew::Stop(self.interrupt);
        let execution = crew::execution(hands, self.threads, &stop);
        let target = self.plan.target.join(path);
        let changed = self.folders.prepare(path);
        self.publisher.add_folders(
            &changed.map_err(|error| Failure::io("a folder could not be made", &error))?,
        );
        if self.plan.existing == Present::Compare && target.symlink_metadata().is_ok() {
            self.compare(&unlocked, file, &target)?;
            self.tally.skipped(item.len);
            return Ok(());
        }
        let pending = PendingFile::create(&target, target::options(Access::Owner));
        let pending = pending.map_err(OpenError::Output)?;
        let (opened, pending) = unlocked.open_to_pending(file, pending, &execution)?;
        let metadata = opened.metadata.as_ref().filter(|_| self.plan.names == Names::Restored);
        if path_of(&unlocked, metadata)? != *path {
            return Err(changed_meanwhile());
        }
        let landing = (item.index, opened.plain_len);
        self.publisher.add(pending, opened.plain_len, landing, |landing, result| {
            self.landed(landing, result);
        });
        Ok(())
    }

    /// Whether the output is what the package holds. Nothing of the package leaves memory before it is
    /// verified.
    fn compare(&self, unlocked: &Unlocked, file: File, target: &Path) -> Result<(), Failure> {
        let folder = target.parent().unwrap_or(Path::new("."));
        let name = target.file_name().map_or(target, Path::new);
        let present = walk::open(folder, name)?.file;
        let mut content = unlocked.danger_release_unverified(file, Backend::default())?;
        let same = same_content(&mut content, present, self.interrupt)?;
        if same && content.finish().is_ok() {
            return Ok(());
        }
        Err(Failure::from(OutputError::Exists))
    }

    fn landed(&self, (index, len): (usize, u64), result: Result<(), OutputError>) {
        match result {
            Ok(()) => self.tally.done(len),
            Err(error) => self.tally.failed(index, error.into()),
        }
    }
}

/// Where the content goes: as the metadata say, or, if they say nothing, after the package's identifier.
fn path_of(unlocked: &Unlocked, metadata: Option<&Metadata>) -> Result<PathBuf, Failure> {
    let Some(text) = metadata.and_then(|data| data.file_name.as_deref()) else {
        return Ok(PathBuf::from(unlocked.header().core().package_id.to_string()));
    };
    path::from_text(text).ok_or_else(|| {
        Failure::new(Exit::Output, "its path leads out of the folder; it was not opened")
            .next("--opaque-names opens it under its identifier; ask who sealed it")
    })
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

fn same_content(
    content: &mut impl Read,
    present: File,
    interrupt: &Interrupt,
) -> Result<bool, Failure> {
    let failed = |error: io::Error| match error.downcast::<OpenError>() {
        Ok(error) => error.into(),
        Err(error) => Failure::io("the output could not be compared", &error),
    };
    let mut present = BufReader::with_capacity(256 * 1024, present);
    let mut buffer = Zeroizing::new(vec![0; 64 * 1024]);
    let mut other = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        if interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let read = content.read(&mut buffer).map_err(failed)?;
        if read == 0 {
            return Ok(present.read(&mut other).map_err(failed)? == 0);
        }
        let part = other.get_mut(..read).unwrap_or_default();
        match present.read_exact(part) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            result => result.map_err(failed)?,
        }
        if buffer.get(..read) != other.get(..read) {
            return Ok(false);
        }
    }
}
