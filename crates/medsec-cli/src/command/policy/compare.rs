//! What differs between two policies: who gains and who loses what, and what else was edited.

use std::collections::BTreeSet;

use medsec_policy::{
    Bundle, Change, DiffError, Direction, MAX_DIFF_DECISIONS, Proof, Purpose, Settings, Under, diff,
};
use serde_json::{Value, json};

use super::flat;
use crate::custody::InForce;
use crate::report::Report;

/// Lines that people are shown; JSON has all.
const SHOWN: usize = 100;

/// Whether two policies say the same, whatever their place in their lines.
pub(crate) fn same_contents(old: &Bundle, new: &Bundle) -> bool {
    old.name() == new.name()
        && old.settings() == new.settings()
        && old.assignments() == new.assignments()
        && old.rules().eq(new.rules())
}

/// What differs.
pub(super) struct Comparison {
    /// What either policy accepts.
    accepted: BTreeSet<Purpose>,
    changes: Result<Vec<Change>, DiffError>,
    /// Name, old value, new value.
    settings: Vec<(String, String, String)>,
    /// Files and names that came, went or were edited.
    edited: Vec<String>,
    same: bool,
}

impl Comparison {
    pub(super) fn of(old: &InForce, new: &InForce) -> Self {
        let (before, after) = (&old.bundle, &new.bundle);
        let (old_purposes, new_purposes) =
            (&before.settings().purposes, &after.settings().purposes);
        Self {
            accepted: old_purposes.union(new_purposes).copied().collect(),
            changes: diff(&old.engine, &new.engine, MAX_DIFF_DECISIONS),
            settings: differing(before.settings(), after.settings()),
            edited: edited(before, after),
            same: same_contents(before, after),
        }
    }

    pub(super) const fn is_same(&self) -> bool {
        self.same
    }

    /// Adds it to a report.
    pub(super) fn tell(&self, mut report: Report) -> Report {
        let mut lines = Vec::new();
        match &self.changes {
            Ok(changes) => lines.extend(changes.iter().map(|change| line(change, &self.accepted))),
            Err(error) => lines.push(format!("who gains and loses what is not known: {error}")),
        }
        lines.extend(
            self.settings.iter().map(|(name, old, new)| format!("set     {name}: {old} → {new}")),
        );
        lines.extend(self.edited.iter().map(|what| format!("edited  {what}")));
        let more = lines.len().saturating_sub(SHOWN);
        lines.truncate(SHOWN);
        if more > 0 {
            lines.push(format!("… and {more} more; --json has all"));
        }
        for line in lines {
            report = report.line(line);
        }
        let setting = |(name, old, new): &(String, String, String)| json!({ "setting": name, "old": old, "new": new });
        let changes = self.changes.as_ref().ok();
        report
            .field("same", self.same)
            .field("changes", changes.map(|all| all.iter().map(value).collect::<Vec<_>>()))
            .field("settings_changed", self.settings.iter().map(setting).collect::<Vec<_>>())
            .field("edited", self.edited.clone())
    }
}

/// Settings with another value; those of an issuer that only one of them has, too.
fn differing(before: &Settings, after: &Settings) -> Vec<(String, String, String)> {
    let (before, after) = (flat::settings(before), flat::settings(after));
    let of = |all: &[(String, String)], name: &str| {
        let found = all.iter().find(|(own, _)| own == name);
        found.map_or_else(|| "none".to_owned(), |(_, value)| value.clone())
    };
    let new = after.iter().filter(|(name, _)| before.iter().all(|(own, _)| own != name));
    let names = before.iter().chain(new).map(|(name, _)| name);
    let both = names.map(|name| (name.clone(), of(&before, name), of(&after, name)));
    both.filter(|(_, old, new)| old != new).collect()
}

