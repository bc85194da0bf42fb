//! `medsec key status`: what keys are there, here and elsewhere, and whether they are in order.

mod keys;
mod spread;

use std::path::PathBuf;

use clap::Args;
use medsec_kms::{KeyName, KeyState, LocalStore, UtcTime};
use serde_json::{Value, json};

use self::keys::{Found, Place};
use self::spread::Spread;
use crate::custody::InForce;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own::open_store;
use crate::report::Report;
use crate::session::{Session, now};
use crate::settings::ServiceSection;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_STATUS)]
pub(crate) struct Status {
    /// The keys, those of services as SERVICE:KEY; all by default.
    #[arg(value_name = "KEY")]
    names: Vec<KeyName>,
    /// Fail if a key is older than it may be, disabled, due to be destroyed, or if its service cannot tell; with --packages
    /// also for packages under a version that no longer opens them, not readable, or under no known key.
    #[arg(long)]
    check: bool,
    /// Tell also how many packages of this folder stand under which version of each key: what a rotation has reached.
    #[arg(long, value_name = "FOLDER")]
    packages: Option<PathBuf>,
}

impl Status {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let store = open_store(session)?;
        let limit = self.limit(session, &store)?;
        let sections = &session.settings()?.services.value;
        self.refuse_unknown(&store, sections)?;
        let is_asked = |name: &KeyName| self.names.is_empty() || self.names.contains(name);
        let found = keys::all(&store, sections, is_asked)?;
        let spread = self.packages.as_deref();
        let spread =
            spread.map(|folder| Spread::of(session, folder, &store, &found)).transpose()?;
        let rows: Vec<Row<'_>> = found.keys.iter().map(|found| Row::new(found, limit)).collect();
        let spread = spread.as_ref();
        let report = Report::new().field("max_key_age_days", limit);
        let told = rows.iter().map(|row| row.value(&store, spread)).collect::<Vec<Value>>();
        let mut report = report.field("keys", told);
        for row in &rows {
            report = row.lines(&store, spread).into_iter().fold(report, Report::line);
        }
        let report = match spread {
            Some(spread) => spread.summary(report),
            None => report,
        };
        let packages = spread.map(|spread| spread.wrong(self.names.is_empty())).unwrap_or_default();
        let all = self.names.is_empty();
        Ok(if self.check { verdict(report, &rows, all, &packages) } else { report })
    }

    /// What the policy in force says of the age of keys.
    fn limit(&self, session: &Session, store: &LocalStore) -> Result<Option<u32>, Failure> {
        match InForce::inspect(session.settings()?, store) {
            Ok(policy) => Ok(policy.bundle.settings().sealing.max_key_age_days),
            Err(failure) if self.check => Err(failure),
            // Who only looks is told by other commands what is wrong with the policy.
            Err(_) => Ok(None),
        }
    }

    fn refuse_unknown(
        &self,
        store: &LocalStore,
        sections: &[ServiceSection],
    ) -> Result<(), Failure> {
        let is_known = |name: &KeyName| match name.is_local() {
            true => store.key(name).is_some(),
            false => {
                sections.iter().any(|section| section.whole_keys().any(|key| key == name.as_str()))
            }
        };
        let Some(at) = self.names.iter().position(|name| !is_known(name)) else { return Ok(()) };
        let number = at.saturating_add(1);
        Err(Failure::new(
            Exit::Key,
            format!(
                "KEY no. {number} is no key of this store, nor of a service that the settings name"
            ),
        )
        .next("`medsec key status` shows all keys"))
    }
}

/// A key, and whether it is in order.
struct Row<'a> {
    found: &'a Found,
    /// Since when its newest version is used.
    made: Option<UtcTime>,
    /// When it should be replaced, by its own rule or the policy's, whichever comes first.
    due: Option<UtcTime>,
    /// What is wrong with it.
    wrong: Option<(Exit, String)>,
}

impl<'a> Row<'a> {
    fn new(found: &'a Found, limit: Option<u32>) -> Self {
        let about = match &found.about {
            Ok(about) => about,
            Err(failure) => {
                let wrong = Some((failure.exit, failure.message.clone()));
                return Self { found, made: None, due: None, wrong };
            }
        };
        let made = about.newest_made();
        let by_policy = made.zip(limit).map(|(made, days)| made.plus_days(days));
        let due = about.rotation_due.into_iter().chain(by_policy);
        let due = due.min_by_key(|due| due.timestamp().unix_seconds());
        let is_over = due.is_some_and(|due| now().unix_seconds() > due.timestamp().unix_seconds());
        let wrong = match about.state {
            KeyState::Enabled if is_over => Some("rotation overdue".to_owned()),
            KeyState::Enabled if made.is_none() && limit.is_some() => {
                Some("its service does not tell how old it is".to_owned())
            }
            KeyState::Enabled => None,
            KeyState::PendingDestruction { destroy_after } => {
                Some(format!("due to be destroyed after {destroy_after}"))
            }
            state => Some(state.name().to_owned()),
        };
        Self { found, made, due, wrong: wrong.map(|wrong| (Exit::Key, wrong)) }
    }

