//! All that one user opens packages with: private keys of their own, and the keys of the store that it was granted.

use std::fmt;
use std::sync::Arc;

use medsec_crypto::{Assurance, Dek, HpkeIdentity, Identity as _, KeyRef, Stanza};

use crate::name::KeyName;
use crate::service::{
    KeyContext, KeyDescription, KeyFuture, KeyService, KeyServiceError, Standing,
};
use crate::store::{UserKeys, ready};

/// A user's private keys and, where there is a store, the user's keys of it, as one key service. A private key
/// unwraps what partners sealed to its public half; it wraps nothing, because a public key needs no service.
pub struct Keyring {
    own: Vec<Arc<HpkeIdentity>>,
    store: Option<UserKeys>,
}

impl Keyring {
    /// Joins both.
    #[must_use]
    pub const fn new(own: Vec<Arc<HpkeIdentity>>, store: Option<UserKeys>) -> Self {
        Self { own, store }
    }

    /// The user's keys of the store.
    #[must_use]
    pub const fn store(&self) -> Option<&UserKeys> {
        self.store.as_ref()
    }

    fn stored(&self) -> Result<&UserKeys, KeyServiceError> {
        self.store.as_ref().ok_or(KeyServiceError::NoSuchKey)
    }

    fn own(&self, key_ref: &KeyRef) -> Option<&HpkeIdentity> {
        self.own.iter().map(|own| &**own).find(|own| own.key_ref() == *key_ref)
    }
}

/// What the store answers, or why there is none to answer.
macro_rules! of_store {
    ($self:ident, $store:ident => $call:expr) => {
        match $self.stored() {
            Ok($store) => $call,
            Err(error) => ready(Err(error)),
        }
    };
}

impl KeyService for Keyring {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        of_store!(self, store => store.generate_dek(key, context))
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        of_store!(self, store => KeyService::wrap_dek(store, key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        if let Some(own) = self.own(stanza.key_ref()) {
            let dek = own.unwrap_dek(stanza, &context.bind);
            return ready(dek.map_err(|_| KeyServiceError::NotAuthentic));
        }
        of_store!(self, store => KeyService::unwrap_dek(store, stanza, context))
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        if self.own(stanza.key_ref()).is_some() {
            return Box::pin(async move {
                let dek = self.unwrap_dek(stanza, context).await?;
                self.wrap_dek(key, &dek, context).await
            });
        }
        of_store!(self, store => store.rewrap_dek(stanza, key, context))
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.store.as_ref()?.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        if self.own(key_ref).is_some() {
            return Ok(());
        }
        self.store.as_ref().ok_or(KeyServiceError::ForeignStanza)?.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        of_store!(self, store => store.describe_key(key))
    }

    /// X25519 is in no NIST standard.
    fn assurance(&self) -> Assurance {
        Assurance::NotApproved
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("store", &self.store).finish_non_exhaustive()
    }
}
