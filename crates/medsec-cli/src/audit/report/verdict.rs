//! Whether the streams are what their writers wrote, at the time of the report.

use std::ops::ControlFlow;

use medsec_audit::{AuditLog, Known, StreamName, StreamReport, Verdict, VerifyOptions};
use sha2::{Digest as _, Sha256};

use super::section::{Cell, Column, Section, column};
use crate::anchor::{self, Memory};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

const COLUMNS: [Column; 7] = [
    column("stream", "stream"),
    column("verdict", "verdict"),
    column("records", "records"),
    column("newest", "newest (UTC)"),
    column("end", "end"),
    column("anchor", "anchor"),
    column("findings", "findings"),
];

/// What verification found.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(crate) streams: Vec<CheckedStream>,
    /// The log's name.
    pub(crate) log: String,
    /// SHA-256 of the pin, in hexadecimal.
    pub(crate) pin: String,
}

/// What became of the check of one stream.
#[derive(Clone, Debug)]
pub(crate) struct CheckedStream {
    pub(crate) stream: StreamName,
    /// None where the check did not come to its end.
    pub(crate) report: Option<StreamReport>,
    /// What kept a part of the check from being made; a checkpoint that is no good, for instance.
    pub(crate) faults: Vec<Failure>,
    /// None where the anchor has something that is no checkpoint of this stream.
    anchor: Option<Memory>,
}

/// What streams are checked against, beside their own checkpoints.
pub(crate) struct Against<'a> {
    /// Whether the anchor of the settings should know the log. Of the log of somebody else it need not.
    pub(crate) own: bool,
    /// What the caller knows.
    pub(crate) known: &'a dyn Fn(&StreamName) -> Option<Known>,
}

/// Verifies streams with the pin, their checkpoint, the anchor's, and what the caller knows. What cannot be read or
/// checked is a fault of the stream, and the others are checked all the same.
///
/// # Errors
/// A signal came in.
pub(crate) fn check(
    session: &Session,
    log: &AuditLog,
    streams: &[StreamName],
    against: &Against<'_>,
) -> Result<Checked, Failure> {
    let check = |stream| check_stream(session, log, stream, against);
    let streams = streams.iter().map(check).collect::<Result<_, _>>()?;
    let pin = Sha256::digest(log.pin().to_string());
    Ok(Checked {
        streams,
        log: log.root().log().to_string(),
        pin: pin.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn check_stream(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    against: &Against<'_>,
) -> Result<CheckedStream, Failure> {
    let (mut faults, mut known) = (Vec::new(), Vec::new());
    match log.known(stream) {
        Ok(beside) => known.extend(beside),
        Err(error) => faults.push(error.into()),
    }
    let anchor = match anchor::recall(session, log, stream) {
        Ok(Memory::Nothing | Memory::Unreachable) if !against.own => Some(Memory::NoAnchor),
        Ok(memory) => Some(memory),
        Err(failure) => {
            faults.push(failure);
            None
        }
    };
    known.extend(anchor.and_then(Memory::known));
    known.extend((against.known)(stream));
    let report = match verify(session, log, stream, &known) {
        Ok(report) => Some(report),
        Err(failure) if failure.exit == Exit::Interrupted => return Err(failure),
        Err(failure) => {
            faults.push(failure);
            None
        }
    };
    Ok(CheckedStream { stream: stream.clone(), report, faults, anchor })
}

fn verify(
    session: &Session,
    log: &AuditLog,
    stream: &StreamName,
    known: &[Known],
) -> Result<StreamReport, Failure> {
    let interrupt = session.interrupt.clone();
    let progress = move |_| match interrupt.is_set() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let mut how = VerifyOptions::default();
    how.known = known;
    how.threads = session.threads().get();
    how.progress = &progress;
    log.verifier(stream)?.verify(&how).map_err(|error| match error.kind() {
        std::io::ErrorKind::Interrupted => Failure::interrupted(),
        _ => Failure::io("the audit log cannot be read", &error),
    })
}

/// What the program ends with; nothing where all is well.
pub(crate) const fn exit(verdict: Verdict) -> Option<Exit> {
    match verdict {
        Verdict::Whole => None,
        Verdict::Stale => Some(Exit::Stale),
        Verdict::Torn => Some(Exit::Torn),
        Verdict::Rekeyed => Some(Exit::Rekeyed),
        Verdict::Truncated => Some(Exit::Truncated),
        Verdict::Fork => Some(Exit::Fork),
        _ => Some(Exit::Tampered),
    }
}

pub(crate) fn name(verdict: Verdict) -> &'static str {
    exit(verdict).map_or("whole", Exit::name)
}

/// How bad it is, to find the worst. What was not checked is worse than what was checked and explains itself.
const fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Stale => 1,
        Exit::Torn => 2,
        Exit::Rekeyed => 3,
        Exit::Truncated => 5,
        Exit::Fork => 6,
        Exit::Tampered => 7,
        _ => 4,
    }
}

