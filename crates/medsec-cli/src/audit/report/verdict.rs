//! Whether the streams are what their writers wrote, at the time of the report.

use medsec_audit::{Known, StreamName};

use super::section::{Cell, Column, Section, column};
use crate::audit::check::{Checked, CheckedStream, rank};
use crate::failure::Failure;

const COLUMNS: [Column; 7] = [
    column("stream", "stream"),
    column("verdict", "verdict"),
    column("records", "records"),
    column("newest", "newest (UTC)"),
    column("end", "end"),
    column("anchor", "anchor"),
    column("findings", "findings"),
];

impl Checked {
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
        self.streams.iter().find(|checked| checked.stream == *stream)?.known().cloned()
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
