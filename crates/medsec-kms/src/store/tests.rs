//! What needs the inside of the store: places to be killed at, states made by hand. What the public interface
//! shows is in `tests/it/`.

#![expect(clippy::arithmetic_side_effects, reason = "counts of tests stay small")]

mod changes;
#[cfg(unix)]
mod crash;
mod due;
mod limits;
mod page;
mod users;

use std::path::Path;

use medsec_crypto::HpkeKind;

use super::*;
use crate::service::KeySpec;

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn user(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn spec(text: &str) -> KeySpec {
    KeySpec { name: name(text), max_age_days: Some(365) }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

/// The private keys of a user: of the same number the same ones.
#[derive(Debug)]
struct Keys {
    identity: HpkeIdentity,
    signer: SigningKey,
}

impl Keys {
    fn new(number: u8) -> Self {
        let identity = HpkeIdentity::take_from(HpkeKind::X25519, &mut [number; 32]).unwrap();
        Self { identity, signer: SigningKey::take_from(&mut [number; 32]).unwrap() }
    }

    fn administrator(&self) -> Administrator<'_> {
        Administrator { identity: &self.identity, signer: &self.signer }
    }

    fn as_new(&self, name: &str, role: Role) -> NewUser {
        NewUser {
            name: user(name),
            recipient: self.identity.recipient().clone(),
            signer: Some(self.signer.verifying_key()),
            role,
        }
    }
}

fn place_in(home: &Path) -> StorePlace {
    StorePlace { folder: home.join("store"), mark: Some(home.join("mark")), expected: None }
}

/// A store in `home` whose founder has keys number 1.
fn create(home: &Path) -> Result<LocalStore, ChangeError> {
    let root = Keys::new(1);
    LocalStore::create(place_in(home), &user("root"), &root.identity, &root.signer, at(0))
}

/// A folder on a real disk.
fn home() -> tempfile::TempDir {
    // Beside the test binary: the system's own folder for such files may be in memory.
    let binary = std::env::current_exe().unwrap();
    tempfile::TempDir::new_in(binary.parent().unwrap()).unwrap()
}
