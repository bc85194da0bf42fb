//! Which records to show.

pub(crate) mod patient;

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use medsec_audit::{
    Action, DatasetId, EmergencyId, Event, Head, Kind, LogTime, Outcome, PackageId, Patient,
    PrincipalId, Purpose,
};

use super::entry::{Body, Entry};
use super::records::{Choice, Extent};
use super::when::{NotATime, Offset, When};
use crate::custody::ReaderOption;
use crate::failure::Failure;
use crate::input::refuse_shared;

/// Kinds of records, as `--kind` takes them.
const KINDS: [&str; 10] =
    ["access", "rights", "key", "session", "emergency", "policy", "log", "review", "test", "epoch"];
/// How records ended, as `--outcome` takes it.
const OUTCOMES: [&str; 4] = ["success", "denied", "failure", INTENT];
/// Of what is about to happen.
const INTENT: &str = "intent";

/// Options that select records. Of several values of one option any will do; different options must all hold.
#[derive(Clone, Debug, Args)]
pub(crate) struct FilterOptions {
    /// Who did it, on whose behalf, or whose rights were changed.
    #[arg(long, value_name = "ID")]
    principal: Vec<PrincipalId>,
    /// Which package, by its 32 hexadecimal digits.
    #[arg(long, value_name = "ID")]
    package: Vec<PackageId>,
    /// Which data set.
    #[arg(long, value_name = "ID")]
    dataset: Vec<DatasetId>,
    /// What was done: `open`, `seal`, `grant`, `emergency-start`, and so on.
    #[arg(long, value_name = "ACTION", value_parser = clap::builder::ValueParser::new(action))]
    action: Vec<Action>,
    /// What kind of record.
    #[arg(long, value_name = "KIND", value_parser = KINDS)]
    kind: Vec<String>,
    /// How it ended; `intent` is what was announced.
    #[arg(long, value_name = "OUTCOME", value_parser = OUTCOMES)]
    outcome: Vec<String>,
    /// From this time on: `2026-11-03T12:00:00Z`, `2026-11-03` (UTC), or how long ago, as `2h` and `7d`.
    #[arg(long, value_name = "TIME")]
    from: Option<When>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<When>,
    /// Only what was not permitted.
    #[arg(long)]
    denied: bool,
    /// Only emergencies, and what was done for their sake; with an ID, as `medsec emergency status` shows it, all that
    /// is on record of this one.
    #[arg(long, value_name = "ID", num_args = 0..=1)]
    emergency: Option<Vec<EmergencyId>>,
    /// Records by their numbers, the last one included.
    #[arg(long, value_name = "A..B")]
    seq: Option<Numbers>,
    /// File with the patient, by the pseudonym or commitment that stands in the log; `-` is standard input. It is PHI,
    /// and other processes can read a command line.
    #[arg(long, value_name = "FILE|-")]
    patient_file: Option<PathBuf>,
    /// Also the records in which a stream changes its keys.
    #[arg(long)]
    log_records: bool,
}

/// Numbers of records: `7`, `7..9`, `7..`, `..9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    first: u64,
    last: u64,
}

fn action(text: &str) -> Result<Action, NotATime> {
    text.parse().map_err(|_| NotATime)
}

impl FromStr for Numbers {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        if first.is_empty() && last.is_empty() {
            return Err(NotATime);
        }
        let number = |text: &str, default: u64| match text {
            "" => Ok(default),
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| NotATime)
            }
            _ => Err(NotATime),
        };
        let numbers = Self { first: number(first, 0)?, last: number(last, u64::MAX)? };
        (numbers.first <= numbers.last).then_some(numbers).ok_or(NotATime)
    }
}

/// The options at a point in time.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    options: FilterOptions,
    from: Option<LogTime>,
    until: Option<LogTime>,
    patient: Option<Patient>,
}

impl FilterOptions {
    /// What is chosen at a point in time.
    ///
    /// # Errors
    /// The file with the patient cannot be read, or has none.
    pub(crate) fn at(&self, now: LogTime) -> Result<Filter, Failure> {
        let resolve = |when: Option<When>| when.map(|when| when.resolve(now, Offset::default()));
        Ok(Filter {
            options: self.clone(),
            from: resolve(self.from),
            until: resolve(self.until),
            patient: self.patient_file.as_deref().map(patient::read).transpose()?,
        })
    }

