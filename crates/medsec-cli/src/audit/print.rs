//! Records on their way to standard output, one after the other.

mod csv;
mod fields;
mod json;
mod table;

use std::io::{self, Write};

use clap::ValueEnum;
use medsec_audit::StreamName;

pub(crate) use self::csv::field as csv_field;
use self::fields::{FIELDS, Fields};
pub(crate) use self::fields::{reason, value};
use self::table::Table;
use super::entry::Entry;
use crate::failure::Failure;
use crate::report::{Outcome, Report};

/// How records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people, at most 100 characters wide; identifiers are shortened.
    Table,
    /// One JSON object a line: the stream, and the record as it stands in the log.
    Jsonl,
    /// For spreadsheets: every field of every record.
    Csv,
    /// One JSON array of every field of every record.
    Json,
}

/// Shows records in one of the formats.
pub(crate) struct Printer<W: Write> {
    out: W,
    streams: Vec<StreamName>,
    shape: Shape,
}

enum Shape {
    Table(Table),
    Jsonl,
    Csv,
    Json { first: bool },
}

impl<W: Write> Printer<W> {
    /// Writes what comes before the first record.
    pub(crate) fn begin(
        mut out: W,
        format: Format,
        streams: &[StreamName],
        colours: bool,
    ) -> io::Result<Self> {
        let shape = match format {
            Format::Table => Shape::Table(Table::new(streams, colours)),
            Format::Jsonl => Shape::Jsonl,
            Format::Csv => {
                csv::line(&mut out, FIELDS.iter().copied())?;
                Shape::Csv
            }
            Format::Json => {
                out.write_all(b"[")?;
                Shape::Json { first: true }
            }
        };
        Ok(Self { out, streams: streams.to_vec(), shape })
    }

    pub(crate) fn show(&mut self, entry: &Entry) -> io::Result<()> {
        let stream = self.streams.get(entry.stream).map_or("", StreamName::as_str);
        let out = &mut self.out;
        match &mut self.shape {
            Shape::Table(table) => table.show(out, stream, entry),
            Shape::Jsonl => json::line(out, stream, entry),
            Shape::Csv => {
                let fields = Fields::of(stream, entry);
                csv::line(out, fields.texts().iter().map(String::as_str))
            }
            Shape::Json { first } => {
                let comma: &[u8] = if std::mem::take(first) { b"\n" } else { b",\n" };
                out.write_all(comma)?;
                serde_json::to_writer(&mut *out, &value(stream, entry)).map_err(io::Error::from)
            }
        }
    }

    /// Everything so far becomes visible.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        if let Shape::Table(table) = &mut self.shape {
            table.settle(&mut self.out)?;
        }
        self.out.flush()
    }

    /// Writes what comes behind the last record.
    pub(crate) fn end(mut self) -> io::Result<()> {
        if matches!(self.shape, Shape::Json { .. }) {
            self.out.write_all(b"\n]\n")?;
        }
        self.flush()
    }
}

/// Whether words may be coloured: on a terminal that can, and if nobody objects.
pub(crate) fn colours() -> bool {
    use std::io::IsTerminal as _;
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let dumb = set("TERM").is_none_or(|term| term == "dumb");
    set("NO_COLOR").is_none() && !dumb && io::stdout().is_terminal()
}

/// Why nothing more is printed.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Whoever read the output went away, as `| head` does. No failure.
    ReaderGone,
    Failed(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(Failure::io("standard output failed", &error)),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What the command has to say in the end.
pub(crate) fn ended(result: Result<Report, Stop>) -> Result<Outcome, Failure> {
    match result {
        Ok(report) => Ok(Outcome::Whole(report)),
        Err(Stop::ReaderGone) => Ok(Outcome::Whole(Report::new())),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}
