//! Holds records against the rules.

use std::collections::{BTreeMap, HashMap, VecDeque};

use medsec_audit::{Action, Event, Kind, LogTime, Outcome, PrincipalId, StreamName};

use super::super::entry::Entry;
use super::super::report::{Checked, CheckedStream, Emergencies};
use super::super::when::{DAY, after, before, date, now, shown};
use super::rules::{Expected, Rules};
use super::{Alert, Rule, State};
use crate::failure::Failure;

/// Most principals whose denials are counted, and keys whose rotations are watched.
const MAX_WATCHED: usize = 10_000;
/// Most spans without a review that are told of at a time.
const MAX_GAPS: usize = 10;

pub(crate) struct Judge<'r> {
    rules: &'r Rules,
    off_hours: Option<Expected>,
    streams: Vec<StreamName>,
    /// The oldest record of all.
    begun: Option<LogTime>,
    /// Records before it are past: they may be open, but nothing about them is news.
    recent: LogTime,
    denials: HashMap<PrincipalId, VecDeque<LogTime>>,
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
    ) -> Result<Self, Failure> {
        Ok(Self {
            begun,
            rules,
            off_hours: rules.off_hours()?,
            streams: streams.to_vec(),
            recent,
            denials: HashMap::new(),
            emergencies: Emergencies::default(),
            keys: BTreeMap::new(),
            newest: vec![None; streams.len()],
            alerts: Vec::new(),
        })
    }

    /// When the newest record of each stream was written.
    pub(crate) fn newest(&self) -> &[Option<LogTime>] {
        &self.newest
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
            Action::KeyCreate | Action::KeyRotate if self.keys.len() < MAX_WATCHED => {
                self.keys.insert(name.to_owned(), time);
            }
            _ => {}
        }
    }

    fn look_for_denials(&mut self, event: &Event, entry: &Entry, state: &State) {
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

    fn look_for_emergency(&mut self, event: &Event, entry: &Entry) {
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

    fn look_for_off_hours(&mut self, event: &Event, entry: &Entry) {
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

    /// Looks at what is missing rather than there.
    pub(crate) fn look_at_clock(&mut self, now: LogTime) {
        self.look_for_stale(now);
        self.look_for_unreviewed(now);
        self.look_for_reviews(now);
        self.look_for_rotations(now);
    }

    fn look_for_stale(&mut self, now: LogTime) {
        let Some(rule) = self.rules.stale else { return };
        let oldest = before(now, rule.minutes.saturating_mul(60_000));
        for (stream, newest) in self.streams.iter().zip(&self.newest) {
            let time = newest.unwrap_or(self.recent);
            if time >= oldest {
                continue;
            }
            let since = newest.map_or_else(
                || "nothing was read".to_owned(),
                |time| format!("the newest is of {time}"),
            );
            self.alerts.push(Alert {
                rule: Rule::Stale,
                about: format!(
                    "{stream}|{}",
                    newest.map_or_else(String::new, |time| time.to_string())
                ),
                time,
                text: format!("{stream}: no record for {} minutes; {since}", rule.minutes),
                stream: Some(stream.to_string()),
                principal: None,
                seq: None,
            });
        }
    }

    fn look_for_unreviewed(&mut self, now: LogTime) {
        let Some(rule) = self.rules.emergency else { return };
        let due = before(now, rule.review_days.saturating_mul(DAY));
        for known in self.emergencies.all.iter().filter(|known| known.last < due) {
            if self.emergencies.reviews.by_another(&known.who, known.span()).is_some() {
                continue;
            }
            let (at, seq) = known.at;
            let stream = self.streams.get(at).map(ToString::to_string);
            self.alerts.push(Alert {
                rule: Rule::EmergencyUnreviewed,
                about: format!("{}:{seq}", stream.as_deref().unwrap_or_default()),
                time: known.last,
                text: format!(
                    "the emergency of {} at {} (UTC) was not reviewed by anybody else for {} days",
                    known.who,
                    shown(known.first),
                    rule.review_days
                ),
                stream,
                principal: Some(known.who.to_string()),
                seq: Some(seq),
            });
        }
    }

    fn look_for_reviews(&mut self, now: LogTime) {
        let Some(rule) = self.rules.review else { return };
        let due = before(now, rule.days.saturating_mul(DAY));
        // What came before the log, or before what is looked at, is not held against anybody.
        let history = before(now, self.rules.watch.history_days.saturating_mul(DAY));
        let since = self.begun.map_or(history, |begun| begun.max(history));
        let gaps = self.emergencies.reviews.gaps(since, now).into_iter();
        for (open, _) in gaps.filter(|(open, _)| *open < due).take(MAX_GAPS) {
            let text = format!("nobody has reviewed what is after {} (UTC)", shown(open));
            self.alerts.push(Alert {
                rule: Rule::Review,
                // The beginning of what is looked at moves on; it is the same gap nevertheless.
                about: if open == since { "start".to_owned() } else { open.to_string() },
                time: open,
                text,
                stream: None,
                principal: None,
                seq: None,
            });
        }
    }

    fn look_for_rotations(&mut self, now: LogTime) {
        let Some(rule) = self.rules.rotation else { return };
        let due = before(now, rule.days.saturating_mul(DAY));
        for (key, time) in self.keys.iter().filter(|(_, time)| **time < due) {
            self.alerts.push(Alert {
                rule: Rule::Rotation,
                about: format!("{key}|{time}"),
                time: *time,
                text: format!(
                    "key {key} was not rotated for {} days, since {} (UTC)",
                    rule.days,
                    shown(*time)
                ),
                stream: None,
                principal: None,
                seq: None,
            });
        }
    }

    /// Tells of every stream that is not whole, or could not be checked, or that the anchor should know and does not.
    pub(crate) fn look_at_verdicts(&mut self, checked: &Checked, now: LogTime) {
        for (newest, checked) in self.newest.iter_mut().zip(&checked.streams) {
            *newest = checked.report.as_ref().and_then(|report| report.last).or(*newest);
        }
        let bad = checked.streams.iter().filter(|checked| checked.exit().is_some());
        self.alerts.extend(bad.map(|checked| bad_stream(checked, now)));
        let unanchored = checked.streams.iter().filter(|checked| checked.lacks_anchor());
        self.alerts.extend(unanchored.map(|checked| {
            let (stream, anchor) = (&checked.stream, checked.anchor());
            let text = format!("{stream}: the anchor {anchor}; a cut at the end would not show");
            Alert::of_state(Rule::Anchor, Some(stream), anchor, now, text)
        }));
    }

    /// Tells of a stream that could not be read; of all of them, where it is not known which.
    pub(crate) fn look_at_failure(
        &mut self,
        stream: Option<usize>,
        failure: &Failure,
        now: LogTime,
    ) {
        let stream = stream.and_then(|at| self.streams.get(at));
        let name = stream.map_or("the log", StreamName::as_str);
        let text = format!("{name} cannot be read: {}", failure.message);
        let what = format!("unread-{}", failure.exit.name());
        self.alerts.push(Alert::of_state(Rule::Verify, stream, what, now, text));
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

fn bad_stream(checked: &CheckedStream, now: LogTime) -> Alert {
    let (stream, verdict) = (&checked.stream, checked.name());
    let size = checked.report.as_ref().map_or(0, |report| report.size);
    let text = format!("{stream} is {verdict}: {}", checked.findings());
    Alert::of_state(Rule::Verify, Some(stream), format!("{verdict}|{size}"), now, text)
}
