//! Sealing under a data key that the session shares between packages.

use medsec_kms::{KeyName, SharedKeyError, SharedScope, SharedSeal};
use medsec_policy::SharedDataKeys;

use super::{SealWish, Wanted};
use crate::custodian::Custodian;
use crate::error::{Demand, Refused};
use crate::gate::Admission;
use crate::login::Login;

impl Custodian {
    /// Room under a shared data key, if the session asks for that and the package can have it. The key service is asked
    /// only if the session has no such data key with room.
    ///
    /// # Errors
    /// [`Refused::Demand`] if the session asks for it and the policy forbids it.
    pub(super) async fn shared_seal(
        &self,
        login: &dyn Login,
        scope: Option<(SharedScope, u64)>,
        _admission: &Admission,
    ) -> Result<Option<SharedSeal>, Refused> {
        let caches = login.shared_keys()?.and_then(|shared| shared.caches());
        let Some(caches) = caches.filter(|caches| caches.seals()) else { return Ok(None) };
        if self.policy.settings.sealing.shared_data_keys == SharedDataKeys::Forbidden {
            return Err(Refused::Demand(Demand::OwnDataKey));
        }
        let Some((scope, content_len)) = scope else { return Ok(None) };
        let cache = caches.sealing(scope);
        match cache.reserve(login.keys(), content_len).await {
            Ok(seal) => Ok(Some(seal)),
            // It gets one of its own.
            Err(SharedKeyError::TooLong) => Ok(None),
            Err(error) => Err(refused(error)),
        }
    }

    /// What the package has in common with others under one data key, and how long it is at most.
    pub(super) fn scope(&self, wanted: &Wanted, wish: &SealWish<'_>) -> Option<(SharedScope, u64)> {
        let core = wanted.draft.core();
        let alone = wish.recipients.is_empty() && !wish.keys.is_empty() && core.signer.is_some();
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
            recipients: self.added.iter().filter_map(|key| key.as_recipient().cloned()).collect(),
        };
        alone.then_some(scope).zip(wanted.content_len)
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