/// Files of rules and names of principals and data sets that came, went or are otherwise.
fn edited(old: &Bundle, new: &Bundle) -> Vec<String> {
    let mut found = Vec::new();
    if old.name() != new.name() {
        found.push(format!("name: {} → {}", old.name(), new.name()));
    }
    let files = |bundle: &Bundle| -> BTreeSet<(String, String)> {
        bundle
            .rules()
            .map(|(name, text)| (format!("rules/{name}.cedar"), text.to_owned()))
            .collect()
    };
    let (before, after) = (files(old), files(new));
    let names: BTreeSet<&String> =
        before.symmetric_difference(&after).map(|(name, _)| name).collect();
    found.extend(names.into_iter().cloned());
    let (was, is) = (old.assignments(), new.assignments());
    if was != is {
        found.push("roles.toml".to_owned());
    }
    let people = |found: &mut Vec<String>,
                  from: &medsec_policy::Assignments,
                  to: &medsec_policy::Assignments,
                  what| {
        let missing = from.principals.keys().filter(|id| !to.principals.contains_key(*id));
        found.extend(missing.map(|id| format!("principal `{id}` {what}")));
        let missing = from.datasets.keys().filter(|id| !to.datasets.contains_key(*id));
        found.extend(missing.map(|id| format!("data set `{id}` {what}")));
    };
    people(&mut found, was, is, "removed");
    people(&mut found, is, was, "added");
    found
}

const fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Gains => "gains",
        Direction::Loses => "loses",
    }
}

/// `gains   bela (clinician): open package:ct-2026 for COC, TREAT`
fn line(change: &Change, accepted: &BTreeSet<Purpose>) -> String {
    let roles = match change.roles.is_empty() {
        true => String::new(),
        false => format!(" ({})", flat::listed(&change.roles)),
    };
    format!(
        "{:7} {}{roles}: {} {}{}{}",
        verb(change.direction),
        flat::listed(&change.principals),
        change.action,
        change.resource,
        purposes(&change.purposes, accepted),
        under(&change.under),
    )
}

fn purposes(purposes: &BTreeSet<Option<Purpose>>, accepted: &BTreeSet<Purpose>) -> String {
    let codes: BTreeSet<Purpose> = purposes.iter().flatten().copied().collect();
    let listed = if codes == *accepted { "any purpose".to_owned() } else { flat::listed(&codes) };
    match (purposes.contains(&None), codes.is_empty()) {
        (true, true) => " without a purpose".to_owned(),
        (true, false) => format!(" for {listed} or none"),
        (false, _) => format!(" for {listed}"),
    }
}

/// What must hold besides; nothing where the change holds under all circumstances.
fn under(under: &BTreeSet<Under>) -> String {
    let some = |holds: &dyn Fn(&Under) -> bool| under.iter().any(holds);
    let emergency = match (some(&|u| u.emergency), some(&|u| !u.emergency)) {
        (true, false) => ", under an open emergency",
        (false, true) => ", without an emergency",
        _ => "",
    };
    let (best, one, old) = (
        some(&|u| u.proof == Proof::Best),
        some(&|u| u.proof == Proof::OneFactor),
        some(&|u| u.proof == Proof::Old),
    );
    let proof = match (best, one, old) {
        (true, false, false) => ", proven just now with two factors",
        (true, true, false) => ", proven just now",
        (true, false, true) => ", with two factors",
        (false, true, true) => ", proven with one factor or long ago",
        (false, true, false) => ", proven with one factor",
        (false, false, true) => ", proven long ago",
        _ => "",
    };
    format!("{emergency}{proof}")
}

fn value(change: &Change) -> Value {
    let names = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>();
    json!({
        "direction": verb(change.direction),
        "action": change.action.name(),
        "resource": change.resource.to_string(),
        "principals": names(&mut change.principals.iter().map(ToString::to_string)),
        "roles": names(&mut change.roles.iter().map(ToString::to_string)),
        "purposes": change.purposes.iter().map(|p| p.map(Purpose::name)).collect::<Vec<_>>(),
        "circumstances": under(&change.under).trim_start_matches(", "),
    })
}
