//! Which of the services is meant.

use std::sync::Arc;

use medsec_crypto::{KeyRef, Stanza};

use super::{KeyServices, ServiceName};
use crate::decorate::answered;
use crate::name::KeyName;
use crate::service::{Claim, KeyContext, KeyService, KeyServiceError, Standing};

/// Which service has a key.
pub(super) enum Chosen<'a> {
    /// This one.
    One(&'a Arc<dyn KeyService>),
    /// One of several, of which these have to be reached to know.
    Unsettled(Vec<&'a Arc<dyn KeyService>>),
}

/// A service, and what it calls the key.
pub(super) struct Named<'a> {
    pub(super) service: &'a Arc<dyn KeyService>,
    pub(super) key: KeyName,
    of: Option<&'a ServiceName>,
}

impl Named<'_> {
    /// What a key of this service is called outside.
    pub(super) fn outside(&self, key: &KeyName) -> Result<KeyName, KeyServiceError> {
        let Some(of) = self.of else { return Ok(key.clone()) };
        let too_long = |_| KeyServiceError::Answer("a key's name that is too long");
        KeyName::new(&format!("{of}:{key}")).map_err(too_long)
    }
}

impl KeyServices {
    /// The local service first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<dyn KeyService>> {
        self.local.iter().chain(self.named.iter().map(|(_, service)| service))
    }

    /// The service that a name speaks of.
    pub(super) fn of_name(&self, name: &KeyName) -> Result<Named<'_>, KeyServiceError> {
        let Some((service, key)) = name.as_str().split_once(':') else {
            let service = self.local.as_ref().ok_or(KeyServiceError::NoSuchService)?;
            return Ok(Named { service, key: name.clone(), of: None });
        };
        let found = self.named.iter().find(|(other, _)| other.as_str() == service);
        let (of, service) = found.ok_or(KeyServiceError::NoSuchService)?;
        let key = KeyName::new(key).map_err(|_| KeyServiceError::NoSuchKey)?;
        Ok(Named { service, key, of: Some(of) })
    }

    /// What the first service that knows the key says of it, with that service's name.
    pub(super) fn standing_of(&self, stanza: &Stanza) -> Option<Standing> {
        if let Some(standing) = self.local.as_ref().and_then(|local| local.standing(stanza)) {
            return Some(standing);
        }
        self.named.iter().find_map(|(name, service)| {
            let Standing { key, version } = service.standing(stanza)?;
            Some(Standing { key: KeyName::new(&format!("{name}:{key}")).ok()?, version })
        })
    }

    /// The one service whose key wrapped it. Services that do not know are reached.
    pub(super) async fn of_stanza(
        &self,
        stanza: &Stanza,
    ) -> Result<&Arc<dyn KeyService>, KeyServiceError> {
        let key_ref = stanza.key_ref();
        let claimants = match self.chosen(key_ref)? {
            Chosen::One(service) => return service.admits(key_ref).map(|()| service),
            Chosen::Unsettled(claimants) => claimants,
        };
        let mut away = None;
        for service in claimants {
            away = service.settle().await.err().or(away);
        }
        // One that is still not known could be the one: no other stands in for it.
        match (self.chosen(key_ref)?, away) {
            (Chosen::One(service), _) => service.admits(key_ref).map(|()| service),
            (Chosen::Unsettled(_), Some(away)) => Err(away),
            (Chosen::Unsettled(_), None) => Err(KeyServiceError::Ambiguous),
        }
    }

    /// The one service whose key that is, if that is certain. One that knows the key and will not use it is still the
    /// one: the others are not tried.
    pub(super) fn of_key(&self, key_ref: &KeyRef) -> Result<&Arc<dyn KeyService>, KeyServiceError> {
        match self.chosen(key_ref)? {
            Chosen::One(service) => service.admits(key_ref).map(|()| service),
            Chosen::Unsettled(_) => Err(KeyServiceError::Ambiguous),
        }
    }

    /// What the services' claims come to.
    pub(super) fn chosen(&self, key_ref: &KeyRef) -> Result<Chosen<'_>, KeyServiceError> {
        let claims = self.all().map(|service| (service, service.claim(key_ref)));
        let claims: Vec<_> = claims.filter(|(_, claim)| *claim != Claim::None).collect();
        let of = |claim| claims.iter().filter(move |(_, is)| *is == claim).map(|(one, _)| *one);
        let mut own = of(Claim::Own);
        if let Some(service) = own.next() {
            let one = own.next().is_none().then_some(Chosen::One(service));
            return one.ok_or(KeyServiceError::Ambiguous);
        }
        if let [(service, _)] = claims.as_slice() {
            return Ok(Chosen::One(service));
        }
        let possible: Vec<_> = of(Claim::Possible).collect();
        if !possible.is_empty() {
            return Ok(Chosen::Unsettled(possible));
        }
        of(Claim::Replica).next().map(Chosen::One).ok_or(KeyServiceError::ForeignStanza)
    }

    /// Rewraps each, in their order.
    pub(super) async fn rewrap_all(
        &self,
        items: &[(Stanza, KeyContext)],
        key: &KeyName,
    ) -> Vec<Result<Stanza, KeyServiceError>> {
        let to = self.of_name(key).ok();
        let mut own = Vec::with_capacity(items.len());
        for (stanza, _) in items {
            // Also where the key has no service: who wrapped it is settled here.
            let from = self.of_stanza(stanza).await.ok();
            let both = from.zip(to.as_ref());
            own.push(both.is_some_and(|(from, to)| Arc::ptr_eq(from, to.service)));
        }
        let chosen = items.iter().zip(&own).filter(|(_, own)| **own);
        let together: Vec<_> = chosen.map(|(item, _)| item.clone()).collect();
        let answers = match to {
            Some(to) if !together.is_empty() => to.service.rewrap_deks(&together, &to.key).await,
            _ => Vec::new(),
        };
        let mut answers = answered(answers, together.len());
        let mut rewrapped = Vec::with_capacity(items.len());
        for ((stanza, context), own) in items.iter().zip(own) {
            let done = if own { answers.next() } else { None };
            rewrapped.push(match done {
                Some(done) => done,
                None => self.rewrap_dek(stanza, key, context).await,
            });
        }
        rewrapped
    }
}
