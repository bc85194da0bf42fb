//! The keys of a session, as the key store has them now: what was revoked since the login does not unwrap any more.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use medsec_crypto::HpkeIdentity;
use medsec_kms::{KeyProxy, KeyService, KeyServiceError, Keyring, LocalStore, StorePlace};

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
}

fn joined(
    store: &LocalStore,
    identity: &Arc<HpkeIdentity>,
    services: &Services,
) -> Result<Arc<dyn KeyService>, Failure> {
    let keys = store.unlock(Arc::clone(identity))?;
    services.with(Arc::new(Keyring::new(vec![Arc::clone(identity)], Some(keys))))
}

impl KeyProxy for Ring {
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        Ok(Arc::clone(&self.now.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ring(redacted)")
    }
}
