//! Sealing under a data key that the session shares between packages.

use std::sync::Arc;

use medsec_kms::{KeyName, SharedKeyError, SharedScope, SharedSeal};
use medsec_policy::SharedDataKeys;

use super::{SealWish, Wanted};
use crate::custodian::Custodian;
use crate::error::{Demand, Refused};
use crate::gate::Admission;
use crate::login::Login;
use crate::shared::{Caches, caches_of};

impl Custodian {
    /// The shared data keys of the session, if it asks for packages to be sealed under them.
    ///
    /// # Errors
    /// [`Refused::Demand`] if it asks for that and the policy forbids it.
    pub(super) fn sealing_caches(&self, login: &dyn Login) -> Result<Option<Arc<Caches>>, Refused> {
        let caches = caches_of(login)?.filter(|caches| caches.seals());
        match (&caches, self.policy.settings.sealing.shared_data_keys) {
            (Some(_), SharedDataKeys::Forbidden) => Err(Refused::Demand(Demand::OwnDataKey)),
            _ => Ok(caches),
        }
    }

    /// What the package has in common with others under one data key, and how long it is at most; nothing if it is to
    /// have one of its own.
    pub(super) fn scope(&self, wanted: &Wanted, wish: &SealWish<'_>) -> Option<(SharedScope, u64)> {
        let core = wanted.draft.core();
        let alone = wish.recipients.is_empty() && !wish.keys.is_empty() && core.signer.is_some();
        let content_len = wanted.content_len.filter(|_| alone)?;
        let mut keys: Vec<KeyName> = Vec::with_capacity(wish.keys.len());
        for key in wish.keys {
            if !keys.contains(key) {
                keys.push((*key).clone());
            }
        }
        let scope = SharedScope {
            dataset: core.dataset.clone()?,
            policy: core.policy?,
            suite: wanted.draft.suite(),
            keys,
            recipients: self.demanded().cloned().collect(),
        };
        Some((scope, content_len))
    }
}

/// Room under a shared data key, if the package can have it. The key service is asked only if the session has no such
/// data key with room.
pub(super) async fn shared_seal(
    login: &dyn Login,
    caches: &Caches,
    (scope, content_len): (SharedScope, u64),
    _admission: &Admission,
) -> Result<Option<SharedSeal>, Refused> {
    match caches.sealing(scope).reserve(login.keys(), content_len).await {
        Ok(seal) => Ok(Some(seal)),
        // It gets one of its own.
        Err(SharedKeyError::TooLong) => Ok(None),
        Err(error) => Err(refused(error)),
    }
}

/// Why there is none.
pub(super) fn refused(error: SharedKeyError) -> Refused {
    match error {
        SharedKeyError::Service(error) => error.into(),
        SharedKeyError::Seal(error) => error.into(),
        SharedKeyError::Recipient(error) => medsec_crypto::SealError::from(error).into(),
        SharedKeyError::Ended => Refused::Login(crate::login::NotLoggedIn::Revoked),
        _ => Refused::Demand(Demand::OwnDataKey),
    }
}
