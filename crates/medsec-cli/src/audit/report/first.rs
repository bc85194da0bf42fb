//! Persons who opened a data set for the first time.

use medsec_audit::{Actor, Outcome};

use super::super::when::shown;
use super::ledger::{Distinct, Listing};
use super::people::is_open;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen, Within};

const COLUMNS: [Column; 4] = [
    column("time", "time (UTC)"),
    column("principal", "person"),
    column("dataset", "data set"),
    column("package", "package"),
];

#[derive(Default)]
pub(super) struct FirstAccess {
    known: Distinct<(Box<str>, Box<str>)>,
    listing: Listing,
}

impl Part for FirstAccess {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some(event) = seen.entry.event().filter(|event| is_open(event)) else { return };
        let Actor::Person(who) = &event.actor else { return };
        let Some(dataset) = &event.subject.dataset else { return };
        if seen.within == Within::After || event.phase.outcome() != Some(Outcome::Success) {
            return;
        }
        let fresh = self.known.insert((who.id.as_str().into(), dataset.as_str().into()));
        if fresh && seen.within == Within::Period {
            self.listing.push(|| {
                let package = event.subject.package.map_or(Cell::Nothing, Cell::text);
                vec![Cell::Time(seen.entry.ts), Cell::text(&who.id), Cell::text(dataset), package]
            });
        }
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        let full = match self.known.is_full() {
            true => {
                " There are more than a million pairs of person and data set; later ones were not looked at."
            }
            false => "",
        };
        let since = shown(frame.baseline);
        vec![Section {
            id: "first-access",
            title: "First access of a person to a data set",
            about: format!(
                "Persons who opened a data set that they had not opened since {since} (UTC).{full}"
            ),
            columns: &COLUMNS,
            rows: self.listing.rows.clone(),
            omitted: self.listing.omitted,
            totals: Vec::new(),
        }]
    }
}
