//! Holds records against the rules.

mod clock;
mod events;
mod verdicts;

use std::collections::{BTreeMap, HashMap, VecDeque};

use medsec_audit::{Action, Event, LogTime, Outcome, PrincipalId, StreamName};

use super::super::entry::Entry;
use super::super::report::Emergencies;
use super::super::when::{DAY, after, before};
use super::rules::{Expected, Rules};
use super::{Alert, State};
use crate::failure::Failure;

/// Most principals whose denials are counted, and keys whose rotations are watched.
const MAX_WATCHED: usize = 10_000;

pub(crate) struct Judge<'r> {
    rules: &'r Rules,
    off_hours: Option<Expected>,
    streams: Vec<StreamName>,
    /// The oldest record of all.
    begun: Option<LogTime>,
    /// Records before it are past: they may be open, but nothing about them is news.
    recent: LogTime,
    /// By principal; failed logins of nobody known together.
    denials: HashMap<Option<PrincipalId>, VecDeque<LogTime>>,
    emergencies: Emergencies,
    /// Keys, and when each was made or rotated last.
    keys: BTreeMap<String, LogTime>,
    newest: Vec<Option<LogTime>>,
    alerts: Vec<Alert>,
}

impl<'r> Judge<'r> {
    pub(crate) fn new(
        rules: &'r Rules,
        streams: &[StreamName],
        begun: Option<LogTime>,
        recent: LogTime,
        keys: BTreeMap<String, LogTime>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            begun,
            rules,
            off_hours: rules.off_hours()?,
            streams: streams.to_vec(),
            recent,
            denials: HashMap::new(),
            emergencies: Emergencies::default(),
            keys,
            newest: vec![None; streams.len()],
            alerts: Vec::new(),
        })
    }

    /// When the newest record of each stream was written.
    pub(crate) fn newest(&self) -> &[Option<LogTime>] {
        &self.newest
    }

    /// Keys, and when each was made or rotated last.
    pub(crate) const fn keys(&self) -> &BTreeMap<String, LogTime> {
        &self.keys
    }

    /// What matched since it was asked last.
    pub(crate) fn take_alerts(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.alerts)
    }

    fn stream(&self, entry: &Entry) -> Option<String> {
        self.streams.get(entry.stream).map(ToString::to_string)
    }

    /// Looks at one record, in the order of time.
    pub(crate) fn look(&mut self, entry: &Entry, state: &State) {
        if let Some(newest) = self.newest.get_mut(entry.stream) {
            *newest = Some(entry.ts);
        }
        self.emergencies.add(entry);
        let Some(event) = entry.event() else { return };
        self.remember_key(event, entry.ts);
        if entry.ts < self.recent {
            return;
        }
        self.look_for_denials(event, entry, state);
        self.look_for_emergency(event, entry);
        self.look_for_off_hours(event, entry);
    }

    fn remember_key(&mut self, event: &Event, time: LogTime) {
        let success = event.phase.outcome() == Some(Outcome::Success);
        let Some(key) = event.subject.key.as_ref().filter(|_| success) else { return };
        let name = key.name.as_str();
        match event.action {
            Action::KeyDestroy if key.version.is_none() => {
                self.keys.remove(name);
            }
            Action::KeyCreate | Action::KeyRotate
                if self.keys.len() < MAX_WATCHED || self.keys.contains_key(name) =>
            {
                self.keys.insert(name.to_owned(), time);
            }
            _ => {}
        }
    }

    /// Looks at what is missing rather than there.
    pub(crate) fn look_at_clock(&mut self, now: LogTime) {
        self.look_for_stale(now);
        self.look_for_unreviewed(now);
        self.look_for_reviews(now);
        self.look_for_rotations(now);
    }

    /// Moves on: what is older is past.
    pub(crate) fn forget_before(&mut self, now: LogTime) {
        let day_ago = before(now, DAY);
        self.recent = self.recent.max(day_ago);
        let minutes = self.rules.denials.map_or(0, |rule| rule.minutes).saturating_mul(60_000);
        self.denials
            .retain(|_, times| times.back().is_some_and(|last| after(*last, minutes) >= now));
    }
}

#[cfg(test)]
mod tests {
    use medsec_audit::{Count, KekName, KekVersion, Phase, Subject};

    use super::*;
    use crate::audit::watch::DEFAULT;
    use crate::audit::when::at;

    /// A key got a new version.
    fn rotated(name: &str) -> Event {
        let mut subject = Subject::default();
        let (name, version) = (KekName::new(name).unwrap(), Some(Count::from(2)));
        subject.key = Some(KekVersion { name, version });
        let place = crate::recording::place().unwrap();
        let phase = Phase::Single { request: None, outcome: Outcome::Success };
        let actor = medsec_audit::Actor::System;
        let (purpose, ruling, session) = (None, None, None);
        let action = Action::KeyRotate;
        Event { actor, action, phase, subject, purpose, place, ruling, session }
    }

    #[test]
    fn of_as_many_keys_as_are_watched_a_rotation_counts_and_a_new_one_does_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), DEFAULT).unwrap();
        let rules = Rules::load(file.path()).unwrap();
        let keys = (0..MAX_WATCHED).map(|number| (format!("key-{number}"), at(1000))).collect();
        let mut judge = Judge::new(&rules, &[], None, at(0), keys).unwrap();
        judge.remember_key(&rotated("key-7"), at(2000));
        judge.remember_key(&rotated("another"), at(2000));
        assert_eq!(judge.keys().get("key-7"), Some(&at(2000)));
        assert_eq!(judge.keys().get("another"), None);
    }
}
