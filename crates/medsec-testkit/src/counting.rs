//! A key service that tells a test what was asked of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyName, KeyService, KeyServiceError,
    Standing,
};

/// What a key service was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the calls of the trait that work with data keys")]
pub enum Asked {
    /// A fresh data key.
    Generate,
    /// To wrap one.
    Wrap,
    /// To unwrap one.
    Unwrap,
    /// To wrap one anew.
    Rewrap,
    /// To wrap so many anew in one call.
    RewrapMany(usize),
}

/// Hands every call on to another service, counts it, and calls a test's function before each.
pub struct CountingKeys {
    inner: Arc<dyn KeyService>,
    asked: Mutex<Vec<Asked>>,
    before: Box<dyn Fn(Asked) + Send + Sync>,
}

impl CountingKeys {
    /// Counts.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>) -> Self {
        Self::watched(inner, |_| {})
    }

    /// Counts, and calls `before` ahead of every call that works with a data key.
    #[must_use]
    pub fn watched(
        inner: Arc<dyn KeyService>,
        before: impl Fn(Asked) + Send + Sync + 'static,
    ) -> Self {
        Self { inner, asked: Mutex::default(), before: Box::new(before) }
    }

    /// How often it was asked for that.
    #[must_use]
    pub fn count(&self, what: Asked) -> usize {
        self.asked().into_iter().filter(|asked| *asked == what).count()
    }

    /// All that it was asked for, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, what: Asked) {
        (self.before)(what);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

/// Counts when the future is polled, as a service elsewhere would be asked then.
macro_rules! noted {
    ($self:ident, $what:expr, $call:expr) => {
        Box::pin(async move {
            $self.note($what);
            $call.await
        })
    };
}

impl KeyService for CountingKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        noted!(self, Asked::Generate, self.inner.generate_dek(key, context))
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        noted!(self, Asked::Wrap, self.inner.wrap_dek(key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        noted!(self, Asked::Unwrap, self.inner.unwrap_dek(stanza, context))
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        noted!(self, Asked::Rewrap, self.inner.rewrap_dek(stanza, key, context))
    }

    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        noted!(self, Asked::RewrapMany(items.len()), self.inner.rewrap_deks(items, key))
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.inner.rewraps_unseen(from, key)
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.inner.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.inner.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.inner.describe_key(key)
    }

    fn assurance(&self) -> Assurance {
        self.inner.assurance()
    }
}

impl fmt::Debug for CountingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingKeys").field("asked", &self.asked()).finish_non_exhaustive()
    }
}
