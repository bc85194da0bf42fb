//! Keys behind the agent: it wraps and unwraps, and shows none.

use std::io::ErrorKind;
use std::sync::Arc;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError, LocalStore,
    Standing,
};

use super::link::{Link, Lost};
use crate::agent::wire::{Answer, Request};

/// The keys of the agent's session.
#[derive(Debug)]
pub(super) struct AgentKeys {
    pub(super) link: Arc<Link>,
    /// What everybody can see of the store is not asked for.
    pub(super) store: LocalStore,
    pub(super) assurance: Assurance,
}

impl AgentKeys {
    fn ask(&self, request: &Request<'_>) -> Result<Answer, KeyServiceError> {
        match self.link.ask(request) {
            Ok(Answer::KeyRefused(error)) => Err(error),
            Ok(Answer::NotLoggedIn(_)) => Err(KeyServiceError::NotPermitted),
            Ok(answer) => Ok(answer),
            Err(Lost::Gone | Lost::Foreign(_)) => Err(gone()),
            Err(Lost::Busy) => Err(KeyServiceError::Busy),
        }
    }

    fn wrap(
        &self,
        key: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let dek = dek.expose_secret();
        let request = Request::Wrap { key: key.clone(), dek, context: context.clone() };
        match self.ask(&request)? {
            Answer::Wrapped(stanza) => Ok(*stanza),
            _ => Err(gone()),
        }
    }

    fn unwrap(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        let request = Request::Unwrap { stanza: stanza.clone(), context: context.clone() };
        match self.ask(&request)? {
            Answer::Unwrapped(dek) => Ok(dek),
            _ => Err(gone()),
        }
    }
}

fn gone() -> KeyServiceError {
    KeyServiceError::Unavailable(ErrorKind::ConnectionAborted.into())
}

impl KeyService for AgentKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move {
            let dek = Dek::generate()?;
            let stanza = self.wrap(key, &dek, context)?;
            Ok((dek, stanza))
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.wrap(key, dek, context) })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move { self.unwrap(stanza, context) })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            let dek = self.unwrap(stanza, context)?;
            self.wrap(key, &dek, context)
        })
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        match self.ask(&Request::Standing(stanza.clone())) {
            Ok(Answer::Standing(standing)) => standing,
            _ => None,
        }
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        match self.ask(&Request::Admits(key_ref.clone()))? {
            Answer::Done => Ok(()),
            _ => Err(gone()),
        }
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            if !key.is_local() {
                return match self.ask(&Request::Describe(key.clone()))? {
                    Answer::Described(about) => Ok(*about),
                    _ => Err(gone()),
                };
            }
            let key = self.store.key(key).ok_or(KeyServiceError::NoSuchKey)?;
            Ok(key.describe())
        })
    }

    fn assurance(&self) -> Assurance {
        self.assurance
    }
}
