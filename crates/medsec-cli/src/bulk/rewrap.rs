//! `medsec rewrap` for many packages: they are changed in parallel, and become durable in groups. What has its new
//! recipients is left alone, so that an interrupted run is simply repeated.
//!
//! Packages go in batches: those that need no data key are put on record together, and the key service is asked for all
//! of them in one call. The others follow one by one.

mod finisher;
mod pace;
mod packages;

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use medsec::{Confirmed, NewList, RewrapGrant};
use medsec_crypto::{Header, StartedRewrap};

use self::finisher::{Finisher, Waiting};
use self::pace::Pace;
pub(crate) use self::packages::{ListOption, Packages};
use super::crew::{self, Hands};
use super::report_file::ReportFile;
use super::tally::{NO_PACKAGE, Place, Tally, Words};
use super::walk::{self, Opened};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Folder, Report};
use crate::session::{Interrupt, Session};
use crate::units;

/// How many packages go at a time, and how fast.
#[derive(Clone, Debug, Args)]
pub(crate) struct PaceOption {
    /// At most so many packages a second, over all threads.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Data keys that a key service is asked to wrap anew together, 1 to 256: less for servers that take less. To Vault and
    /// OpenBao at most 128 go in one request; AWS KMS takes one at a time in any case.
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) batch: u16,
}

/// Packages that are put on record together.
const TOGETHER: usize = 256;

/// What became of one package.
#[derive(Debug)]
pub(crate) enum Rewrap {
    /// It has new recipients.
    Done,
    /// It has them when they are durable and confirmed.
    Started(Box<(StartedRewrap, RewrapGrant)>),
    /// It had exactly the recipients that are wanted.
    NotNeeded,
}

/// What a look at a package's header shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It has exactly the recipients that are wanted, as far as that shows without a key.
    AsWanted,
    /// The key service can wrap its data key anew by itself.
    Unseen,
    /// Its data key is needed.
    WithDataKey,
}

/// What packages are to be changed to.
pub(crate) trait Work: Sync {
    /// How to go about a package. Nothing is asked for.
    fn look(&self, header: &Header) -> Look;

    /// Asks for all of them at once, without their data keys. What is refused is on record.
    fn grant_unseen(&self, headers: Vec<Header>) -> Vec<Result<(RewrapGrant, NewList), Failure>>;

    /// Changes the package at this path, for which that was granted.
    fn apply(&self, path: &Path, granted: (RewrapGrant, NewList)) -> Result<Rewrap, Failure>;

    /// Looks at the package at this path, opened and never through a link, and changes it with its data key if need
    /// be.
    fn rewrap(&self, path: &Path, file: File) -> Result<Rewrap, Failure>;

    /// Tries the new recipients.
    fn confirm(&self, grant: &RewrapGrant, header: &Header) -> Confirmed;

    /// What the command line asked for in vain, once all packages are done.
    fn slip(&self) -> Option<Failure>;
}

/// One run.
struct Run<'a, W> {
    packages: &'a Packages,
    work: &'a W,
    tally: &'a Tally<'a>,
    finisher: Finisher<'a, W>,
    counts: &'a Counts,
    pacer: Option<Pace>,
    interrupt: &'a Interrupt,
}

/// Packages of one batch that are to be changed.
#[derive(Default)]
struct Sorted {
    unseen: Vec<(Waiting, PathBuf)>,
    headers: Vec<Header>,
    others: Vec<(Waiting, PathBuf)>,
}

/// How packages came to their recipients.
#[derive(Debug, Default)]
struct Counts {
    unseen: AtomicU64,
    with_data_key: AtomicU64,
}

/// Rewraps all packages.
pub(crate) fn run(
    session: &Session,
    packages: &Packages,
    pace: &PaceOption,
    report: Option<&Path>,
    work: &impl Work,
) -> Result<Folder, Failure> {
    let report = ReportFile::create(report)?;
    packages.sweep();
    let tally = Tally::new(session, packages.found());
    let counts = Counts::default();
    let finisher = Finisher::new(work, &tally, &counts);
    let (threads, interrupt) = (session.threads(), &session.interrupt);
    let pacer = pace.rate.map(Pace::new);
    let run = Run { packages, work, tally: &tally, finisher, counts: &counts, pacer, interrupt };
    let indices: Vec<usize> = (0..packages.found().len()).collect();
    let runs: Vec<&[usize]> = indices.chunks(pace.together(indices.len(), threads)).collect();
    let one = |indices: &&[usize], _: Hands| run.rewrap(indices);
    crew::each(&runs, threads.get(), interrupt, |_| 0, one);
    run.finisher.finish();
    if tally.is_clean()
        && !interrupt.is_set()
        && let Some(failure) = work.slip()
    {
        tally.found(Place::CommandLine, Path::new(""), "failed", failure);
    }
    let words = Words {
        done: "rewrapped",
        skipped: "had these recipients already",
        failed: ["failure", "failures"],
        nothing: NO_PACKAGE,
    };
    let reasons = tally.reasons();
    let mut folder = tally.conclude(session, &words, report);
    folder.report = counts.describe(folder.report);
    folder.report = describe_reasons(folder.report, &reasons);
    Ok(folder)
}

