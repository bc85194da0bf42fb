//! What is missing, by the clock.

use std::time::Duration;

use medsec_audit::{CLOCK_TOLERANCE, LogTime};

use super::super::{Alert, Rule};
use super::Judge;
use crate::audit::when::{DAY, after, before, shown};

/// Most spans without a review that are told of at a time.
const MAX_GAPS: usize = 10;

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl Judge<'_> {
    pub(super) fn look_for_stale(&mut self, now: LogTime) {
        let Some(rule) = self.rules.stale else { return };
        let oldest = before(now, rule.minutes.saturating_mul(60_000));
        for (stream, newest) in self.streams.iter().zip(&self.newest) {
            let time = newest.unwrap_or(self.recent);
            let ahead = time > after(now, millis(CLOCK_TOLERANCE));
            if time >= oldest && !ahead {
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
                text: match ahead {
                    true => format!("{stream}: dated ahead of the clock here; {since}"),
                    false => format!("{stream}: no record for {} minutes; {since}", rule.minutes),
                },
                stream: Some(stream.to_string()),
                principal: None,
                seq: None,
            });
        }
    }

    pub(super) fn look_for_unreviewed(&mut self, now: LogTime) {
        let Some(rule) = self.rules.emergency else { return };
        let due = before(now, rule.review_days.saturating_mul(DAY));
        for known in self.emergencies.all.iter().filter(|known| known.last < due) {
            if self.emergencies.reviews.by_another(known).is_some() {
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

    pub(super) fn look_for_reviews(&mut self, now: LogTime) {
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

    pub(super) fn look_for_rotations(&mut self, now: LogTime) {
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
}
