//! What a rule has to tell.

use std::fmt;

use medsec_audit::{LogTime, StreamName};
use serde_json::{Value, json};

use super::super::when::{DAY, date};

/// The rules, by their stable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    Denials,
    EmergencyStarted,
    EmergencyUnreviewed,
    Stale,
    Verify,
    Anchor,
    Review,
    Rotation,
    OffHours,
}

impl Rule {
    pub(crate) const ALL: [Self; 9] = [
        Self::Denials,
        Self::EmergencyStarted,
        Self::EmergencyUnreviewed,
        Self::Stale,
        Self::Verify,
        Self::Anchor,
        Self::Review,
        Self::Rotation,
        Self::OffHours,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Denials => "denials",
            Self::EmergencyStarted => "emergency-started",
            Self::EmergencyUnreviewed => "emergency-unreviewed",
            Self::Stale => "stale",
            Self::Verify => "verify",
            Self::Anchor => "anchor",
            Self::Review => "review",
            Self::Rotation => "rotation",
            Self::OffHours => "off-hours",
        }
    }
}

/// One match of a rule. Only what the log has: identifiers, numbers, times.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) rule: Rule,
    /// What of: with the rule, what makes two alerts the same.
    pub(crate) about: String,
    /// Of the newest record that it is about, or of the state that it tells of.
    pub(crate) time: LogTime,
    /// For people.
    pub(crate) text: String,
    pub(crate) stream: Option<String>,
    pub(crate) principal: Option<String>,
    /// The record that completed the match.
    pub(crate) seq: Option<u64>,
}

impl Alert {
    /// Of a state that lasts. It is told once a day, because somebody may have to be told again.
    pub(crate) fn of_state(
        rule: Rule,
        stream: Option<&StreamName>,
        what: impl fmt::Display,
        now: LogTime,
        text: String,
    ) -> Self {
        let day = date(now.unix_millis().checked_div(DAY).unwrap_or(0));
        let name = stream.map_or("", StreamName::as_str);
        Self {
            rule,
            about: format!("{name}|{what}|{day}"),
            time: now,
            text,
            stream: stream.map(ToString::to_string),
            principal: None,
            seq: None,
        }
    }

    /// Of something in the log that stays there, however it grows. It is told once.
    pub(crate) fn of_history(
        rule: Rule,
        stream: &StreamName,
        what: impl fmt::Display,
        now: LogTime,
        text: String,
    ) -> Self {
        let about = format!("{stream}|{what}");
        let stream = Some(stream.to_string());
        Self { rule, about, time: now, text, stream, principal: None, seq: None }
    }

    /// What it is remembered under.
    pub(crate) fn key(&self) -> String {
        format!("{}|{}", self.rule.name(), self.about)
    }

    /// One line of JSON, as the hook gets it.
    pub(crate) fn value(&self, log: &str, raised: LogTime) -> Value {
        json!({
            "medsec": env!("CARGO_PKG_VERSION"),
            "log": log,
            "alert": self.rule.name(),
            "about": self.about,
            "time": self.time.to_string(),
            "raised": raised.to_string(),
            "text": self.text,
            "stream": self.stream,
            "seq": self.seq,
            "principal": self.principal,
        })
    }
}