impl PaceOption {
    /// Data keys that a key service is asked for in one call.
    pub(crate) fn in_one_call(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.batch.into()).unwrap_or(NonZeroUsize::MIN)
    }

    /// Packages in one batch: few are shared out among the threads, and with a rate so that it shows within a second.
    fn together(&self, count: usize, threads: NonZeroUsize) -> usize {
        let most = TOGETHER.min(count.div_ceil(threads.get()));
        let paced =
            self.rate.map_or(most, |rate| usize::try_from(rate.div_ceil(4)).unwrap_or(most));
        most.min(paced).max(1)
    }
}

impl<W: Work> Run<'_, W> {
    /// One batch. What needs no change is found first, and costs nothing of the rate.
    fn rewrap(&self, indices: &[usize]) {
        let Sorted { unseen, headers, others } = self.sort(indices);
        if !self.may(unseen.len().saturating_add(others.len())) {
            return;
        }
        if !headers.is_empty() {
            let granted = self.work.grant_unseen(headers);
            for ((waiting, path), granted) in unseen.into_iter().zip(granted) {
                let done = granted.and_then(|granted| self.work.apply(&path, granted));
                self.conclude(waiting, done, &self.counts.unseen);
            }
        }
        for (waiting, path) in others {
            let Some((_, opened)) = self.open(waiting.0) else { continue };
            let done = self.work.rewrap(&path, opened.file);
            self.conclude(waiting, done, &self.counts.with_data_key);
        }
    }

    fn sort(&self, indices: &[usize]) -> Sorted {
        let mut sorted = Sorted::default();
        for &index in indices {
            let Some((path, Opened { mut file, len, .. })) = self.open(index) else { continue };
            let header = Header::read_patiently(&mut file);
            match header.map(|header| (self.work.look(&header), header)) {
                Ok((Look::AsWanted, _)) => self.tally.skipped(len),
                Ok((Look::Unseen, header)) => {
                    sorted.headers.push(header);
                    sorted.unseen.push(((index, len), path));
                }
                // That a header cannot be read is put on record too.
                Ok((Look::WithDataKey, _)) | Err(_) => sorted.others.push(((index, len), path)),
            }
        }
        sorted
    }

    /// Waits until so many may be changed; `false` if that was interrupted.
    fn may(&self, count: usize) -> bool {
        let pacer = self.pacer.as_ref().filter(|_| count > 0);
        pacer.is_none_or(|pace| pace.wait(count, self.interrupt))
    }

    /// What was listed as a regular file and is one still.
    fn open(&self, index: usize) -> Option<(PathBuf, Opened)> {
        let one = self.packages.found().get(index)?;
        one.kind.file_len()?;
        match walk::open(self.packages.root(), &one.path) {
            Ok(opened) => Some((self.packages.root().join(&one.path), opened)),
            Err(failure) => {
                self.tally.failed(index, failure);
                None
            }
        }
    }

    fn conclude(&self, waiting: Waiting, done: Result<Rewrap, Failure>, way: &AtomicU64) {
        match done {
            Ok(Rewrap::Done) => {
                way.fetch_add(1, Ordering::Relaxed);
                self.tally.done(waiting.1);
            }
            Ok(Rewrap::NotNeeded) => self.tally.skipped(waiting.1),
            Ok(Rewrap::Started(started)) => {
                let (rewrap, grant) = *started;
                self.finisher.add(rewrap, grant, waiting);
            }
            Err(failure) => self.tally.failed(waiting.0, failure),
        }
    }
}

impl Counts {
    fn add(&self, grant_is_unseen: bool) {
        let way = if grant_is_unseen { &self.unseen } else { &self.with_data_key };
        way.fetch_add(1, Ordering::Relaxed);
    }

    fn describe(&self, report: Report) -> Report {
        let unseen = self.unseen.load(Ordering::Relaxed);
        let with = self.with_data_key.load(Ordering::Relaxed);
        let mut report = report.field("unseen", unseen).field("with_data_key", with);
        if unseen > 0 {
            report = report.line(format!("  {unseen} without their data keys, {with} with them"));
        }
        report
    }
}

/// Why packages were not done, each reason with how often; what the policy or a key service refused counts apart.
fn describe_reasons(mut report: Report, reasons: &[(Exit, String, u64)]) -> Report {
    let is_refusal = |exit: Exit| matches!(exit, Exit::Denied | Exit::Key | Exit::Session);
    let refused = reasons.iter().filter(|(exit, _, _)| is_refusal(*exit));
    let refused: u64 = refused.map(|(_, _, count)| count).sum();
    report = report.field("refused", refused);
    let all: u64 = reasons.iter().map(|(_, _, count)| count).sum();
    for (_, message, count) in reasons.iter().filter(|_| all > 1) {
        report = report
            .line(format!("  {}: {message}", units::counted(*count, ["failure", "failures"])));
    }
    let value = |(exit, message, count): &(Exit, String, u64)| serde_json::json!({ "code": exit.name(), "message": message, "count": count });
    report.field("reasons", reasons.iter().map(value).collect::<Vec<_>>())
}
