//! Logins that were refused. Servers lock a role that was refused too often, whoever it was: so a secret that was refused
//! is left alone for a while by all of this process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::login::VaultLogin;

/// How long it is left alone: servers lock a role for a quarter of an hour that was refused five times in one.
const REST: Duration = Duration::from_secs(300);

static REFUSED: Mutex<BTreeMap<Mark, Instant>> = Mutex::new(BTreeMap::new());

/// A login with one secret to one server, as a digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark([u8; 32]);

impl Mark {
    /// Of a login that is locked when it was refused too often; files of tokens are replaced by whoever writes them, and
    /// read anew.
    pub(super) fn of(login: &VaultLogin, server: &str) -> Option<Self> {
        let VaultLogin::AppRole { mount, role_id, secret_id } = login else { return None };
        let mut hash = Sha256::new();
        for part in [server, mount, role_id, secret_id.expose_secret()] {
            let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hash.update(len.to_be_bytes());
            hash.update(part.as_bytes());
        }
        Some(Self(hash.finalize().into()))
    }

    /// Whether it was refused a short time ago.
    pub(super) fn is_resting(self) -> bool {
        let mut refused = all();
        refused.retain(|_, when| when.elapsed() < REST);
        refused.contains_key(&self)
    }

    /// It was refused now.
    pub(super) fn note(self) {
        all().insert(self, Instant::now());
    }
}

fn all() -> MutexGuard<'static, BTreeMap<Mark, Instant>> {
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner)
}
