//! Access at times when nobody is expected to work.

use medsec_audit::{Kind, PrincipalId};

use super::super::when::date;
use super::ledger::{Ledger, Times, count};
use super::people::is_open;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 6] = [
    column("day", "day"),
    column("principal", "principal"),
    column("accesses", "accesses"),
    column("opens", "opens"),
    column("first", "first (UTC)"),
    column("last", "last (UTC)"),
];

/// By local day and principal.
#[derive(Default)]
pub(super) struct OffHoursUse {
    all: Ledger<(u64, PrincipalId), Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    opens: u64,
    times: Times,
}

impl Part for OffHoursUse {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, _)) = seen.ended() else { return };
        let Some(who) = event.actor.principal() else { return };
        let Some(off) = seen.frame.off_hours.filter(|off| off.covers(seen.entry.ts)) else {
            return;
        };
        if event.action.kind() != Kind::ACCESS {
            return;
        }
        let day = off.offset.local(seen.entry.ts).day;
        let Some(totals) = self.all.of((day, who.id.clone())) else { return };
        totals.times.add(seen.entry.ts);
        if is_open(event) {
            count(&mut totals.opens);
        }
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        // By day, whatever the numbers.
        let rows = self.all.ranked(|_| 0).into_iter().map(|((day, id), totals)| {
            let [first, last] = totals.times.cells();
            let numbers = [totals.times.count, totals.opens].map(Cell::Number);
            let [accesses, opens] = numbers;
            vec![Cell::text(date(*day)), Cell::text(id), accesses, opens, first, last]
        });
        let about = frame.off_hours.map_or_else(
            || "Not looked for: `--off-hours 19-7 --time-zone +01:00 --weekends` says when nobody works.".to_owned(),
            |off| format!("Accesses of any outcome at {off}, by local day."),
        );
        let section = Section {
            id: "off-hours",
            title: "Off hours",
            about,
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: self.all.left_out(),
            totals: Vec::new(),
        };
        vec![section.summed("accesses").limited()]
    }
}
