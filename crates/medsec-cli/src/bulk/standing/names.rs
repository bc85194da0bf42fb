//! What keys are called: as here, where the key store or the settings know them, else as packages call them.

use std::collections::BTreeMap;
use std::sync::Arc;

use medsec_crypto::{KeyRef, Stanza, StanzaKind};
use medsec_kms::{KeyName, KeyService, LocalStore, Standing};

use super::Seat;
use crate::failure::Failure;
use crate::output;
use crate::services::Services;
use crate::session::Session;
use crate::settings::{ServiceSection, Settings};

/// What is known of keys without any of them.
pub(super) struct Names {
    services: Option<Arc<dyn KeyService>>,
    store: Option<LocalStore>,
    newest: BTreeMap<String, u32>,
}

impl Names {
    /// Asks the services of the settings for the newest versions of their keys. What cannot be asked is told, and keeps
    /// nobody from looking.
    pub(super) fn learn(session: &Session) -> Result<Self, Failure> {
        let mut names = Self { services: None, store: None, newest: BTreeMap::new() };
        let Some(settings) = session.any_settings()? else { return Ok(names) };
        match LocalStore::open(settings.store_place()) {
            Ok(store) => names.store = Some(store),
            Err(error) => {
                let failure = Failure::from(error);
                let what = "keys of the key store have the names that packages give them";
                output::note(session, &format!("{}: {what}", failure.message));
            }
        }
        for key in names.store.iter().flat_map(LocalStore::keys) {
            if let Some(version) = key.describe().version {
                names.newest.insert(key.name().to_string(), version);
            }
        }
        match Services::of(settings).and_then(|services| services.alone()) {
            Ok(services) => names.ask(session, settings, services),
            Err(failure) => {
                let what = "keys elsewhere have the names that packages give them";
                output::note(session, &format!("{}: {what}", failure.message));
            }
        }
        Ok(names)
    }

    fn ask(
        &mut self,
        session: &Session,
        settings: &Settings,
        services: Option<Arc<dyn KeyService>>,
    ) {
        let Some(services) = services else { return };
        for section in &settings.services.value {
            if !self.ask_one(section, &*services) {
                let name = section.name();
                let what = "could not be asked; its newest versions are not known";
                output::note(session, &format!("service `{name}` {what}"));
            }
        }
        self.services = Some(services);
    }

    /// Whether it answered for all its keys. After one failure it is left alone.
    fn ask_one(&mut self, section: &ServiceSection, services: &dyn KeyService) -> bool {
        section.whole_keys().all(|key| {
            let Ok(name) = KeyName::new(&key) else { return true };
            let Ok(about) = pollster::block_on(services.describe_key(&name)) else { return false };
            if let Some(version) = about.version {
                self.newest.insert(about.name.to_string(), version);
            }
            true
        })
    }

    /// The newest version of a key, where that is known.
    pub(super) fn newest(&self, key: &str) -> Option<u32> {
        self.newest.get(key).copied()
    }

    /// Where a data key stands.
    pub(super) fn seat(&self, stanza: &Stanza) -> Seat {
        let standing = self.services.as_ref().and_then(|services| services.standing(stanza));
        let own = || self.store.as_ref()?.standing(stanza.key_ref());
        let (key, version) = match standing.or_else(own) {
            Some(Standing { key, version }) => (key.to_string(), version),
            None => told(stanza),
        };
        Seat { key, version }
    }
}

/// What the stanza itself tells.
fn told(stanza: &Stanza) -> (String, Option<u32>) {
    let key = stanza.key_ref();
    match key.kind() {
        StanzaKind::LocalKek => local(key).unwrap_or_else(|| (key.to_string(), None)),
        StanzaKind::VaultTransit => (key.to_string(), transit_version(stanza.wrapped())),
        _ => (key.to_string(), None),
    }
}

/// Store and key, in hex, and the version.
fn local(key: &KeyRef) -> Option<(String, Option<u32>)> {
    let (named, version) = key.as_bytes().split_last_chunk()?;
    let (store, named) = named.split_at_checked(16)?;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let text = format!("{}:{}/{}", key.kind(), hex(store), hex(named));
    Some((text, Some(u32::from_be_bytes(*version))))
}

/// Of `vault:v3:…`.
fn transit_version(wrapped: &[u8]) -> Option<u32> {
    let text = str::from_utf8(wrapped).ok()?.strip_prefix("vault:v")?;
    text.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(kind: StanzaKind, key: &[u8], wrapped: &[u8]) -> Seat {
        let names = Names { services: None, store: None, newest: BTreeMap::new() };
        let key = KeyRef::new(kind, key).unwrap();
        names.seat(&Stanza::new(key, wrapped.to_vec()).unwrap())
    }

    #[test]
    fn version_is_read_from_what_stands_in_the_header() {
        let found = seat(StanzaKind::VaultTransit, b"/transit/ct", b"vault:v12:abcd");
        assert_eq!(found, Seat { key: "vault-transit:/transit/ct".into(), version: Some(12) });
        for damaged in [b"vault:v:a".as_slice(), b"vault:v99999999999:a", b"\xff", b"v1:a"] {
            assert_eq!(seat(StanzaKind::VaultTransit, b"/transit/ct", damaged).version, None);
        }
        let key = [[1; 16].as_slice(), &[2; 16], &7_u32.to_be_bytes()].concat();
        let found = seat(StanzaKind::LocalKek, &key, &[0; 104]);
        assert_eq!(found.version, Some(7));
        assert!(found.key.ends_with(&format!("{}/{}", "01".repeat(16), "02".repeat(16))));
    }
}
