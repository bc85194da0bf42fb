//! What the log says of itself.

use medsec_audit::{Event, Kind};

use super::super::entry::Body;
use super::super::when::shown;
use super::changes::ended;
use super::ledger::{Listing, count};
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen, Within};

const COLUMNS: [Column; 5] = [
    column("time", "time (UTC)"),
    column("stream", "stream"),
    column("seq", "record"),
    column("what", "what"),
    column("about", "about"),
];

#[derive(Default)]
pub(super) struct Itself {
    listing: Listing,
    rotations: u64,
}

impl Part for Itself {
    fn take(&mut self, seen: &Seen<'_>) {
        if seen.within != Within::Period {
            return;
        }
        let (what, about) = match &seen.entry.body {
            Body::Epoch("rotate") => return count(&mut self.rotations),
            Body::Epoch(reason) => (format!("epoch: {reason}"), String::new()),
            Body::Event { event, .. } if event.action.kind() == Kind::LOG => {
                (event.action.to_string(), about(event))
            }
            Body::Event { .. } => return,
            Body::Unread => ("not understood".to_owned(), String::new()),
        };
        let stream = seen.frame.streams.get(seen.entry.stream);
        self.listing.push(|| {
            vec![
                Cell::Time(seen.entry.ts),
                stream.map_or(Cell::Nothing, Cell::text),
                Cell::Number(seen.entry.seq),
                Cell::text(what),
                Cell::text(about),
            ]
        });
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let rotations = self.rotations;
        vec![Section {
            id: "log",
            title: "The log about itself",
            about: format!(
                "Starts, ends, recoveries, clock steps, lags and changes of keys by the log key; {rotations} ordinary \
                 changes of epoch keys are not listed."
            ),
            columns: &COLUMNS,
            rows: self.listing.rows.clone(),
            omitted: self.listing.omitted,
            totals: Vec::new(),
        }]
    }
}

fn about(event: &Event) -> String {
    let subject = &event.subject;
    let parts = [
        subject.peer.as_ref().map(ToString::to_string),
        subject
            .clock
            .map(|clock| format!("{} instead of {}", shown(clock.found), shown(clock.expected))),
        subject.span.map(|span| format!("records {} to {}", span.first(), span.last())),
        subject.items.map(|items| format!("{items} records")),
        event.phase.outcome().map(ended),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
