//! What a record by itself, or with those before it, has to tell.

use medsec_audit::{Action, Event, Kind, Outcome};

use super::super::{Alert, Rule, State};
use super::{Judge, MAX_WATCHED};
use crate::audit::entry::Entry;
use crate::audit::when::{before, date, now, shown};

impl Judge<'_> {
    pub(super) fn look_for_denials(&mut self, event: &Event, entry: &Entry, state: &State) {
        let Some(rule) = self.rules.denials else { return };
        let Some(who) = event.actor.principal() else { return };
        if !matches!(event.phase.outcome(), Some(Outcome::Denied(_))) {
            return;
        }
        // Those that an alert has told of do not count again.
        let told = state.told(&format!("{}|{}", Rule::Denials.name(), who.id), now());
        if told.is_some_and(|told| entry.ts <= told) {
            return;
        }
        if self.denials.len() >= MAX_WATCHED && !self.denials.contains_key(&who.id) {
            let oldest = before(entry.ts, rule.minutes.saturating_mul(60_000));
            self.denials.retain(|_, times| times.back().is_some_and(|last| *last >= oldest));
        }
        let times = self.denials.entry(who.id.clone()).or_default();
        times.push_back(entry.ts);
        let oldest = before(entry.ts, rule.minutes.saturating_mul(60_000));
        while times.front().is_some_and(|first| *first < oldest) {
            times.pop_front();
        }
        if times.len() < rule.count {
            return;
        }
        times.clear();
        let alert = Alert {
            rule: Rule::Denials,
            about: who.id.to_string(),
            time: entry.ts,
            text: format!(
                "{} was denied {} times within {} minutes",
                who.id, rule.count, rule.minutes
            ),
            stream: self.stream(entry),
            principal: Some(who.id.to_string()),
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
