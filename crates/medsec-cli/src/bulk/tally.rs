//! What became of the files of a folder: counted, told by number, and by path in the report file only.

use std::cmp::Reverse;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::crew::lock;
use super::done::is_opaque;
use super::report_file::ReportFile;
use super::walk::{Found, Kind};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::FolderBar;
use crate::report::{Folder, Report};
use crate::session::Session;
use crate::units;

/// So many failures are printed; the report file holds all.
const SHOWN: usize = 20;

/// Counts while the work goes on.
pub(super) struct Tally<'a> {
    found: &'a [Found],
    begun: Instant,
    bar: FolderBar,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    done: u64,
    skipped: u64,
    bytes: u64,
    /// Bytes of all that is done, now or before.
    passed: u64,
    troubles: Vec<Trouble>,
}

/// A file that is not done.
struct Trouble {
    place: Place,
    /// For the report file only.
    path: PathBuf,
    /// A word for it.
    outcome: &'static str,
    failure: Failure,
}

/// How a file is called in what is printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The manifest itself.
    Manifest,
    /// The folder of the outputs.
    OutputFolder,
    /// The file of `--report`.
    Report,
    /// What the command line names.
    CommandLine,
    /// The audit log.
    Log,
    /// By its number in the listing, from 1.
    Number(usize),
    /// A package by its name, which is its random identifier.
    Package(String),
    /// By its number in the manifest, from 1: what is listed and not there.
    Entry(usize),
    /// A package that was in the output folder before, by its number, from 1.
    Earlier(usize),
}

impl Place {
    pub(super) fn of(index: usize, path: &Path) -> Self {
        match path.to_str().filter(|_| is_opaque(path)) {
            Some(name) => Self::Package(name.to_owned()),
            None => Self::Number(index.saturating_add(1)),
        }
    }

    pub(super) fn of_entry(index: usize, path: &Path) -> Self {
        match Self::of(index, path) {
            Self::Number(number) => Self::Entry(number),
            other => other,
        }
    }

    /// A package in the output folder.
    pub(super) fn of_earlier(index: usize, path: &Path) -> Self {
        match Self::of(index, path) {
            Self::Number(number) => Self::Earlier(number),
            other => other,
        }
    }

    /// A number, or a text for what is not in the listing.
    fn value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Package(name) => name.as_str().into(),
            _ => self.to_string().into(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "file {number}"),
            Self::Package(name) => write!(f, "package {name}"),
            Self::Entry(number) => write!(f, "manifest entry {number}"),
            Self::Earlier(number) => write!(f, "earlier package {number}"),
            Self::Manifest => f.write_str("manifest"),
            Self::OutputFolder => f.write_str("output folder"),
            Self::Report => f.write_str("report file"),
            Self::CommandLine => f.write_str("command line"),
            Self::Log => f.write_str("audit log"),
        }
    }
}

impl<'a> Tally<'a> {
    pub(super) fn new(session: &Session, found: &'a [Found]) -> Self {
        let lens = found.iter().filter_map(|one| one.kind.file_len());
        let (files, bytes) = lens.fold((0_u64, 0_u64), |(files, bytes), len| {
            (files.saturating_add(1), bytes.saturating_add(len))
        });
        let bar = FolderBar::new(session, files, bytes);
        let tally =
            Self { found, begun: Instant::now(), bar, counts: Mutex::new(Counts::default()) };
        for (index, one) in found.iter().enumerate() {
            if let Kind::Unread(error) = &one.kind {
                tally.failed(index, Failure::io("it cannot be read", error));
            }
        }
        tally
    }

    /// A file of `len` bytes was done.
    pub(super) fn done(&self, len: u64) {
        let mut counts = lock(&self.counts);
        counts.done = counts.done.saturating_add(1);
        counts.bytes = counts.bytes.saturating_add(len);
        counts.passed = counts.passed.saturating_add(len);
        self.bar.advance(counts.passed);
    }

    /// A file of `len` bytes was done before.
    pub(super) fn skipped(&self, len: u64) {
        let mut counts = lock(&self.counts);
        counts.skipped = counts.skipped.saturating_add(1);
        counts.passed = counts.passed.saturating_add(len);
        self.bar.advance(counts.passed);
    }

    /// A file was not done. One that a signal stopped is not to blame.
    pub(super) fn failed(&self, index: usize, failure: Failure) {
        let path = self.found.get(index).map(|one| one.path.clone()).unwrap_or_default();
        self.found(Place::of(index, &path), &path, "failed", failure);
    }

    /// Something is wrong with what may not be in the listing.
    pub(super) fn found(&self, place: Place, path: &Path, outcome: &'static str, failure: Failure) {
        if failure.exit != Exit::Interrupted {
            let mut counts = lock(&self.counts);
            counts.troubles.push(Trouble { place, path: path.to_owned(), outcome, failure });
            self.bar.advance(counts.passed);
        }
    }

    /// Whether nothing has failed so far.
    pub(super) fn is_clean(&self) -> bool {
        lock(&self.counts).troubles.is_empty()
    }

    /// Why files are not done so far, the most frequent reason first.
    pub(super) fn reasons(&self) -> Vec<(Exit, String, u64)> {
        let counts = lock(&self.counts);
        let mut reasons: Vec<(Exit, String, u64)> = Vec::new();
        for Trouble { failure, .. } in &counts.troubles {
            let same = |(exit, message, _): &&mut (Exit, String, u64)| {
                *exit == failure.exit && *message == failure.message
            };
            match reasons.iter_mut().find(same) {
                Some((_, _, count)) => *count = count.saturating_add(1),
                None => reasons.push((failure.exit, failure.message.clone(), 1)),
            }
        }
        reasons.sort_by_key(|(_, _, count)| Reverse(*count));
        reasons
    }

