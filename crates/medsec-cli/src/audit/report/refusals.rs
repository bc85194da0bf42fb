//! What was denied, and what failed.

use std::collections::BTreeSet;

use medsec_audit::{Outcome, PrincipalId};

use super::super::print::reason;
use super::ledger::{Ledger, Times};
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 6] = [
    column("reason", "reason"),
    column("action", "action"),
    column("times", "times"),
    column("principals", "principals"),
    column("first", "first"),
    column("last", "last"),
];
/// Most principals of a reason that are told apart.
const MAX_PRINCIPALS: usize = 10_000;

/// By outcome, reason and action.
#[derive(Default)]
pub(super) struct Refusals {
    all: Ledger<(&'static str, &'static str, &'static str), Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    times: Times,
    principals: BTreeSet<PrincipalId>,
}

impl Part for Refusals {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, outcome)) = seen.ended() else { return };
        let Some(reason) = reason(outcome) else { return };
        let Some(totals) = self.all.of((outcome.name(), reason, event.action.name())) else {
            return;
        };
        totals.times.add(seen.entry.ts);
        if let Some(who) = event.actor.principal()
            && totals.principals.len() < MAX_PRINCIPALS
        {
            totals.principals.insert(who.id.clone());
        }
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let section = |id, title, about: &str, outcome: &str| {
            let rows = self.all.ranked(|totals| totals.times.count).into_iter();
            let rows = rows.filter(|((own, ..), _)| *own == outcome);
            let rows = rows.map(|((_, reason, action), totals)| {
                let people = u64::try_from(totals.principals.len()).unwrap_or(u64::MAX);
                let full = totals.principals.len() >= MAX_PRINCIPALS;
                let people = if full { Cell::AtLeast(people) } else { Cell::Number(people) };
                let [first, last] = totals.times.cells();
                let times = Cell::Number(totals.times.count);
                vec![Cell::text(reason), Cell::text(action), times, people, first, last]
            });
            let (about, rows) = (about.into(), rows.collect());
            let (omitted, totals) = (self.all.left_out(), Vec::new());
            Section { id, title, about, columns: &COLUMNS, rows, omitted, totals }
                .summed("times")
                .limited()
        };
        let denied = Outcome::Denied(medsec_audit::Denial::Policy).name();
        let failed = Outcome::Failure(medsec_audit::Failure::Io).name();
        vec![
            section(
                "denials",
                "Denials by reason",
                "What was not permitted and not done. Single ones: `medsec audit show --denied`.",
                denied,
            ),
            section(
                "failures",
                "Failures by reason",
                "What was permitted and not done, or not to its end.",
                failed,
            ),
        ]
    }
}
