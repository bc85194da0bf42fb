//! Who did how much.

use std::collections::HashMap;

use medsec_audit::{Action, Actor, Event, Kind, Outcome, PrincipalId};

use super::ledger::{Distinct, Ledger, Times, count, short};
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 11] = [
    column("principal", "principal"),
    column("is", "is"),
    column("opens", "opens"),
    column("packages", "packages"),
    column("datasets", "data sets"),
    column("bytes", "content"),
    column("seals", "seals"),
    column("denied", "denied"),
    column("failed", "failed"),
    column("off_hours", "off hours"),
    column("last", "last"),
];

/// One row for everybody who acted.
#[derive(Default)]
pub(super) struct People {
    all: Ledger<PrincipalId, Totals>,
    numbers: HashMap<PrincipalId, u32>,
    packages: Distinct<(u32, u64)>,
    datasets: Distinct<(u32, Box<str>)>,
}

#[derive(Debug, Default)]
struct Totals {
    service: bool,
    opens: u64,
    packages: u64,
    datasets: u64,
    bytes: u64,
    seals: u64,
    denied: u64,
    failed: u64,
    off_hours: u64,
    times: Times,
}

/// Content came out of a package.
pub(super) const fn is_open(event: &Event) -> bool {
    matches!(event.action, Action::Open | Action::ReadRange)
}

impl Part for People {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, outcome)) = seen.ended() else { return };
        let Some(who) = event.actor.principal() else { return };
        let Some(totals) = self.all.of(who.id.clone()) else { return };
        totals.service = matches!(event.actor, Actor::Service(_));
        totals.times.add(seen.entry.ts);
        match outcome {
            Outcome::Denied(_) => count(&mut totals.denied),
            Outcome::Failure(_) => count(&mut totals.failed),
            Outcome::Success => {}
        }
        let off = seen.frame.off_hours.is_some_and(|off| off.covers(seen.entry.ts));
        if off && event.action.kind() == Kind::ACCESS {
            count(&mut totals.off_hours);
        }
        // What failed on its way may have released a part.
        if is_open(event) {
            let bytes = event.subject.extent.map_or(0, |extent| extent.bytes.get());
            totals.bytes = totals.bytes.saturating_add(bytes);
        }
        if outcome != Outcome::Success {
            return;
        }
        if event.action == Action::Seal {
            count(&mut totals.seals);
        }
        if !is_open(event) {
            return;
        }
        count(&mut totals.opens);
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(who.id.clone()).or_insert(next);
        if let Some(package) = &event.subject.package
            && self.packages.insert((number, short(package)))
        {
            count(&mut totals.packages);
        }
        if let Some(dataset) = &event.subject.dataset
            && self.datasets.insert((number, dataset.as_str().into()))
        {
            count(&mut totals.datasets);
        }
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        let rows = self.all.ranked(|totals| totals.opens).into_iter();
        let off =
            |number| if frame.off_hours.is_some() { Cell::Number(number) } else { Cell::Nothing };
        let rows = rows.map(|(id, totals)| {
            vec![
                Cell::text(id),
                Cell::text(if totals.service { "service" } else { "person" }),
                Cell::Number(totals.opens),
                self.packages.cell(totals.packages),
                self.datasets.cell(totals.datasets),
                Cell::Bytes(totals.bytes),
                Cell::Number(totals.seals),
                Cell::Number(totals.denied),
                Cell::Number(totals.failed),
                off(totals.off_hours),
                Cell::time(totals.times.last),
            ]
        });
        let section = Section {
            id: "people",
            title: "Who did how much",
            about: "Everybody who acted in the period, most opens first. An open is a package, or ranges of one, \
                    that were opened; packages and data sets count once each."
                .into(),
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: self.all.left_out(),
            totals: Vec::new(),
        };
        vec![section.summed("opens").summed("bytes").limited()]
    }
}
