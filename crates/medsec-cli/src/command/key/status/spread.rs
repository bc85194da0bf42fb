//! How many packages of a folder stand under which version of which key.

use std::collections::BTreeMap;
use std::path::Path;

use medsec_crypto::Stanza;
use medsec_kms::{KeyName, KeyService as _, LocalStore, Standing};
use serde_json::{Value, json};

use super::keys::{All, Place};
use crate::bulk::headers;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;
use crate::units;

/// Packages by key and version. One with several recipients counts under each of them.
#[derive(Default)]
pub(super) struct Spread {
    under: BTreeMap<KeyName, BTreeMap<Option<u32>, u64>>,
    packages: u64,
    /// Under none of the keys.
    elsewhere: u64,
    /// Not readable as packages.
    unread: u64,
    /// Under a version that no longer opens them, or that the key does not have.
    closed: u64,
}

impl Spread {
    pub(super) fn of(
        session: &Session,
        folder: &Path,
        store: &LocalStore,
        all: &All,
    ) -> Result<Self, Failure> {
        let mut spread = Self::default();
        let unread = headers::each(session, folder, |header| {
            let stanzas = header.stanzas().iter();
            let standings: Vec<_> = stanzas.filter_map(|one| standing(store, all, one)).collect();
            let is_closed = standings.iter().any(|standing| !opens(store, all, standing));
            spread.closed = spread.closed.saturating_add(u64::from(is_closed));
            spread.add(standings.into_iter());
        })?;
        spread.unread = unread;
        Ok(spread)
    }

    fn add(&mut self, standings: impl Iterator<Item = Standing>) {
        self.packages = self.packages.saturating_add(1);
        let mut none = true;
        for Standing { key, version } in standings {
            none = false;
            let count = self.under.entry(key).or_default().entry(version).or_default();
            *count = count.saturating_add(1);
        }
        if none {
            self.elsewhere = self.elsewhere.saturating_add(1);
        }
    }

    fn versions(&self, key: &KeyName) -> impl Iterator<Item = (Option<u32>, u64)> {
        self.under.get(key).into_iter().flatten().map(|(version, count)| (*version, *count))
    }

    pub(super) fn line(&self, key: &KeyName, newest: Option<u32>) -> String {
        let parts = self.versions(key).map(|(version, count)| {
            let packages = units::counted(count, ["package", "packages"]);
            match version {
                None => packages,
                Some(version) if Some(version) == newest => {
                    format!("{packages} under version {version}, the newest")
                }
                Some(version) => format!("{packages} under version {version}"),
            }
        });
        let parts: Vec<String> = parts.collect();
        match parts.is_empty() {
            true => "  no package".to_owned(),
            false => format!("  {}", parts.join("; ")),
        }
    }

    pub(super) fn value(&self, key: &KeyName) -> Value {
        let versions = self.versions(key);
        versions.map(|(version, count)| json!({ "version": version, "packages": count })).collect()
    }

    /// How many packages are not in order, each with the code that tells it; those under no key only where all keys were
    /// looked at.
    pub(super) fn wrong(&self, all: bool) -> Vec<(Exit, u64)> {
        let elsewhere = if all { self.elsewhere } else { 0 };
        let counts =
            [(Exit::Key, self.closed), (Exit::Key, elsewhere), (Exit::Format, self.unread)];
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }

    /// What is of no key here.
    pub(super) fn summary(&self, report: Report) -> Report {
        let Self { packages, elsewhere, unread, .. } = self;
        let all = units::counted(*packages, ["package", "packages"]);
        let report = report
            .field("packages", *packages)
            .field("packages_under_other_keys", *elsewhere)
            .field("packages_unreadable", *unread)
            .field("packages_closed", self.closed)
            .line(format!("{all}, {elsewhere} under none of these keys"));
        let report = match self.closed {
            0 => report,
            count => report.line(format!(
                "{} under a version that does not open them any more",
                units::counted(count, ["package is", "packages are"])
            )),
        };
        match unread {
            0 => report,
            _ => report
                .line(format!("{unread} not readable as packages; `medsec verify` tells more")),
        }
    }
}

/// Whether the key, as far as it was looked at, has that version and unwraps with it.
fn opens(store: &LocalStore, all: &All, standing: &Standing) -> bool {
    let found = all.keys.iter().find(|found| found.name == standing.key);
    let Some((found, about)) = found.and_then(|found| Some((found, found.about.as_ref().ok()?)))
    else {
        return true;
    };
    let Some(version) = standing.version else { return true };
    match found.place {
        Place::Store => store
            .key(&found.name)
            .is_some_and(|key| key.versions().any(|present| present == version)),
        Place::Service { .. } => {
            about.oldest.is_none_or(|oldest| oldest <= version)
                && about.version.is_none_or(|newest| version <= newest)
        }
    }
}

/// Under which key of the store or of the services that is.
fn standing(store: &LocalStore, all: &All, stanza: &Stanza) -> Option<Standing> {
    store.standing(stanza.key_ref()).or_else(|| all.services.standing(stanza))
}
