//! Who opened what.

use medsec_audit::{Outcome, PrincipalId};

use super::ledger::{Distinct, Ledger, Times, count, short};
use super::people::is_open;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 7] = [
    column("principal", "principal"),
    column("dataset", "data set"),
    column("opens", "opens"),
    column("packages", "packages"),
    column("bytes", "content"),
    column("first", "first"),
    column("last", "last"),
];

/// One row for every principal and data set.
#[derive(Default)]
pub(super) struct Opened {
    all: Ledger<(PrincipalId, Box<str>), Totals>,
    packages: Distinct<(u32, u64)>,
    next: u32,
}

#[derive(Debug, Default)]
struct Totals {
    number: Option<u32>,
    packages: u64,
    bytes: u64,
    times: Times,
}

impl Part for Opened {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, Outcome::Success)) = seen.ended() else { return };
        let Some(who) = event.actor.principal().filter(|_| is_open(event)) else { return };
        let dataset = event.subject.dataset.as_ref().map_or("", |dataset| dataset.as_str());
        let Some(totals) = self.all.of((who.id.clone(), dataset.into())) else { return };
        let number = *totals.number.get_or_insert_with(|| {
            self.next = self.next.saturating_add(1);
            self.next
        });
        totals.times.add(seen.entry.ts);
        let bytes = event.subject.extent.map_or(0, |extent| extent.bytes.get());
        totals.bytes = totals.bytes.saturating_add(bytes);
        if let Some(package) = &event.subject.package
            && self.packages.insert((number, short(package)))
        {
            count(&mut totals.packages);
        }
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let rows = self.all.ranked(|totals| totals.times.count).into_iter();
        let rows = rows.map(|((id, dataset), totals)| {
            let [first, last] = totals.times.cells();
            vec![
                Cell::text(id),
                if dataset.is_empty() { Cell::Nothing } else { Cell::text(dataset) },
                Cell::Number(totals.times.count),
                self.packages.cell(totals.packages),
                Cell::Bytes(totals.bytes),
                first,
                last,
            ]
        });
        let section = Section {
            id: "opened",
            title: "Who opened what",
            about: "By principal and data set, most opens first. Single packages: `medsec audit show --principal ID \
                    --action open`."
                .into(),
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: self.all.left_out(),
            totals: Vec::new(),
        };
        vec![section.limited()]
    }
}
