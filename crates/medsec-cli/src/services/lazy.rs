//! A service that is reached when it is first needed.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza, StanzaKind};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyName, KeyService, KeyServiceError,
    Standing,
};

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
    /// Of its stanzas. Others are nothing to reach it for.
    kind: StanzaKind,
    open: Opening,
    state: Mutex<State>,
}

impl Lazy {
    pub(super) const fn new(kind: StanzaKind, open: Opening) -> Self {
        Self { kind, open, state: Mutex::new(State::NotYet) }
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

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        from.kind() == self.kind
            && self.opened().is_ok_and(|opened| opened.rewraps_unseen(from, key))
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        if stanza.key_ref().kind() != self.kind {
            return None;
        }
        self.opened().ok()?.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        if key_ref.kind() != self.kind {
            return Err(KeyServiceError::ForeignStanza);
        }
        self.opened()?.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move { self.opened()?.describe_key(key).await })
    }

    /// That of a service that was not needed yet is not claimed.
    fn assurance(&self) -> Assurance {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Opened(service) => service.assurance(),
            State::NotYet | State::Failed(_) => Assurance::NotApproved,
        }
    }
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("kind", &self.kind).finish_non_exhaustive()
    }
}
