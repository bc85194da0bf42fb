//! How much went on, by day and by hour, and the days on which nothing did.

use std::collections::BTreeMap;

use medsec_audit::{Kind, Outcome};

use super::super::when::{before, date};
use super::ledger::count;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen, Within};

const DAYS: [Column; 5] = [
    column("day", "day"),
    column("success", "done"),
    column("denied", "denied"),
    column("failed", "failed"),
    column("records", "records of any kind"),
];
const HOURS: [Column; 4] = [
    column("hour", "hour"),
    column("success", "done"),
    column("denied", "denied"),
    column("failed", "failed"),
];
const SILENT: [Column; 1] = [column("day", "day")];
/// Most days: more than ten years.
const MAX_DAYS: usize = 4000;

#[derive(Default)]
pub(super) struct Activity {
    days: BTreeMap<u64, Counts>,
    hours: [Counts; 24],
    /// The first day of which anything was read.
    first: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Done, denied, failed.
    accesses: [u64; 3],
    records: u64,
}

impl Counts {
    const fn add(&mut self, outcome: Outcome) {
        let [done, denied, failed] = &mut self.accesses;
        match outcome {
            Outcome::Success => count(done),
            Outcome::Denied(_) => count(denied),
            Outcome::Failure(_) => count(failed),
        }
    }
}

impl Part for Activity {
    fn take(&mut self, seen: &Seen<'_>) {
        let local = seen.frame.offset.local(seen.entry.ts);
        self.first = Some(self.first.map_or(local.day, |first| first.min(local.day)));
        if seen.within != Within::Period {
            return;
        }
        if self.days.len() >= MAX_DAYS && !self.days.contains_key(&local.day) {
            return;
        }
        let day = self.days.entry(local.day).or_default();
        count(&mut day.records);
        let Some((event, outcome)) = seen.ended() else { return };
        if event.action.kind() == Kind::ACCESS {
            day.add(outcome);
            if let Some(hour) = self.hours.get_mut(usize::from(local.hour)) {
                hour.add(outcome);
            }
        }
    }

    fn sections(&self, frame: &Frame) -> Vec<Section> {
        let zone = frame.offset;
        let days = self.all_days(frame).map(|day| {
            let counts = self.days.get(&day).copied().unwrap_or_default();
            let cells = counts.accesses.into_iter().chain([counts.records]).map(Cell::Number);
            std::iter::once(Cell::text(date(day))).chain(cells).collect()
        });
        let hours = (0_u8..).zip(&self.hours).map(|(hour, counts)| {
            let first = std::iter::once(Cell::text(format!("{hour:02}")));
            first.chain(counts.accesses.map(Cell::Number)).collect()
        });
        let silent = self.all_days(frame).filter(|day| !self.days.contains_key(day));
        // Before the log began there was nothing to be silent.
        let silent = silent.filter(|day| self.first.is_none_or(|first| *day > first));
        let section = |id, title, about: String, columns, rows| Section {
            id,
            title,
            about,
            columns,
            rows,
            omitted: 0,
            totals: Vec::new(),
        };
        vec![
            section(
                "silent-days",
                "Days without any record",
                "A writer that runs records at least that it does, every ten minutes: on these days none ran, or its \
                 records are missing."
                    .into(),
                &SILENT,
                silent.map(|day| vec![Cell::text(date(day))]).collect(),
            )
            .limited(),
            section("days", "Accesses by day", format!("Days of {zone}."), &DAYS, days.collect()),
            section("hours", "Accesses by hour", format!("Hours of {zone}."), &HOURS, hours.collect()),
        ]
    }
}

impl Activity {
    /// The days of the period, up to the present.
    #[expect(clippy::unused_self, reason = "reads as what it is of")]
    fn all_days(&self, frame: &Frame) -> impl Iterator<Item = u64> + use<> {
        let end = frame.until.min(frame.generated);
        let first = frame.offset.local(frame.from).day;
        let last = frame.offset.local(before(end, 1)).day;
        let days = first..=last;
        days.take(if frame.from < end { MAX_DAYS } else { 0 })
    }
}
