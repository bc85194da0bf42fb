//! A session of `medsec-policy` as a login: what it unlocked is there until it ends.

use std::fmt;
use std::sync::Arc;

use medsec_audit::{Origin, SessionId};
use medsec_crypto::SigningKey;
use medsec_kms::{KeyProxy, KeyService, KeyServiceError};
use medsec_policy::{EndReason, Session, SessionEnded};

use crate::hold::{Hold, Holdings, KeyHandle};
use crate::login::{LoggedIn, Login, NotLoggedIn};
use crate::shared::SharedKeys;
use crate::signer::Signer;

/// What a session holds: keys that are erased when it ends, those of its grants too, and with the last operation under
/// way what that uses.
pub struct Unlocks {
    keys: Arc<dyn KeyService>,
    signer: Option<Signer>,
    shared: Option<SharedKeys>,
    grants: Holdings,
}

impl Unlocks {
    /// What data keys are unwrapped with, and what packages are signed with.
    #[must_use]
    pub fn new(keys: Arc<dyn KeyService>, signer: Option<SigningKey>) -> Self {
        let signer = signer.map(Signer::new);
        Self { keys, signer, shared: None, grants: Holdings::default() }
    }

    /// The same, and data keys may be kept for several packages where the policy permits it.
    #[must_use]
    pub fn sharing(mut self, shared: SharedKeys) -> Self {
        self.shared = Some(shared);
        self
    }
}

impl Drop for Unlocks {
    fn drop(&mut self) {
        if let Some(signer) = &self.signer {
            signer.erase();
        }
        if let Some(shared) = &self.shared {
            shared.erase();
        }
        self.grants.erase();
    }
}

impl fmt::Debug for Unlocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unlocks(redacted)")
    }
}

/// A session's holder, as the Custodian asks for one.
#[derive(Clone, Debug)]
pub struct SessionLogin {
    session: Session<Unlocks>,
    keys: SessionKeys,
    origin: Origin,
}

impl SessionLogin {
    /// The holder of that session, whose requests come from `origin`.
    #[must_use]
    pub fn new(session: Session<Unlocks>, origin: Origin) -> Self {
        Self { keys: SessionKeys(session.clone()), session, origin }
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &Session<Unlocks> {
        &self.session
    }
}

impl Login for SessionLogin {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        let principal = self.session.with(|principal, _| principal.clone())?;
        Ok(LoggedIn {
            principal,
            session: SessionId::from_bytes(*self.session.id().as_bytes()),
            authentication_age: self.session.authentication_age()?,
            origin: self.origin,
        })
    }

    fn keys(&self) -> &dyn KeyService {
        &self.keys
    }

    fn hold(&self) -> Arc<dyn Hold> {
        Arc::new(SessionHold(self.session.clone()))
    }

    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        Ok(self.session.with(|_, unlocks| unlocks.signer.clone())?)
    }

    fn shared_keys(&self) -> Result<Option<SharedKeys>, NotLoggedIn> {
        Ok(self.session.with(|_, unlocks| unlocks.shared.clone())?)
    }
}

/// Asks the session itself, each time: that takes a lock and a look at two clocks.
#[derive(Debug)]
struct SessionHold(Session<Unlocks>);

impl Hold for SessionHold {
    fn check(&self) -> Result<(), NotLoggedIn> {
        Ok(self.0.with(|_, _| ())?)
    }

    fn keep(&self, key: KeyHandle) -> Result<(), NotLoggedIn> {
        Ok(self.0.with(|_, unlocks| unlocks.grants.keep(key))?)
    }
}

impl From<SessionEnded> for NotLoggedIn {
    fn from(ended: SessionEnded) -> Self {
        match ended.reason {
            EndReason::Idle => Self::Idle,
            EndReason::Absolute => Self::Expired,
            EndReason::LoggedOut => Self::LoggedOut,
            EndReason::ClockUntrusted => Self::Clock,
            _ => Self::Revoked,
        }
    }
}

/// The keys of a session. Each call asks for them anew.
#[derive(Clone, Debug)]
struct SessionKeys(Session<Unlocks>);

impl KeyProxy for SessionKeys {
    /// The keys, if the session lives.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        self.0
            .with(|_, unlocks| Arc::clone(&unlocks.keys))
            .map_err(|_| KeyServiceError::NotPermitted)
    }
}
