//! A service that is reached when it is first needed.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyName, KeyService, KeyServiceError,
    Standing,
};

/// Whether a key may be one that the settings name, told from its reference alone: nobody is asked. Where the settings
/// name an alias, it may be another's after all, and is refused when it is used.
pub(super) type Named = Box<dyn Fn(&KeyRef) -> bool + Send + Sync>;

/// Reaches it: logs in, resolves names, loads a module.
pub(super) type Opening = Box<dyn Fn() -> KeyFuture<'static, Arc<dyn KeyService>> + Send + Sync>;

/// How long a service that could not be reached is not tried again: a folder of packages would wait for each of them.
const REST: Duration = Duration::from_secs(10);

/// Whether it was reached.
enum State {
    NotYet,
    Opened(Arc<dyn KeyService>),
    Failed(Instant),
}

/// A service behind an [`Opening`]. Whoever is first to need it waits for it, and so do all who come meanwhile: this
/// program polls on threads of its own, which may wait.
pub(super) struct Lazy {
    named: Named,
    open: Opening,
    state: Mutex<State>,
}

impl Lazy {
    pub(super) const fn new(named: Named, open: Opening) -> Self {
        Self { named, open, state: Mutex::new(State::NotYet) }
    }

    /// The service, if it was reached.
    fn reached(&self) -> Option<Arc<dyn KeyService>> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Opened(service) => Some(Arc::clone(service)),
            State::NotYet | State::Failed(_) => None,
        }
    }

    fn opened(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Opened(service) => return Ok(Arc::clone(service)),
            State::Failed(when) if when.elapsed() < REST => {
                return Err(KeyServiceError::Unavailable(ErrorKind::NotConnected.into()));
            }
            State::Failed(_) | State::NotYet => {}
        }
        let opened = pollster::block_on((self.open)());
        *state = match &opened {
            Ok(service) => State::Opened(Arc::clone(service)),
            Err(_) => State::Failed(Instant::now()),
        };
        opened
    }
}

impl KeyService for Lazy {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move { self.opened()?.generate_dek(key, context).await })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.opened()?.wrap_dek(key, dek, context).await })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move { self.opened()?.unwrap_dek(stanza, context).await })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move { self.opened()?.rewrap_dek(stanza, key, context).await })
    }

    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            let opened = match self.opened() {
                Ok(opened) => opened,
                Err(error) => {
                    let rest = || Err(KeyServiceError::Unavailable(ErrorKind::NotConnected.into()));
                    let first = std::iter::once(Err(error));
                    return first.chain(std::iter::repeat_with(rest)).take(items.len()).collect();
                }
            };
            opened.rewrap_deks(items, key).await
        })
    }

    /// Not before it is reached.
    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.reached().is_some_and(|service| service.rewraps_unseen(from, key))
    }

    /// Not before it is reached.
    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.reached()?.standing(stanza)
    }

    /// Answered by the settings, or by the service once it is reached.
    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        match self.reached() {
            Some(service) => service.admits(key_ref),
            None if (self.named)(key_ref) => Ok(()),
            None => Err(KeyServiceError::ForeignStanza),
        }
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move { self.opened()?.describe_key(key).await })
    }

    /// That of a service that was not needed yet is not claimed.
    fn assurance(&self) -> Assurance {
        self.reached().map_or(Assurance::NotApproved, |service| service.assurance())
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("reached", &self.reached()).finish_non_exhaustive()
    }
}
