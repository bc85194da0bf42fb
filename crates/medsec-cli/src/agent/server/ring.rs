//! The keys of a session, as the key store has them now: what was revoked since the login does not unwrap any more.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use medsec_crypto::{Assurance, Dek, HpkeIdentity, KeyRef, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, Keyring, LocalStore, Standing,
    StorePlace,
};

use crate::failure::Failure;
use crate::services::Services;

/// An unlocked identity, and what it has in the store.
pub(super) struct Ring {
    place: StorePlace,
    identity: Arc<HpkeIdentity>,
    /// Those elsewhere, as the settings named them at the login.
    services: Services,
    now: Mutex<Arc<dyn KeyService>>,
}

impl Ring {
    /// With the keys of a store that was opened just now.
    pub(super) fn new(
        place: StorePlace,
        store: &LocalStore,
        identity: Arc<HpkeIdentity>,
        services: Services,
    ) -> Result<Self, Failure> {
        let now = Mutex::new(joined(store, &identity, &services)?);
        Ok(Self { place, identity, services, now })
    }

    /// Reads the store again.
    ///
    /// # Errors
    /// The store cannot be read, or the user is not in it any more; the keys are as before.
    pub(super) fn renew(&self) -> Result<(), Failure> {
        let store = LocalStore::open(self.place.clone())?;
        let now = joined(&store, &self.identity, &self.services)?;
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    fn now(&self) -> Arc<dyn KeyService> {
        Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn joined(
    store: &LocalStore,
    identity: &Arc<HpkeIdentity>,
    services: &Services,
) -> Result<Arc<dyn KeyService>, Failure> {
    let keys = store.unlock(Arc::clone(identity))?;
    services.with(Arc::new(Keyring::new(vec![Arc::clone(identity)], Some(keys))))
}

impl KeyService for Ring {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move { self.now().generate_dek(key, context).await })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.now().wrap_dek(key, dek, context).await })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move { self.now().unwrap_dek(stanza, context).await })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.now().rewrap_dek(stanza, key, context).await })
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.now().standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), medsec_kms::KeyServiceError> {
        self.now().admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move { self.now().describe_key(key).await })
    }

    fn assurance(&self) -> Assurance {
        self.now().assurance()
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ring(redacted)")
    }
}