    /// Something is wrong with the output folder as a whole.
    pub(super) fn folder_failed(&self, failure: Failure) {
        self.found(Place::OutputFolder, Path::new(""), "failed", failure);
    }

    /// The end: the words for people and programs, and the file of `--report`.
    pub(super) fn conclude(
        self,
        session: &Session,
        words: &Words,
        report_file: ReportFile,
    ) -> Folder {
        let took = self.begun.elapsed();
        let Self { found, bar, counts, .. } = self;
        drop(bar);
        let mut counts = counts.into_inner().unwrap_or_default();
        counts.troubles.sort_by(|one, other| one.place.cmp(&other.place));
        if let Err(failure) = report_file.write(|| rows(found, &counts.troubles)) {
            let path = PathBuf::new();
            let trouble = Trouble { place: Place::Report, path, outcome: "report", failure };
            counts.troubles.insert(0, trouble);
        }
        let verdict = verdict(session, &counts, words);
        let report = report(found, &counts, words, took);
        let shown = counts.troubles.into_iter().take(SHOWN);
        let failures = shown.map(|trouble| (trouble.place, trouble.failure)).collect();
        Folder { report, failures, verdict }
    }
}

/// How a command calls what it does.
pub(super) struct Words {
    /// `sealed`
    pub(super) done: &'static str,
    /// `sealed before`
    pub(super) skipped: &'static str,
    /// `failure`, `failures`
    pub(super) failed: [&'static str; 2],
    /// What is said where there was nothing to do: perhaps it is the wrong folder.
    pub(super) nothing: &'static str,
}

/// For what works on packages.
pub(super) const NO_PACKAGE: &str =
    "there was no package in the folder: those are files whose name ends in `.msp`";

fn count(found: &[Found], is: impl Fn(&Kind) -> bool) -> u64 {
    found.iter().filter(|one| is(&one.kind)).count() as u64
}

fn report(found: &[Found], counts: &Counts, words: &Words, took: Duration) -> Report {
    let links = count(found, |kind| matches!(kind, Kind::Link));
    let special = count(found, |kind| matches!(kind, Kind::Special));
    let empty = count(found, |kind| matches!(kind, Kind::EmptyFolder));
    let rate = units::files_per_second(counts.done, took);
    let mut line = format!(
        "{} {}, {} ({}, {rate:.0} files/s)",
        words.done,
        units::counted(counts.done, ["file", "files"]),
        units::size(counts.bytes),
        units::pace(counts.bytes, took),
    );
    let failed = counts.troubles.len() as u64;
    for (number, what) in [
        (counts.skipped, [words.skipped; 2]),
        (failed, words.failed),
        (links, ["link left out", "links left out"]),
        (special, ["special file left out", "special files left out"]),
        (empty, ["empty folder left out", "empty folders left out"]),
    ] {
        if number > 0 {
            line.push_str(&format!(", {}", units::counted(number, what)));
        }
    }
    let failures: Vec<Value> = counts.troubles.iter().take(SHOWN).map(trouble_value).collect();
    let report = Report::new().line(line);
    let report = match counts.done.saturating_add(counts.skipped).saturating_add(failed) {
        0 => report.line(format!("  {}", words.nothing)),
        _ => report,
    };
    report
        .field("done", counts.done)
        .field("skipped", counts.skipped)
        .field("failed", failed)
        .field("links", links)
        .field("special", special)
        .field("empty_folders", empty)
        .field("bytes", counts.bytes)
        .field("seconds", units::seconds(took))
        .field("files_per_second", rate.round())
        .field("failures", failures)
}

fn trouble_value(trouble: &Trouble) -> Value {
    json!({
        "file": trouble.place.value(),
        "outcome": trouble.outcome,
        "exit_code": trouble.failure.exit.code(),
        "error": crate::output::error_value(&trouble.failure),
    })
}

/// The exit code over all files: theirs if all that failed failed alike.
fn verdict(session: &Session, counts: &Counts, words: &Words) -> Option<Failure> {
    if session.interrupt.is_set() {
        return Some(
            Failure::new(Exit::Interrupted, "interrupted; what was finished before is complete")
                .next("run the command again to go on"),
        );
    }
    let exits = counts.troubles.iter().map(|trouble| trouble.failure.exit);
    let first = exits.clone().next()?;
    let exit = if exits.clone().any(|exit| exit == Exit::Manifest) {
        // What else is wrong may come of it.
        Exit::Manifest
    } else if exits.clone().all(|exit| exit == first) {
        first
    } else {
        Exit::Failure
    };
    let number = counts.troubles.len() as u64;
    Some(
        Failure::new(exit, units::counted(number, words.failed))
            .next("--report FILE tells which they are; run the command again when that is mended"),
    )
}

/// One JSON object a line for each file that was not done.
fn rows(found: &[Found], troubles: &[Trouble]) -> String {
    let row = |place: &Place, path: &Path, outcome: &str, failure: Option<&Failure>| {
        let row = json!({
            "file": place.value(),
            "outcome": outcome,
            "error": failure.map(crate::output::error_value),
            "path": path.to_string_lossy(),
        });
        format!("{row}\n")
    };
    let left_out = found.iter().enumerate().filter_map(|(index, one)| {
        let place = Place::of(index, &one.path);
        match one.kind {
            Kind::Link => Some(row(&place, &one.path, "link", None)),
            Kind::Special => Some(row(&place, &one.path, "special", None)),
            Kind::EmptyFolder => Some(row(&place, &one.path, "empty-folder", None)),
            Kind::File(_) | Kind::Unread(_) => None,
        }
    });
    let failed = |one: &Trouble| row(&one.place, &one.path, one.outcome, Some(&one.failure));
    troubles.iter().map(failed).chain(left_out).collect()
}
