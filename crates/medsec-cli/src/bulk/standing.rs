//! `medsec inspect` of many packages: what stands under which key and version, from their headers alone.
//!
//! No key is needed, and no key service: one that can be asked tells what the newest version is and gives its keys the
//! names that they have here. What the headers say is not authentic.

mod names;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use medsec_crypto::{Header, RecipientProfile, SlotCondition};
use serde_json::{Value, json};

use self::names::Names;
use super::crew::{self, lock};
use super::report_file::ReportFile;
use super::rewrap::Packages;
use super::tally::{NO_PACKAGE, Tally, Words};
use super::walk;
use crate::failure::Failure;
use crate::report::{Folder, Report};
use crate::session::Session;
use crate::units;

/// So many rows are printed; JSON has all.
const SHOWN: usize = 50;
/// Packages that a thread takes at a time.
const TOGETHER: usize = 64;

/// A key, and one of its versions where that shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seat {
    key: String,
    version: Option<u32>,
}

/// What stands there.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    packages: u64,
    bytes: u64,
    /// Those that can be rewrapped without their data keys, where the key's service can do that.
    blind: u64,
}

#[derive(Debug, Default)]
struct Found {
    seats: BTreeMap<Seat, Sum>,
    unfinished: u64,
}

/// Looks at all packages.
pub(crate) fn run(
    session: &Session,
    packages: &Packages,
    report: Option<&Path>,
) -> Result<Folder, Failure> {
    let report = ReportFile::create(report)?;
    let names = Names::learn(session)?;
    let tally = Tally::new(session, packages.found());
    let found = Mutex::new(Found::default());
    let indices: Vec<usize> = (0..packages.found().len()).collect();
    let runs: Vec<&[usize]> = indices.chunks(TOGETHER).collect();
    let threads = session.threads().get();
    crew::each(
        &runs,
        threads,
        &session.interrupt,
        |_| 0,
        |run, _| {
            for &index in *run {
                let Some(one) = packages.found().get(index) else { continue };
                let Some(len) = one.kind.file_len() else { continue };
                match walk::header(packages.root(), &one.path) {
                    Ok((_, header)) => {
                        lock(&found).add(&header, len, &names);
                        tally.done(len);
                    }
                    Err(failure) => tally.failed(index, failure),
                }
            }
        },
    );
    let words = Words {
        done: "looked at",
        skipped: "left out",
        failed: ["failure", "failures"],
        nothing: NO_PACKAGE,
    };
    let mut folder = tally.conclude(session, &words, report);
    let found = found.into_inner().unwrap_or_default();
    folder.report = found.describe(folder.report, &names);
    Ok(folder)
}

impl Found {
    fn add(&mut self, header: &Header, len: u64, names: &Names) {
        let blind = header.core().profile == RecipientProfile::Blind;
        for stanza in header.stanzas() {
            let sum = self.seats.entry(names.seat(stanza)).or_default();
            sum.packages = sum.packages.saturating_add(1);
            sum.bytes = sum.bytes.saturating_add(len);
            sum.blind = sum.blind.saturating_add(u64::from(blind));
        }
        if header.slot_condition() == SlotCondition::RewrapUnfinished {
            self.unfinished = self.unfinished.saturating_add(1);
        }
    }

    fn describe(&self, mut report: Report, names: &Names) -> Report {
        let rows: Vec<[String; 6]> =
            self.seats.iter().map(|(seat, sum)| row(seat, sum, names)).collect();
        if !rows.is_empty() {
            report = table(report, rows.get(..SHOWN).unwrap_or(&rows));
        }
        if let Some(more) = rows.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            report = report.line(format!("  and {more} more: --json shows all"));
        }
        if self.unfinished > 0 {
            let number = units::counted(self.unfinished, ["package has", "packages have"]);
            report = report.line(format!("  {number} an unfinished rewrap: rewrap again"));
        }
        let keys: Vec<Value> =
            self.seats.iter().map(|(seat, sum)| value(seat, sum, names)).collect();
        report
            .field("keys", keys)
            .field("unfinished", self.unfinished)
            .field("authenticated", false)
            .line("  nothing of this is authentic; a package counts under each of its keys")
    }
}

const HEAD: [&str; 6] = ["key", "version", "packages", "bytes", "blind", ""];

fn row(seat: &Seat, sum: &Sum, names: &Names) -> [String; 6] {
    let mark = match (seat.version, names.newest(&seat.key)) {
        (Some(version), Some(newest)) if version >= newest => "newest".to_owned(),
        (Some(_), Some(newest)) => format!("older: {newest} is the newest"),
        _ => String::new(),
    };
    [
        seat.key.clone(),
        seat.version.map_or_else(|| "–".to_owned(), |version| version.to_string()),
        sum.packages.to_string(),
        units::size(sum.bytes),
        sum.blind.to_string(),
        mark,
    ]
}

/// Text to the left, numbers to the right.
fn table(mut report: Report, rows: &[[String; 6]]) -> Report {
    let head = HEAD.map(str::to_owned);
    let lines = std::iter::once(&head).chain(rows);
    let mut widths = [0_usize; 6];
    for line in lines.clone() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [first, second, third, fourth, fifth, _] = widths;
    for [key, version, packages, bytes, blind, mark] in lines {
        let line = format!(
            "  {key:<first$}  {version:>second$}  {packages:>third$}  {bytes:>fourth$}  {blind:>fifth$}  {mark}"
        );
        report = report.line(line.trim_end());
    }
    report
}

fn value(seat: &Seat, sum: &Sum, names: &Names) -> Value {
    let newest = names.newest(&seat.key);
    json!({
        "key": seat.key,
        "version": seat.version,
        "newest": newest,
        "is_newest": seat.version.zip(newest).map(|(version, newest)| version >= newest),
        "packages": sum.packages,
        "bytes": sum.bytes,
        "blind": sum.blind,
    })
}
