//! A key service that another one stands behind.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

use super::{
    Claim, KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyService, KeyServiceError, Standing,
};
use crate::name::KeyName;

/// Finds the service that does the work anew for each call: it may be replaced, or gone. Whatever implements this is a
/// [`KeyService`] that passes every call on.
pub trait KeyProxy: fmt::Debug + Send + Sync {
    /// The service, if it is there: for what is answered at once. Does not wait.
    ///
    /// # Errors
    /// Why it is not. Each call answers with it.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError>;

    /// The service, waited for where it has to be reached first. By default only what is at hand.
    fn service(&self) -> KeyFuture<'_, Arc<dyn KeyService>> {
        Box::pin(std::future::ready(self.at_hand()))
    }

    /// Takes note that a call to `service` failed with `error`, and tells whether the call is to be made once more, with
    /// what [`Self::service`] answers then: where the service got other credentials, for instance. Never unless that is
    /// another one. A call that may have sent a data key to be wrapped is not made again all the same.
    fn replaces(&self, _service: &Arc<dyn KeyService>, _error: &KeyServiceError) -> bool {
        false
    }

    /// What [`KeyService::admits`] answers while the service is not at hand, which is `why`.
    ///
    /// # Errors
    /// As there.
    fn admits_meanwhile(
        &self,
        _key_ref: &KeyRef,
        why: KeyServiceError,
    ) -> Result<(), KeyServiceError> {
        Err(why)
    }
}

/// Makes a call, and once more where the proxy has another service after the first failed and `may` says that the call may
/// be made twice.
fn asked<'a, P: KeyProxy, T: Send + 'a>(
    proxy: &'a P,
    may: impl Fn(&dyn KeyService) -> bool + Send + Sync + 'a,
    call: impl Fn(Arc<dyn KeyService>) -> KeyFuture<'a, T> + Send + Sync + 'a,
) -> KeyFuture<'a, T> {
    Box::pin(async move {
        let service = proxy.service().await?;
        match call(Arc::clone(&service)).await {
            Err(error) if proxy.replaces(&service, &error) && may(&*service) => {
                call(proxy.service().await?).await
            }
            answer => answer,
        }
    })
}

/// Nothing that must be sent only once is in it.
const fn always(_: &dyn KeyService) -> bool {
    true
}

impl<P: KeyProxy> KeyService for P {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        asked(self, always, move |service| {
            Box::pin(async move { service.generate_dek(key, context).await })
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        // The first service may have been sent the data key before it refused.
        let never = |_: &dyn KeyService| false;
        asked(self, never, move |service| {
            Box::pin(async move { service.wrap_dek(key, dek, context).await })
        })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        asked(self, always, move |service| {
            Box::pin(async move { service.unwrap_dek(stanza, context).await })
        })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        let unseen = |service: &dyn KeyService| service.rewraps_unseen(stanza.key_ref(), key);
        asked(self, unseen, move |service| {
            Box::pin(async move { service.rewrap_dek(stanza, key, context).await })
        })
    }

    /// Without the service, each item has its own answer why. Another service is asked again for those that the first
    /// refused and would have rewrapped unseen.
    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            let service = match self.service().await {
                Ok(service) => service,
                Err(why) => return items.iter().map(|_| Err(why.again())).collect(),
            };
            let mut answers = service.rewrap_deks(items, key).await;
            let mut again = Vec::new();
            for (at, ((stanza, _), answer)) in items.iter().zip(&answers).enumerate() {
                let refused = answer.as_ref().err();
                let left = refused.is_some_and(|error| self.replaces(&service, error));
                if left && service.rewraps_unseen(stanza.key_ref(), key) {
                    again.push(at);
                }
            }
            if again.is_empty() {
                return answers;
            }
            let Ok(other) = self.service().await else { return answers };
            let left: Vec<_> = again.iter().filter_map(|at| items.get(*at)).cloned().collect();
            for (at, new) in again.into_iter().zip(other.rewrap_deks(&left, key).await) {
                if let Some(answer) = answers.get_mut(at) {
                    *answer = new;
                }
            }
            answers
        })
    }

    fn rewraps_at_once(&self, key: &KeyName) -> NonZeroUsize {
        self.at_hand().map_or(NonZeroUsize::MIN, |service| service.rewraps_at_once(key))
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.at_hand().is_ok_and(|service| service.rewraps_unseen(from, key))
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.at_hand().ok()?.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        match self.at_hand() {
            Ok(service) => service.admits(key_ref),
            Err(why) => self.admits_meanwhile(key_ref, why),
        }
    }

    /// While the service is not at hand, a key that it would be let to unwrap is only perhaps its own.
    fn claim(&self, key_ref: &KeyRef) -> Claim {
        match self.at_hand() {
            Ok(service) => service.claim(key_ref),
            Err(why) => match self.admits_meanwhile(key_ref, why) {
                Ok(()) => Claim::Possible,
                Err(KeyServiceError::ForeignStanza) => Claim::None,
                Err(_) => Claim::Own,
            },
        }
    }

    fn settle(&self) -> KeyFuture<'_, ()> {
        Box::pin(async move { self.service().await?.settle().await })
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        asked(self, always, move |service| Box::pin(async move { service.describe_key(key).await }))
    }

    /// That of a service that is not there is not claimed.
    fn assurance(&self) -> Assurance {
        self.at_hand().map_or(Assurance::NotApproved, |service| service.assurance())
    }
}
