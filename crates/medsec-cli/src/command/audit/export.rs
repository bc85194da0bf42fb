//! `medsec audit export`: records for other programs.

mod sink;

use std::ffi::OsString;
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use medsec_audit::{
    AuditLog, ContentError, EmergencyId, Event, Line, LogTime, Namespace, SiteName, SourceInfo,
    StreamName, dicom, fhir,
};

use self::sink::Sink;
use crate::audit::reading::{malformed, next, unreadable};
use crate::audit::when::{Offset, When, now};
use crate::custody::{PurposeOption, TrailOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_EXPORT)]
pub(crate) struct Options {
    /// The form: lines as they are stored, or events as FHIR R4 AuditEvents or DICOM audit messages, one a line.
    #[arg(long, value_enum)]
    format: Format,
    /// Where to; `-` is standard output. Never replaces a file.
    #[arg(short, long, value_name = "FILE|-")]
    output: OsString,
    /// Only records written at this time or later: `2026-11-03T12:00:00Z`, `2026-11-03` (UTC), or how long ago, as `7d`.
    #[arg(long, value_name = "TIME")]
    from: Option<When>,
    /// Only records written before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only what is on record of this emergency.
    #[arg(long, value_name = "ID")]
    emergency: Vec<EmergencyId>,
    /// Start of the URIs that name our identifiers in FHIR and DICOM; by default `https://` and the log's name.
    #[arg(long, value_name = "URI")]
    namespace: Option<Namespace>,
    /// The site, in FHIR and DICOM.
    #[arg(long, value_name = "NAME")]
    site: Option<SiteName>,
    #[command(flatten)]
    purpose: PurposeOption,
    #[command(flatten)]
    trail: TrailOption,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines as stored, commits too unless only some are chosen: a whole stream verifies from them.
    Jsonl,
    /// FHIR R4 AuditEvents after IHE BALP.
    Fhir,
    /// DICOM audit messages (PS3.15 A.5).
    Dicom,
}

/// What was written and what was not.
#[derive(Clone, Copy, Default)]
struct Tally {
    written: u64,
    /// Records about epochs and of unknown kinds, which other formats have no words for.
    left_out: u64,
    /// Records that no writer writes.
    malformed: u64,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let log = options.trail.log.open(session)?;
    let streams = match options.format {
        // Lines do not say which stream they are of.
        Format::Jsonl => vec![options.trail.stream.one(&log)?],
        _ => options.trail.stream.of(&log)?,
    };
    let (source, now) = (source(options, &log)?, now());
    let moment = |when: Option<When>| when.map(|when| when.resolve(now, Offset::default()));
    let choice = Choice {
        format: options.format,
        from: moment(options.from),
        until: moment(options.until),
        emergency: options.emergency.clone(),
        source,
    };
    // Before it is on record that records are handed on: then little is left that could fail.
    let mut sink = Sink::open(session, &options.output)?;
    let reading = options.trail.begin_export(session, &options.purpose)?;
    session.interrupt.arm();
    let mut tally = Tally::default();
    for stream in &streams {
        write_stream(session, &choice, &log, stream, &mut sink, &mut tally)?;
    }
    sink.finish()?;
    let Tally { written, left_out, malformed } = tally;
    let mut report = Report::new()
        .line(format!("{written} records written, {left_out} about the log's keys or unknown left out"))
        .line("records are written as they stand: `medsec audit verify` tells whether to believe them")
        .field("written", written)
        .field("left_out", left_out)
        .field("malformed", malformed);
    report = reading.tell(report);
    if malformed > 0 {
        report.failed = Some(Exit::Tampered);
        report =
            report.line(format!("{malformed} records are not as writers write them, and left out"));
    }
    Ok(report)
}

fn source(options: &Options, log: &AuditLog) -> Result<SourceInfo, Failure> {
    let namespace = match &options.namespace {
        Some(namespace) => namespace.clone(),
        None => Namespace::new(&format!("https://{}", log.root().log())).map_err(|_| {
            Failure::usage("the log's name makes no namespace").next("give --namespace https://…")
        })?,
    };
    Ok(SourceInfo { site: options.site.clone(), namespace })
}

/// What is written, and how.
struct Choice {
    format: Format,
    from: Option<LogTime>,
    until: Option<LogTime>,
    emergency: Vec<EmergencyId>,
    source: SourceInfo,
}

impl Choice {
    /// Whether nothing is left out.
    const fn is_all(&self) -> bool {
        self.from.is_none() && self.until.is_none() && self.emergency.is_empty()
    }

    fn takes_time(&self, time: LogTime) -> bool {
        self.from.is_none_or(|from| time >= from) && self.until.is_none_or(|until| time < until)
    }

    fn takes_event(&self, event: &Event) -> bool {
        let of = event.subject.emergency;
        self.emergency.is_empty() || of.is_some_and(|of| self.emergency.contains(&of))
    }
}

fn write_stream(
    session: &Session,
    choice: &Choice,
    log: &AuditLog,
    stream: &StreamName,
    sink: &mut Sink,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let whole = choice.is_all();
    let mut reader = log.reader(stream, 0).map_err(|error| unreadable(&error))?;
    while let Some(batches) = next(session, log, stream, &mut reader)? {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        for line in batches.lines().map_err(|_| malformed())?.lines() {
            let flow = match line {
                Line::Commit(commit) if whole && choice.format == Format::Jsonl => {
                    sink.line(&commit.render())?
                }
                Line::Commit(_) => ControlFlow::Continue(()),
                Line::Record(record) if !choice.takes_time(record.head.position.ts) => {
                    ControlFlow::Continue(())
                }
                Line::Record(record) => write_record(choice, record.bytes, sink, tally)?,
            };
            if flow.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn write_record(
    choice: &Choice,
    line: &[u8],
    sink: &mut Sink,
    tally: &mut Tally,
) -> Result<ControlFlow<()>, Failure> {
    let one_more = |count: &mut u64| *count = count.saturating_add(1);
    if choice.format == Format::Jsonl && choice.emergency.is_empty() {
        one_more(&mut tally.written);
        return sink.line(line);
    }
    match Event::parse(line) {
        Ok(content) if !choice.takes_event(&content.event) => Ok(ControlFlow::Continue(())),
        Ok(content) => {
            one_more(&mut tally.written);
            let text = match choice.format {
                Format::Jsonl => return sink.line(line),
                Format::Fhir => fhir::audit_event(&content, &choice.source).to_string(),
                Format::Dicom => dicom::audit_message(&content, &choice.source),
            };
            sink.line(text.as_bytes())
        }
        Err(ContentError::NotAnEvent) => {
            one_more(&mut tally.left_out);
            Ok(ControlFlow::Continue(()))
        }
        Err(_) => {
            one_more(&mut tally.malformed);
            Ok(ControlFlow::Continue(()))
        }
    }
}
