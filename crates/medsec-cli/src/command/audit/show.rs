//! `medsec audit show`.

use std::collections::VecDeque;
use std::io::BufWriter;

use clap::Args;
use medsec_audit::StreamName;
use serde_json::Value;

use crate::audit::entry::{Body, Entry};
use crate::audit::filter::FilterOptions;
use crate::audit::print::{Format, Printer, Stop, colours, ended, value};
use crate::audit::records::Records;
use crate::audit::when::now;
use crate::custody::TrailOption;
use crate::failure::Failure;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::stdio::StandardOutput;

/// Most records of one JSON document, which has to fit into memory.
const MAX_DOCUMENT: usize = 100_000;
/// Most records that `--last` holds back.
const MAX_LAST: u64 = 100_000;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_SHOW)]
pub(crate) struct Options {
    #[command(flatten)]
    trail: TrailOption,
    #[command(flatten)]
    filter: FilterOptions,
    /// Only the last so many of them, 1 to 100,000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MAX_LAST))]
    last: Option<u64>,
    /// How to show them.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let log = options.trail.log.open(session)?;
    let streams = options.trail.stream.of(&log)?;
    options.filter.refuse_shared_stdin(&options.trail.who)?;
    let reading = options.trail.begin(session)?;
    session.interrupt.arm();
    let filter = options.filter.at(now())?;
    let lines = options.format == Format::Jsonl && !session.json;
    let records = Records::open(session, &log, &streams, filter.extent(lines), &filter);
    let mut found = Found { records, last: VecDeque::new(), shown: 0, unread: 0 };
    if let Some(last) = options.last {
        found.keep(usize::try_from(last).unwrap_or(usize::MAX))?;
    }
    if session.json {
        return found.document(&streams).map(|report| Outcome::Whole(reading.tell(report)));
    }
    session.content_on_stdout.set(true);
    ended(found.print(options.format, &streams))
}

/// Records that were chosen, on their way out.
struct Found<'a> {
    records: Records<'a>,
    /// Those that were held back to see which are the last.
    last: VecDeque<Entry>,
    shown: u64,
    unread: u64,
}

impl Found<'_> {
    /// Reads to the end, and keeps the last ones.
    fn keep(&mut self, most: usize) -> Result<(), Failure> {
        while let Some(entry) = self.records.next()? {
            if self.last.len() >= most {
                self.last.pop_front();
            }
            self.last.push_back(entry);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Entry>, Failure> {
        let next = match self.last.pop_front() {
            Some(kept) => Some(kept),
            None => self.records.next()?,
        };
        if let Some(entry) = &next {
            self.shown = self.shown.saturating_add(1);
            self.unread = self.unread.saturating_add(matches!(entry.body, Body::Unread).into());
        }
        Ok(next)
    }

    fn print(mut self, format: Format, streams: &[StreamName]) -> Result<Report, Stop> {
        let out = BufWriter::with_capacity(1 << 16, StandardOutput);
        let mut printer = Printer::begin(out, format, streams, colours())?;
        while let Some(entry) = self.next()? {
            printer.show(&entry)?;
        }
        printer.end()?;
        Ok(self.report())
    }

    /// All of them in one document.
    fn document(mut self, streams: &[StreamName]) -> Result<Report, Failure> {
        let mut records = Vec::new();
        while let Some(entry) = self.next()? {
            if records.len() >= MAX_DOCUMENT {
                return Err(Failure::usage(
                    "more than 100,000 records do not go into one document",
                )
                .next("narrow the choice, or use `--format jsonl` without --json"));
            }
            let stream = streams.get(entry.stream).map_or("", StreamName::as_str);
            records.push(value(stream, &entry));
        }
        Ok(self.report().field("records", Value::Array(records)))
    }

    /// Beside standard output, where the records went.
    fn report(&self) -> Report {
        let report = Report::new().field("shown", self.shown).field("unread", self.unread);
        match self.unread {
            0 => report,
            unread => report.line(format!(
                "{unread} record(s) are not of a form that this version reads: `medsec audit verify --content` names them"
            )),
        }
    }
}
