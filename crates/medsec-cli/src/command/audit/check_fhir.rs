//! `medsec audit check-fhir`: AuditEvents, whoever made them, against FHIR R4 and the profiles of IHE BALP.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::balp::{self, MAX_EVENT_LEN, Mode};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::read_small;
use crate::input::open_file;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::units::counted;

/// Most events with findings that are shown of one input; all are counted.
const SHOWN: usize = 100;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_CHECK_FHIR)]
pub(crate) struct Options {
    /// The files, each with one AuditEvent in JSON.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Check the profiles of BALP too that each event names; it must name one.
    #[arg(long)]
    balp: bool,
    /// The files have one event a line, as `medsec audit export` writes them.
    #[arg(long)]
    lines: bool,
}

/// What was found in one input.
#[derive(Default)]
struct Tally {
    events: u64,
    invalid: u64,
    lines: Vec<String>,
    shown: Vec<Value>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    session.interrupt.arm();
    let mode = if options.balp { Mode::Balp } else { Mode::Base };
    let (mut report, mut results, mut invalid) = (Report::new(), Vec::new(), 0_u64);
    for (index, path) in options.files.iter().enumerate() {
        let input = index.saturating_add(1);
        let tally = check_file(session, path, mode, options.lines).map_err(|failure| Failure {
            message: format!("input {input}: {}", failure.message),
            ..failure
        })?;
        invalid = invalid.saturating_add(tally.invalid);
        let of = counted(tally.events, ["event", "events"]);
        report = report.line(format!("input {input}: {of}, {} invalid", tally.invalid));
        report =
            tally.lines.into_iter().fold(report, |report, line| report.line(format!("  {line}")));
        results.push(json!({
            "input": input,
            "events": tally.events,
            "invalid": tally.invalid,
            "found": tally.shown,
        }));
    }
    report.failed = (invalid > 0).then_some(Exit::Format);
    Ok(Outcome::Whole(report.field("results", results)))
}

fn check_file(session: &Session, path: &Path, mode: Mode, lines: bool) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    if !lines {
        tally.take(&read_small(path, "the event", MAX_EVENT_LEN)?, mode);
        return Ok(tally);
    }
    let (file, _) = open_file(path)?;
    let mut reader = BufReader::new(file);
    while let Some(line) = next_line(&mut reader)? {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        if !line.is_empty() {
            tally.take(&line, mode);
        }
    }
    Ok(tally)
}

/// The next line without its LF; what is longer than an event can be is an error.
fn next_line(reader: &mut BufReader<File>) -> Result<Option<Vec<u8>>, Failure> {
    let limit = u64::try_from(MAX_EVENT_LEN).unwrap_or(u64::MAX).saturating_add(2);
    let mut line = Vec::new();
    let read = reader.take(limit).read_until(b'\n', &mut line);
    read.map_err(|error| Failure::io("the events cannot be read", &error))?;
    if line.is_empty() {
        return Ok(None);
    }
    let ended = line.pop_if(|byte| *byte == b'\n').is_some();
    if !ended && line.len() > MAX_EVENT_LEN {
        return Err(Failure::new(Exit::Format, "a line is longer than an event can be")
            .next("leave --lines away if the file has a single event"));
    }
    Ok(Some(line))
}

impl Tally {
    fn take(&mut self, text: &[u8], mode: Mode) {
        self.events = self.events.saturating_add(1);
        let (valid, found) = match balp::parse(text) {
            Err(error) => (false, vec![("error", error.to_string())]),
            Ok(event) => {
                let report = balp::check(&event, mode);
                let found = report.findings().iter();
                let found = found.map(|finding| (severity(finding), finding.to_string()));
                (report.is_valid(), found.collect())
            }
        };
        if !valid {
            self.invalid = self.invalid.saturating_add(1);
        }
        self.tell(&found);
    }

    fn tell(&mut self, found: &[(&'static str, String)]) {
        if found.is_empty() || self.shown.len() >= SHOWN {
            return;
        }
        let number = self.events;
        self.lines.extend(found.iter().map(|(_, text)| format!("event {number}: {text}")));
        let findings: Vec<_> = found
            .iter()
            .map(|(severity, text)| json!({ "severity": severity, "text": text }))
            .collect();
        self.shown.push(json!({ "event": number, "findings": findings }));
    }
}

fn severity(finding: &balp::Finding) -> &'static str {
    match finding.severity() {
        balp::Severity::Error => "error",
        _ => "warning",
    }
}