    /// Standard input serves one purpose only.
    pub(crate) fn refuse_shared_stdin(&self, who: &ReaderOption) -> Result<(), Failure> {
        let is_stdin = self.patient_file.as_deref().is_some_and(|path| path.as_os_str() == "-");
        refuse_shared(&[(is_stdin, "--patient-file"), (who.uses_stdin(), "--passphrase-fd")])
    }

    pub(crate) const fn has_end(&self) -> bool {
        self.until.is_some()
    }

    /// Whether a beginning is named.
    pub(crate) const fn has_start(&self) -> bool {
        self.from.is_some() || self.seq.is_some()
    }
}

impl Filter {
    /// What has to be read for it.
    pub(crate) fn extent(&self, lines: bool) -> Extent {
        let seq = self.options.seq.map(|numbers| numbers.first);
        Extent { from: self.from, seq, lines }
    }

    /// Only what comes from now on.
    pub(crate) const fn starting(mut self, from: LogTime) -> Self {
        self.from = Some(from);
        self
    }

    /// Whether only events can pass.
    fn asks_for_events(&self) -> bool {
        let FilterOptions {
            principal,
            package,
            dataset,
            action,
            outcome,
            denied,
            emergency,
            patient_file: patient,
            ..
        } = &self.options;
        let lists =
            [principal.is_empty(), package.is_empty(), dataset.is_empty(), action.is_empty()];
        let named = emergency.is_some() || patient.is_some();
        lists.contains(&false) || !outcome.is_empty() || *denied || named
    }

    fn takes_event(&self, event: &Event) -> bool {
        let options = &self.options;
        let outcome = event.phase.outcome();
        let subject = &event.subject;
        any(&options.action, |action| *action == event.action)
            && any(&options.outcome, |name| *name == outcome.map_or(INTENT, Outcome::name))
            && (!options.denied || matches!(outcome, Some(Outcome::Denied(_))))
            && options.emergency.as_deref().is_none_or(|ids| is_of_emergency(event, ids))
            && any(&options.package, |package| subject.package == Some(*package))
            && any(&options.dataset, |dataset| subject.dataset.as_ref() == Some(dataset))
            && any(&options.principal, |id| concerns(event, id))
            && self.patient.is_none_or(|patient| subject.patient == Some(patient))
    }
}

fn any<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}

fn concerns(event: &Event, id: &PrincipalId) -> bool {
    let who = event.actor.principal();
    let acting = who.is_some_and(|who| who.id == *id || who.on_behalf_of.as_ref() == Some(id));
    acting || event.subject.principal.as_ref() == Some(id)
}

/// Whether it is of one of these emergencies, or of any where none is named.
fn is_of_emergency(event: &Event, ids: &[EmergencyId]) -> bool {
    let of = event.subject.emergency;
    match ids {
        [] => of.is_some() || is_emergency(event),
        ids => of.is_some_and(|of| ids.contains(&of)),
    }
}

/// Emergency access, and what was done under its purposes.
pub(crate) fn is_emergency(event: &Event) -> bool {
    let purpose =
        matches!(event.purpose, Some(Purpose::BreakTheGlass | Purpose::EmergencyTreatment));
    purpose || event.action.kind() == Kind::EMERGENCY
}

impl Choice for Filter {
    fn head(&self, _: usize, head: &Head<'_>) -> bool {
        let options = &self.options;
        let (seq, ts) = (head.position.seq.get(), head.position.ts);
        let epoch = head.kind == Kind::EPOCH;
        let named = options.kind.iter().any(|kind| kind == head.kind.as_str());
        options.seq.is_none_or(|numbers| (numbers.first..=numbers.last).contains(&seq))
            && self.from.is_none_or(|from| ts >= from)
            && self.until.is_none_or(|until| ts < until)
            && (options.kind.is_empty() || named)
            && (!epoch || named || options.log_records)
    }

    fn entry(&self, entry: &Entry) -> bool {
        match &entry.body {
            Body::Event { event, .. } => self.takes_event(event),
            Body::Epoch(_) => !self.asks_for_events(),
            // What cannot be read might be what is looked for.
            Body::Unread => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn numbers_reject_what_is_no_range() {
        for bad in ["", "..", "-1", "9..7", "a..b", "1...3", "+1..2", "1..99999999999999999999"] {
            assert!(bad.parse::<Numbers>().is_err(), "{bad}");
        }
        for (good, first, last) in
            [("7", 7, 7), ("7..9", 7, 9), ("7..", 7, u64::MAX), ("..9", 0, 9)]
        {
            assert_eq!(good.parse::<Numbers>(), Ok(Numbers { first, last }), "{good}");
        }
    }
}