/// The worst of several; nothing where there is none.
pub(crate) fn worst(exits: impl IntoIterator<Item = Option<Exit>>) -> Option<Exit> {
    exits.into_iter().flatten().max_by_key(|exit| rank(*exit))
}

impl CheckedStream {
    /// What the program ends with; nothing where the stream is whole.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let found = self.report.as_ref().and_then(|report| exit(report.verdict()));
        worst(self.faults.iter().map(|fault| Some(fault.exit)).chain([found]))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.exit().map_or("whole", Exit::name)
    }

    /// What was found, in words.
    pub(crate) fn findings(&self) -> String {
        let found = self.report.iter().flat_map(|report| &report.findings);
        let faults = self.faults.iter().map(|fault| fault.message.clone());
        found.map(ToString::to_string).chain(faults).collect::<Vec<_>>().join("; ")
    }

    /// Whether an anchor vouches for how far the stream was.
    pub(crate) const fn is_anchored(&self) -> bool {
        matches!(self.anchor, Some(Memory::Checkpoint(_)))
    }

    /// Whether there is an anchor that should know the stream, and says nothing.
    pub(crate) const fn lacks_anchor(&self) -> bool {
        matches!(self.anchor, Some(Memory::Unreachable | Memory::Nothing))
    }

    /// What the anchor said.
    pub(crate) fn anchor(&self) -> String {
        match self.anchor {
            None => "not a checkpoint of this stream".to_owned(),
            Some(Memory::NoAnchor) => "none was asked".to_owned(),
            Some(Memory::Unreachable) => "cannot be asked".to_owned(),
            Some(Memory::Nothing) => "knows nothing of it".to_owned(),
            Some(Memory::Checkpoint(known)) => format!("knows {} records", known.size()),
        }
    }

    /// Size and root of what was found good.
    pub(crate) fn known(&self) -> Option<Known> {
        let report = self.report.as_ref().filter(|_| self.exit().is_none())?;
        Some(Known::new(report.size, report.root?))
    }
}

impl Checked {
    /// The worst of all streams; nothing where all are whole.
    pub(crate) fn exit(&self) -> Option<Exit> {
        worst(self.streams.iter().map(CheckedStream::exit))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.exit().map_or("whole", Exit::name)
    }

    /// Whether an anchor vouches for the end of every stream.
    pub(crate) fn is_anchored(&self) -> bool {
        self.streams.iter().all(CheckedStream::is_anchored)
    }

    /// One sentence for people.
    pub(super) fn words(&self) -> String {
        match (self.exit(), self.is_anchored()) {
            (None, true) => "whole, before and after it was read for this report".to_owned(),
            (None, false) => {
                let open = self.streams.iter().filter(|stream| !stream.is_anchored());
                let open: Vec<_> =
                    open.map(|stream| format!("{}: {}", stream.stream, stream.anchor())).collect();
                format!(
                    "nothing speaks against it, but no anchor vouches for its end, and what was cut off there would \
                     not show ({})",
                    open.join("; ")
                )
            }
            (Some(exit), _) => exit.name().to_owned(),
        }
    }

    /// What a first check found of a stream that was good then.
    pub(super) fn known(&self, stream: &StreamName) -> Option<Known> {
        self.streams.iter().find(|checked| checked.stream == *stream)?.known()
    }

    /// The worse of two checks, for each stream; of equals the first.
    pub(super) fn or_worse(mut self, second: Self) -> Self {
        for (first, second) in self.streams.iter_mut().zip(second.streams) {
            let severity = |checked: &CheckedStream| checked.exit().map_or(0, rank);
            if severity(&second) > severity(first) {
                *first = second;
            }
        }
        self
    }

    /// That the stream at a place could not be read for the report.
    pub(super) fn accuse(&mut self, stream: Option<usize>, failure: Failure) {
        let stream = stream.and_then(|at| self.streams.get_mut(at));
        if let Some(stream) = stream {
            stream.faults.push(failure);
        }
    }

    pub(super) fn section(&self) -> Section {
        let rows = self.streams.iter().map(|checked| {
            let (report, findings) = (checked.report.as_ref(), checked.findings());
            vec![
                Cell::text(&checked.stream),
                Cell::text(checked.name()),
                report.map_or(Cell::Nothing, |report| Cell::Number(report.size)),
                Cell::time(report.and_then(|report| report.last)),
                report.map_or(Cell::Nothing, |report| {
                    Cell::text(if report.closed { "closed" } else { "open" })
                }),
                Cell::text(checked.anchor()),
                if findings.is_empty() { Cell::Nothing } else { Cell::text(findings) },
            ]
        });
        Section {
            id: "streams",
            title: "Verification of the streams",
            about: "Checked with the pin and the newest checkpoints before the records were read for this report, and \
                    again after; the second check had to continue the size and root of the first. What was altered \
                    in between only, and put back, does not show. Without a checkpoint from elsewhere, records \
                    missing at the very end show only by their age."
                .into(),
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: 0,
            totals: Vec::new(),
        }
    }
}
