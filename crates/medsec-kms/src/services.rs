//! Several key services as one. Which of them is meant stands in the key's name, or in the stanza; none ever stands in
//! for another.
//!
//! A key is named `service:key`, split at the first colon: `bao:imaging`, `aws:alias/mri`. A name without a colon is
//! one of the local service. `arn` names no service, so that an Amazon resource name is never taken for one.

mod name;
mod routing;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

pub use self::name::{InvalidService, ServiceName};
use self::routing::Chosen;
use crate::name::KeyName;
use crate::service::{
    Claim, KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyService, KeyServiceError, Standing,
};

/// Several key services as one.
///
/// A stanza goes to the one service that calls its key its own. Where none or more than one does, it is refused and none
/// is asked; a service that fails, refuses or is not there is never replaced by another one. A service that has a replica
/// of the key is asked if none has the key itself, the first of them if there are several. Where only services claim a key
/// that do not know it for certain ([`Claim::Possible`]) and there is more than one, they are reached first and asked
/// again; a single one finds out by itself.
///
/// Put [`Guards`](crate::Guards) around each service before it is joined, not around the whole: a rewrap from one service
/// to another that is repeated as a whole sends the data key again.
pub struct KeyServices {
    local: Option<Arc<dyn KeyService>>,
    named: Vec<(ServiceName, Arc<dyn KeyService>)>,
}

impl KeyServices {
    /// With a service for names without a colon, for instance a [`Keyring`](crate::Keyring), or with none.
    #[must_use]
    pub const fn new(local: Option<Arc<dyn KeyService>>) -> Self {
        Self { local, named: Vec::new() }
    }

    /// Adds a service under a name.
    ///
    /// # Errors
    /// [`InvalidService::Twice`] if there is one of that name.
    pub fn with(
        mut self,
        name: ServiceName,
        service: Arc<dyn KeyService>,
    ) -> Result<Self, InvalidService> {
        if self.named.iter().any(|(other, _)| *other == name) {
            return Err(InvalidService::Twice);
        }
        self.named.push((name, service));
        Ok(self)
    }

    /// What the services are called; the local one is not among them.
    pub fn names(&self) -> impl Iterator<Item = &ServiceName> {
        self.named.iter().map(|(name, _)| name)
    }
}

impl KeyService for KeyServices {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move {
            let named = self.of_name(key)?;
            named.service.generate_dek(&named.key, context).await
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            let named = self.of_name(key)?;
            named.service.wrap_dek(&named.key, dek, context).await
        })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move { self.of_stanza(stanza).await?.unwrap_dek(stanza, context).await })
    }

    /// Within one service it is that service's own rewrap. From one to another the data key is unwrapped by the first
    /// and wrapped by the second, and is in this process meanwhile.
    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            let (to, from) = (self.of_name(key)?, self.of_stanza(stanza).await?);
            if Arc::ptr_eq(from, to.service) {
                return from.rewrap_dek(stanza, &to.key, context).await;
            }
            let dek = from.unwrap_dek(stanza, context).await?;
            to.service.wrap_dek(&to.key, &dek, context).await
        })
    }

    /// What is of the service of `key` goes there in one call, the rest one after the other.
    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(self.rewrap_all(items, key))
    }

    fn rewraps_at_once(&self, key: &KeyName) -> NonZeroUsize {
        let to = self.of_name(key);
        to.map_or(NonZeroUsize::MIN, |to| to.service.rewraps_at_once(&to.key))
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        let (Ok(from_service), Ok(to)) = (self.of_key(from), self.of_name(key)) else {
            return false;
        };
        Arc::ptr_eq(from_service, to.service) && to.service.rewraps_unseen(from, &to.key)
    }

    /// The name is again `service:key`.
    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.standing_of(stanza)
    }

    /// Also if it is not certain yet which of several services has the key.
    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        match self.chosen(key_ref)? {
            Chosen::One(service) => service.admits(key_ref),
            Chosen::Unsettled(_) => Ok(()),
        }
    }

    fn claim(&self, key_ref: &KeyRef) -> Claim {
        let all = self.all().map(|service| service.claim(key_ref));
        all.max().unwrap_or(Claim::None)
    }

    /// The name in the answer is again `service:key`.
    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            let named = self.of_name(key)?;
            let mut told = named.service.describe_key(&named.key).await?;
            told.name = named.outside(&told.name)?;
            Ok(told)
        })
    }

    /// That of the weakest.
    fn assurance(&self) -> Assurance {
        let all = self.all().map(|service| service.assurance());
        all.min().unwrap_or(Assurance::NotApproved)
    }
}

impl fmt::Debug for KeyServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().map(ServiceName::as_str).collect();
        let mut shown = f.debug_struct("KeyServices");
        shown.field("local", &self.local.is_some()).field("named", &names).finish()
    }
}
