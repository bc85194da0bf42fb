//! How many packages of a folder stand under which version of which key.

use std::collections::BTreeMap;
use std::path::Path;

use medsec_crypto::Stanza;
use medsec_kms::{KeyName, LocalStore, Standing};
use serde_json::{Value, json};

use super::keys::All;
use crate::bulk::headers;
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
}

impl Spread {
    pub(super) fn of(
        session: &Session,
        folder: &Path,
        store: &LocalStore,
        all: &All,
    ) -> Result<Self, Failure> {
        let mut spread = Self::default();
        let seen = headers::each(session, folder, |header| {
            let standings = header.stanzas().iter().filter_map(|one| standing(store, all, one));
            spread.add(standings);
        })?;
        spread.unread = seen.unread;
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

    /// What is of no key here.
    pub(super) fn summary(&self, report: Report) -> Report {
        let Self { packages, elsewhere, unread, .. } = self;
        let all = units::counted(*packages, ["package", "packages"]);
        let report = report
            .field("packages", *packages)
            .field("packages_under_other_keys", *elsewhere)
            .field("packages_unreadable", *unread)
            .line(format!("{all}, {elsewhere} under none of these keys"));
        match unread {
            0 => report,
            _ => report
                .line(format!("{unread} not readable as packages; `medsec verify` tells more")),
        }
    }
}

/// Under which key of the store or of the services that is.
fn standing(store: &LocalStore, all: &All, stanza: &Stanza) -> Option<Standing> {
    let own = store.keys().find_map(|key| {
        let version = key.version_of(stanza.key_ref())?;
        Some(Standing { key: key.name().clone(), version: Some(version) })
    });
    own.or_else(|| {
        all.services.iter().find_map(|(name, service)| {
            let Standing { key, version } = service.standing(stanza)?;
            Some(Standing { key: KeyName::new(&format!("{name}:{key}")).ok()?, version })
        })
    })
}
