//! What was announced, and of which nothing says how it ended.

use std::collections::HashMap;

use medsec_audit::{Action, LogTime, PackageId, Phase, PrincipalId, RequestId};

use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen, Within};

const COLUMNS: [Column; 4] = [
    column("time", "announced (UTC)"),
    column("who", "who"),
    column("action", "action"),
    column("package", "package"),
];
/// Most operations that are watched at a time.
const MAX_OPEN: usize = 100_000;

#[derive(Default)]
pub(super) struct Unfinished {
    open: HashMap<RequestId, Announced>,
    left_out: u64,
}

#[derive(Debug)]
struct Announced {
    time: LogTime,
    who: Option<PrincipalId>,
    action: Action,
    package: Option<PackageId>,
}

impl Part for Unfinished {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some(event) = seen.entry.event() else { return };
        match event.phase {
            Phase::Intent { request } if seen.within == Within::Period => {
                if self.open.len() >= MAX_OPEN {
                    self.left_out = self.left_out.saturating_add(1);
                    return;
                }
                let who = event.actor.principal().map(|who| who.id.clone());
                let (time, action) = (seen.entry.ts, event.action);
                let package = event.subject.package;
                self.open.insert(request, Announced { time, who, action, package });
            }
            Phase::Intent { .. } => {}
            Phase::Ended { request, .. } | Phase::Single { request: Some(request), .. } => {
                self.open.remove(&request);
            }
            Phase::Single { request: None, .. } => {}
        }
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let mut open: Vec<_> = self.open.values().collect();
        open.sort_by_key(|announced| (announced.time, announced.package));
        let rows = open.into_iter().map(|announced| {
            let Announced { time, who, action, package } = announced;
            let who = who.as_ref().map_or(Cell::Nothing, Cell::text);
            vec![
                Cell::Time(*time),
                who,
                Cell::text(action),
                package.map_or(Cell::Nothing, Cell::text),
            ]
        });
        let section = Section {
            id: "unfinished",
            title: "Announced, and no word of its end",
            about: "Operations that were about to happen in the period and of which no record within a day says how \
                    they ended: still going on, or the process was killed."
                .into(),
            columns: &COLUMNS,
            rows: rows.collect(),
            omitted: self.left_out,
            totals: Vec::new(),
        };
        vec![section.limited()]
    }
}
