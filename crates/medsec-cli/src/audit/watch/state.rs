//! What a watch remembers from one run to the next.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use medsec_audit::{AuditLog, Known, LogTime, StreamName};
use serde::{Deserialize, Serialize};

use super::super::check::CheckedStream;
use super::super::entry::{Body, Entry};
use super::super::when::{DAY, before};
use super::metrics::replace;
use super::{Alert, Rule};
use crate::exit::Exit;
use crate::failure::Failure;

/// Longest file in bytes.
const MAX_LEN: usize = 32 << 20;
/// Most alerts that are remembered.
const MAX_TOLD: usize = 50_000;
/// How long at least, in days.
const KEEP: u64 = 800;

/// The file as it is written.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    version: u32,
    /// Id of the log.
    log: String,
    /// Alerts by their keys: the time of what they told of.
    told: BTreeMap<String, String>,
    /// By stream, the first record that is not counted yet.
    counted: BTreeMap<String, u64>,
    /// Records by kind and outcome.
    totals: BTreeMap<String, u64>,
    /// Alerts by rule.
    alerts: BTreeMap<String, u64>,
    /// By stream, size and root of what was verified last.
    verified: BTreeMap<String, (u64, String)>,
    /// Keys, and when each was made or rotated last.
    #[serde(default)]
    keys: BTreeMap<String, String>,
    /// When all had been looked at, keys too; none before the first time.
    #[serde(default)]
    looked: Option<String>,
}

pub(crate) struct State {
    path: PathBuf,
    saved: Saved,
    told: BTreeMap<String, LogTime>,
    changed: bool,
}

