//! A session of `medsec-policy` as a login: what it unlocked is there until it ends.

use std::fmt;
use std::sync::Arc;

use medsec_audit::{Origin, SessionId};
use medsec_crypto::{Assurance, Dek, KeyRef, SigningKey, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyName, KeyService, KeyServiceError,
    Standing,
};
use medsec_policy::{EndReason, Session, SessionEnded};

use crate::hold::{Hold, Holdings, KeyHandle};
use crate::login::{LoggedIn, Login, NotLoggedIn};
use crate::signer::Signer;

/// What a session holds: keys that are erased when it ends, those of its grants too, and with the last operation under
/// way what that uses.
pub struct Unlocks {
    keys: Arc<dyn KeyService>,
    signer: Option<Signer>,
    grants: Holdings,
}

impl Unlocks {
    /// What data keys are unwrapped with, and what packages are signed with.
    #[must_use]
    pub fn new(keys: Arc<dyn KeyService>, signer: Option<SigningKey>) -> Self {
        Self { keys, signer: signer.map(Signer::new), grants: Holdings::default() }
    }
}

impl Drop for Unlocks {
    fn drop(&mut self) {
        if let Some(signer) = &self.signer {
            signer.erase();
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

impl SessionKeys {
    /// The keys, if the session lives.
    fn now(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        self.0
            .with(|_, unlocks| Arc::clone(&unlocks.keys))
            .map_err(|_| KeyServiceError::NotPermitted)
    }
}

impl KeyService for SessionKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move { self.now()?.generate_dek(key, context).await })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.now()?.wrap_dek(key, dek, context).await })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move { self.now()?.unwrap_dek(stanza, context).await })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.now()?.rewrap_dek(stanza, key, context).await })
    }

    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            match self.now() {
                Ok(keys) => keys.rewrap_deks(items, key).await,
                Err(_) => items.iter().map(|_| Err(KeyServiceError::NotPermitted)).collect(),
            }
        })
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.now().is_ok_and(|keys| keys.rewraps_unseen(from, key))
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.now().ok()?.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.now()?.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move { self.now()?.describe_key(key).await })
    }

    fn assurance(&self) -> Assurance {
        self.now().map_or(Assurance::NotApproved, |keys| keys.assurance())
    }
}
