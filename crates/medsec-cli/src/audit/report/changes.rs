//! Changes of rights, keys and policies.

use medsec_audit::{Event, Kind, Outcome};

use super::super::print::reason;
use super::ledger::Listing;
use super::section::{Cell, Column, Section, column};
use super::{Frame, Part, Seen};

const COLUMNS: [Column; 5] = [
    column("time", "time (UTC)"),
    column("who", "who"),
    column("action", "action"),
    column("about", "about"),
    column("outcome", "outcome"),
];

#[derive(Default)]
pub(super) struct Changes {
    rights: Listing,
    keys: Listing,
    policies: Listing,
}

impl Part for Changes {
    fn take(&mut self, seen: &Seen<'_>) {
        let Some((event, outcome)) = seen.ended() else { return };
        let kind = event.action.kind();
        let listing = if kind == Kind::RIGHTS {
            &mut self.rights
        } else if kind == Kind::KEY {
            &mut self.keys
        } else if kind == Kind::POLICY {
            &mut self.policies
        } else {
            return;
        };
        listing.push(|| {
            let who =
                event.actor.principal().map_or_else(|| event.actor.name(), |who| who.id.as_str());
            vec![
                Cell::Time(seen.entry.ts),
                Cell::text(who),
                Cell::text(event.action),
                Cell::text(about(event)),
                Cell::text(ended(outcome)),
            ]
        });
    }

    fn sections(&self, _: &Frame) -> Vec<Section> {
        let section = |id, title, about: &str, listing: &Listing| Section {
            id,
            title,
            about: about.into(),
            columns: &COLUMNS,
            rows: listing.rows.clone(),
            omitted: listing.omitted,
            totals: Vec::new(),
        };
        vec![
            section(
                "rights",
                "Changes of rights",
                "Who may use what: enrolled, granted, revoked, removed.",
                &self.rights,
            ),
            section(
                "keys",
                "Changes of keys",
                "Keys that were made, rotated, disabled, destroyed.",
                &self.keys,
            ),
            section(
                "policies",
                "Changes of the policy",
                "Policies that came into force, by their SHA-256.",
                &self.policies,
            ),
        ]
    }
}

fn about(event: &Event) -> String {
    let subject = &event.subject;
    let version = |version: medsec_audit::Count| format!(" version {version}");
    let key = subject.key.as_ref();
    let key =
        key.map(|key| format!("{}{}", key.name, key.version.map_or_else(String::new, version)));
    let parts = [
        subject.principal.as_ref().map(ToString::to_string),
        key,
        subject.dataset.as_ref().map(ToString::to_string),
        subject.policy.map(|policy| policy.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn ended(outcome: Outcome) -> String {
    match reason(outcome) {
        None => "ok".to_owned(),
        Some(reason) => format!("{}: {reason}", outcome.name()),
    }
}
