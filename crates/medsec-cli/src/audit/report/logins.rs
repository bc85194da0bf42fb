//! Who was not let in.

use medsec_audit::{Action, PrincipalId};

use super::super::print::reason;
use super::ledger::{Ledger, Times};
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 5] = [
    column("principal", "principal"),
    column("reason", "reason"),
    column("times", "times"),
    column("first", "first"),
    column("last", "last"),
];

/// By principal and reason; names of nobody are not in the log.
#[derive(Default)]
pub(super) struct Logins {
    all: Ledger<(Option<PrincipalId>, &'static str), Times>,
}

impl Part for Logins {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, outcome)) = seen.ended() else { return };
        if event.action != Action::LoginFailure {
            return;
        }
        let who = event.actor.principal().map(|who| who.id.clone());
        if let Some(times) = self.all.of((who, reason(outcome).unwrap_or_default())) {
            times.add(seen.entry.ts);
        }
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let rows =
            self.all.ranked(|times| times.count).into_iter().map(|((who, reason), times)| {
                let [first, last] = times.cells();
                let who = who.as_ref().map_or_else(|| Cell::text("unknown"), Cell::text);
                vec![who, Cell::text(reason), Cell::Number(times.count), first, last]
            });
        let section = Section {
            id: "login-failures",
            title: "Login failures",
            about: "Who was not let in. A name that belongs to nobody is not recorded: `unknown`."
                .into(),
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: self.all.left_out(),
            totals: Vec::new(),
        };
        vec![section.summed("times").limited()]
    }
}