impl State {
    /// Reads the file; a new watch has none.
    pub(crate) fn load(path: &Path, log: &AuditLog) -> Result<Self, Failure> {
        let id = log.root().id().to_string();
        let saved = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Saved { version: 1, log: id, ..Saved::default() }
            }
            _ => Self::read(path, &id)?,
        };
        let told = saved.told.iter().map(|(key, time)| Some((key.clone(), time.parse().ok()?)));
        let told = told.collect::<Option<_>>().ok_or_else(malformed)?;
        Ok(Self { path: path.to_owned(), saved, told, changed: true })
    }

    fn read(path: &Path, id: &str) -> Result<Saved, Failure> {
        let bytes = crate::files::read_small(path, "the state of the watch", MAX_LEN)?;
        let saved: Saved = serde_json::from_slice(&bytes).map_err(|_| malformed())?;
        if saved.version != 1 {
            return Err(malformed());
        }
        if saved.log != id {
            return Err(Failure::new(
                Exit::Log,
                "the state file is that of a watch of another log",
            )
            .next("give --state FILE with one of its own for each log"));
        }
        Ok(saved)
    }

    /// Writes the file, in one step, if there is anything new.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        if !self.changed {
            return Ok(());
        }
        self.saved.told =
            self.told.iter().map(|(key, time)| (key.clone(), time.to_string())).collect();
        let text = serde_json::to_vec(&self.saved).map_err(|_| malformed())?;
        replace(&self.path, &text, 0o600)
            .map_err(|error| Failure::io("the state of the watch cannot be written", &error))?;
        self.changed = false;
        Ok(())
    }

    /// Until when an alert was told. What lies in the future, by a clock that was wrong, hides nothing.
    pub(crate) fn told(&self, key: &str, now: LogTime) -> Option<LogTime> {
        self.told.get(key).copied().filter(|told| *told <= now)
    }

    /// Whether the alert was not told yet.
    pub(crate) fn is_news(&self, alert: &Alert) -> bool {
        let burst = alert.rule == Rule::Denials;
        !self.told.get(&alert.key()).is_some_and(|told| !burst || *told >= alert.time)
    }

    /// Remembers an alert, once it was told to whom it is for.
    pub(crate) fn remember_told(&mut self, alert: &Alert) {
        if self.told.len() >= MAX_TOLD {
            self.drop_oldest();
        }
        self.told.insert(alert.key(), alert.time);
        let count = self.saved.alerts.entry(alert.rule.name().to_owned()).or_default();
        *count = count.saturating_add(1);
        self.changed = true;
    }

    fn drop_oldest(&mut self) {
        let oldest = self.told.iter().min_by_key(|(_, time)| **time).map(|(key, _)| key.clone());
        oldest.map(|key| self.told.remove(&key));
    }

    /// Forgets what nothing can tell of again.
    pub(crate) fn forget(&mut self, now: LogTime, history_days: u64) {
        let oldest = before(now, KEEP.max(history_days.saturating_mul(2)).saturating_mul(DAY));
        let before = self.told.len();
        self.told.retain(|_, time| *time >= oldest);
        self.changed |= self.told.len() != before;
    }

    /// The first record of each stream that is not counted yet.
    pub(crate) fn counted(&self, streams: &[StreamName]) -> Vec<Option<u64>> {
        streams.iter().map(|stream| self.saved.counted.get(stream.as_str()).copied()).collect()
    }

    /// Counts a record, once.
    pub(crate) fn count(&mut self, stream: &StreamName, entry: &Entry) {
        let next = self.saved.counted.entry(stream.as_str().to_owned()).or_default();
        if entry.seq < *next {
            return;
        }
        *next = entry.seq.saturating_add(1);
        let (kind, outcome) = match &entry.body {
            Body::Event { event, .. } => {
                let outcome = event.phase.outcome().map_or("intent", |outcome| outcome.name());
                (event.action.kind().as_str(), outcome)
            }
            Body::Epoch(_) => ("epoch", "success"),
            Body::Unread => ("unread", "none"),
        };
        let total = self.saved.totals.entry(format!("{kind}|{outcome}")).or_default();
        *total = total.saturating_add(1);
        self.changed = true;
    }

    /// Records by kind and outcome.
    pub(super) fn totals(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.saved.totals.iter().filter_map(|(key, total)| {
            let (kind, outcome) = key.split_once('|')?;
            Some((kind, outcome, *total))
        })
    }

    /// How often a rule has matched.
    pub(super) fn alerts(&self, rule: Rule) -> u64 {
        self.saved.alerts.get(rule.name()).copied().unwrap_or(0)
    }

    /// What the last verification saw of a stream: the next one must continue it.
    pub(crate) fn verified(&self, log: &AuditLog, stream: &StreamName) -> Option<Known> {
        let (size, root) = self.saved.verified.get(stream.as_str())?;
        Some(Known::new(log.origin(stream), *size, root.parse().ok()?))
    }

    /// The keys of which the log has told so far, and up to when it was looked at for them.
    pub(crate) fn keys(&self) -> Option<(BTreeMap<String, LogTime>, LogTime)> {
        let looked = self.saved.looked.as_ref()?.parse().ok()?;
        let keys =
            self.saved.keys.iter().map(|(key, time)| Some((key.clone(), time.parse().ok()?)));
        Some((keys.collect::<Option<_>>()?, looked))
    }

    /// Remembers keys when all was looked at.
    pub(crate) fn remember_keys(&mut self, keys: &BTreeMap<String, LogTime>, now: LogTime) {
        let keys = keys.iter().map(|(key, time)| (key.clone(), time.to_string())).collect();
        // The time alone is no reason to write the file at every look.
        self.changed |= self.saved.keys != keys || self.saved.looked.is_none();
        (self.saved.keys, self.saved.looked) = (keys, Some(now.to_string()));
    }

    pub(crate) fn remember(&mut self, checked: &CheckedStream) {
        // What does not verify is nothing to go on from.
        let Some(known) = checked.known() else { return };
        let verified = (known.size(), known.root().to_string());
        self.saved.verified.insert(checked.stream.as_str().to_owned(), verified);
        self.changed = true;
    }
}

fn malformed() -> Failure {
    Failure::new(Exit::Log, "the state file is not that of a watch")
        .next("give --state FILE with another name; a new file is made, and alerts may come a second time")
}
