//! What a record by itself, or with those before it, has to tell.

use medsec_audit::{Action, Event, Kind, Outcome, PrincipalId};

use super::super::{Alert, Rule, State};
use super::{Judge, MAX_WATCHED};
use crate::audit::entry::Entry;
use crate::audit::when::{before, date, now, shown};

/// Stands for all who could not prove who they are. No principal has such a name.
const UNKNOWN: &str = "nobody known";

impl Judge<'_> {
    pub(super) fn look_for_denials(&mut self, event: &Event, entry: &Entry, state: &State) {
        let Some(rule) = self.rules.denials else { return };
        let who = event.actor.principal().map(|who| who.id.clone());
        if !is_counted(event, who.is_some()) {
            return;
        }
        let about = who.as_ref().map_or_else(|| UNKNOWN.to_owned(), PrincipalId::to_string);
        // Those that an alert has told of do not count again.
        let told = state.told(&format!("{}|{about}", Rule::Denials.name()), now());
        if told.is_some_and(|told| entry.ts <= told) {
            return;
        }
        if self.denials.len() >= MAX_WATCHED && !self.denials.contains_key(&who) {
            let oldest = before(entry.ts, rule.minutes.saturating_mul(60_000));
            self.denials.retain(|_, times| times.back().is_some_and(|last| *last >= oldest));
        }
        let times = self.denials.entry(who.clone()).or_default();
        times.push_back(entry.ts);
        let oldest = before(entry.ts, rule.minutes.saturating_mul(60_000));
        while times.front().is_some_and(|first| *first < oldest) {
            times.pop_front();
        }
        if times.len() < rule.count {
            return;
        }
        times.clear();
        let (count, minutes) = (rule.count, rule.minutes);
        let text = match &who {
            Some(who) => format!("{who} was denied {count} times within {minutes} minutes"),
            None => format!("{count} logins of nobody known failed within {minutes} minutes"),
        };
        let alert = Alert {
            rule: Rule::Denials,
            about,
            time: entry.ts,
            text,
            stream: self.stream(entry),
            principal: who.map(|who| who.to_string()),
            seq: Some(entry.seq),
        };
        self.alerts.push(alert);
    }

    pub(super) fn look_for_emergency(&mut self, event: &Event, entry: &Entry) {
        let wanted = self.rules.emergency.is_some_and(|rule| rule.started);
        let started = event.action == Action::EmergencyStart;
        if !wanted || !started || event.phase.outcome() != Some(Outcome::Success) {
            return;
        }
        let who = event.actor.principal().map(|who| who.id.to_string());
        let stream = self.stream(entry);
        let alert = Alert {
            rule: Rule::EmergencyStarted,
            about: format!("{}:{}", stream.as_deref().unwrap_or_default(), entry.seq),
            time: entry.ts,
            text: format!("{} claimed emergency access", who.as_deref().unwrap_or("somebody")),
            stream,
            principal: who,
            seq: Some(entry.seq),
        };
        self.alerts.push(alert);
    }

    pub(super) fn look_for_off_hours(&mut self, event: &Event, entry: &Entry) {
        let Some(expected) = &self.off_hours else { return };
        let Some(who) = event.actor.principal() else { return };
        let counts = event.action.kind() == Kind::ACCESS && event.phase.outcome().is_some();
        if !counts || !expected.hours.covers(entry.ts) || expected.except.contains(&who.id) {
            return;
        }
        let day = date(expected.hours.offset.local(entry.ts).day);
        let alert = Alert {
            rule: Rule::OffHours,
            about: format!("{}|{day}", who.id),
            time: entry.ts,
            text: format!(
                "{}: {} at {} (UTC), which is off hours",
                who.id,
                event.action,
                shown(entry.ts)
            ),
            stream: self.stream(entry),
            principal: Some(who.id.to_string()),
            seq: Some(entry.seq),
        };
        self.alerts.push(alert);
    }
}

/// Of whoever is known, what was denied; of nobody known, the logins that failed, whatever they came for.
fn is_counted(event: &Event, known: bool) -> bool {
    match event.action {
        Action::LoginFailure => true,
        _ => known && matches!(event.phase.outcome(), Some(Outcome::Denied(_))),
    }
}
