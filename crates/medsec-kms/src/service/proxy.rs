//! A key service that another one stands behind.

use std::fmt;
use std::sync::Arc;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

use super::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyService, KeyServiceError, Standing,
};
use crate::name::KeyName;

/// Finds the service that does the work anew for each call: it may be replaced, or gone. Whatever implements this is a
/// [`KeyService`] that passes every call on.
pub trait KeyProxy: fmt::Debug + Send + Sync {
    /// The service. May wait for it.
    ///
    /// # Errors
    /// Why there is none. Each call answers with it.
    fn service(&self) -> Result<Arc<dyn KeyService>, KeyServiceError>;

    /// The service, if it is there without waiting: for what is answered at once.
    ///
    /// # Errors
    /// Why it is not.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        self.service()
    }

    /// Takes note that a call to `service` failed with `error`, and tells whether the call is to be made once more, with
    /// what [`Self::service`] answers then: where the service got other credentials, for instance. Never unless that is
    /// another one.
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

/// Makes a call, and once more where the proxy has another service after the first failed.
fn asked<'a, P: KeyProxy, T: Send + 'a>(
    proxy: &'a P,
    call: impl Fn(Arc<dyn KeyService>) -> KeyFuture<'a, T> + Send + Sync + 'a,
) -> KeyFuture<'a, T> {
    Box::pin(async move {
        let service = proxy.service()?;
        match call(Arc::clone(&service)).await {
            Err(error) if proxy.replaces(&service, &error) => call(proxy.service()?).await,
            answer => answer,
        }
    })
}

impl<P: KeyProxy> KeyService for P {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        asked(self, move |service| {
            Box::pin(async move { service.generate_dek(key, context).await })
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        asked(self, move |service| {
            Box::pin(async move { service.wrap_dek(key, dek, context).await })
        })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        asked(self, move |service| {
            Box::pin(async move { service.unwrap_dek(stanza, context).await })
        })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        asked(self, move |service| {
            Box::pin(async move { service.rewrap_dek(stanza, key, context).await })
        })
    }

    /// Without the service, each item has its own answer why. Another service is asked for all of them again.
    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            let nothing = |why: KeyServiceError| items.iter().map(|_| Err(why.again())).collect();
            let service = match self.service() {
                Ok(service) => service,
                Err(why) => return nothing(why),
            };
            let answers = service.rewrap_deks(items, key).await;
            let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
            if !errors.any(|error| self.replaces(&service, error)) {
                return answers;
            }
            match self.service() {
                Ok(service) => service.rewrap_deks(items, key).await,
                Err(why) => nothing(why),
            }
        })
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

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        asked(self, move |service| Box::pin(async move { service.describe_key(key).await }))
    }

    /// That of a service that is not there is not claimed.
    fn assurance(&self) -> Assurance {
        self.at_hand().map_or(Assurance::NotApproved, |service| service.assurance())
    }
}