    fn age_days(&self) -> Option<u64> {
        let made = self.made?.timestamp().unix_seconds();
        Some(now().unix_seconds().saturating_sub(made) / 86_400)
    }

    /// Whether it is gone for ever, which nobody has to mend.
    fn is_destroyed(&self) -> bool {
        matches!(&self.found.about, Ok(about) if matches!(about.state, KeyState::Destroyed { .. }))
    }

    fn lines(&self, store: &LocalStore, spread: Option<&Spread>) -> Vec<String> {
        let name = &self.found.name;
        let wrong = self.wrong.as_ref().map(|(_, wrong)| wrong.as_str());
        let Ok(about) = &self.found.about else {
            return vec![format!("{name}: not told: {}", wrong.unwrap_or_default())];
        };
        let version = about.version.map(|version| format!("version {version}"));
        let made = self.made.map(|made| format!("of {made}"));
        let age = self.age_days().map(|days| units::counted(days, ["day old", "days old"]));
        let what: Vec<String> = version.into_iter().chain(made).collect();
        let what = Some(what.join(" ")).filter(|what| !what.is_empty());
        let parts = what.into_iter().chain(age).chain(wrong.map(str::to_owned));
        let parts: Vec<String> = parts.collect();
        let line = format!("{name}: {}; {}", parts.join(", "), self.whose(store));
        let packages = spread.map(|spread| spread.line(name, about.version));
        [Some(line), packages].into_iter().flatten().collect()
    }

    fn whose(&self, store: &LocalStore) -> String {
        match &self.found.place {
            Place::Store => {
                let view = store.key(&self.found.name);
                let holders = view.iter().flat_map(|view| view.holders());
                let holders: Vec<&str> = holders.map(medsec_kms::UserName::as_str).collect();
                match holders.is_empty() {
                    true => "held by nobody".to_owned(),
                    false => format!("held by {}", holders.join(", ")),
                }
            }
            Place::Service { kind, .. } => format!("kept by a service ({kind})"),
        }
    }

    fn value(&self, store: &LocalStore, spread: Option<&Spread>) -> Value {
        let about = self.found.about.as_ref();
        let about_or_none = about.ok();
        let mut value = json!({
            "name": self.found.name.as_str(),
            "state": about_or_none.map(|about| about.state.name()),
            "version": about_or_none.and_then(|about| about.version),
            "created": about_or_none.and_then(|about| about.created).map(|at| at.to_string()),
            "rotated": about_or_none.and_then(|about| about.rotated).map(|at| at.to_string()),
            "rotation_due": about_or_none.and_then(|about| about.rotation_due).map(|at| at.to_string()),
            "due": self.due.map(|at| at.to_string()),
            "age_days": self.age_days(),
            "in_order": self.wrong.is_none(),
            "overdue": self.due.is_some_and(|due| now().unix_seconds() > due.timestamp().unix_seconds()),
            "destroy_after": about_or_none.and_then(|about| match about.state {
                KeyState::PendingDestruction { destroy_after } => Some(destroy_after.to_string()),
                _ => None,
            }),
            "error": about.err().map(crate::output::error_value),
            "packages": spread.map(|spread| spread.value(&self.found.name)),
        });
        let more = match &self.found.place {
            Place::Store => super::stored_value(store, &self.found.name),
            Place::Service { kind, name } => json!({ "service": name, "kind": kind }),
        };
        if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
            value.extend(more);
        }
        value
    }
}

/// Whether all is in order: a key that was destroyed needs nothing, unless it was asked for.
fn verdict(report: Report, rows: &[Row<'_>], all: bool, packages: &[(Exit, u64)]) -> Report {
    let wrong = rows.iter().filter(|row| !(all && row.is_destroyed()));
    let wrong: Vec<&Row<'_>> = wrong.filter(|row| row.wrong.is_some()).collect();
    let exits = wrong.iter().filter_map(|row| row.wrong.as_ref().map(|(exit, _)| *exit));
    let exits = exits.chain(packages.iter().map(|(exit, _)| *exit));
    let failed = exits.reduce(|one, other| if one == other { one } else { Exit::Failure });
    let count = u64::try_from(wrong.len()).unwrap_or(u64::MAX);
    let of_packages: u64 = packages.iter().map(|(_, count)| count).sum();
    let mut parts = Vec::new();
    if count > 0 {
        parts.push(units::counted(count, ["key", "keys"]));
    }
    if of_packages > 0 {
        parts.push(units::counted(of_packages, ["package", "packages"]));
    }
    let report = report.line(match parts.is_empty() {
        true => "all keys are in order".to_owned(),
        false => format!("not in order: {}", parts.join(", ")),
    });
    let report = report.field("not_in_order", count).field("packages_not_in_order", of_packages);
    Report { failed, ..report }
}
