//! The runtime that network clients need, around each poll of theirs.

use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    Claim, KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyName, KeyService, KeyServiceError,
    Standing,
};
use tokio::runtime::{Builder, Runtime};

/// One for the process: connections are kept between calls, and belong to the runtime that made them.
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

/// Starts it at first.
pub(super) fn runtime() -> io::Result<&'static Runtime> {
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("medsec-network")
        .enable_all()
        .build()?;
    // Where another thread was quicker, this one ends at once: nothing runs on it.
    Ok(RUNTIME.get_or_init(|| made))
}

/// A future that is polled inside the runtime, by whichever thread.
struct Inside<F> {
    runtime: &'static Runtime,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _inside = self.runtime.enter();
        self.future.as_mut().poll(context)
    }
}

/// Has a future polled inside the runtime.
pub(super) fn inside<'a, F>(
    runtime: &'static Runtime,
    future: F,
) -> Pin<Box<dyn Future<Output = F::Output> + Send + 'a>>
where
    F: Future + Send + 'a,
{
    Box::pin(Inside { runtime, future: Box::pin(future) })
}

/// A service whose calls need the runtime.
pub(super) struct OnRuntime<K> {
    service: K,
    runtime: &'static Runtime,
}

impl<K: KeyService> OnRuntime<K> {
    pub(super) const fn new(service: K, runtime: &'static Runtime) -> Self {
        Self { service, runtime }
    }
}

impl<K: KeyService> KeyService for OnRuntime<K> {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        inside(self.runtime, self.service.generate_dek(key, context))
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        inside(self.runtime, self.service.wrap_dek(key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        inside(self.runtime, self.service.unwrap_dek(stanza, context))
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        inside(self.runtime, self.service.rewrap_dek(stanza, key, context))
    }

    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        inside(self.runtime, self.service.rewrap_deks(items, key))
    }

    fn rewraps_at_once(&self, key: &KeyName) -> NonZeroUsize {
        self.service.rewraps_at_once(key)
    }

    fn claim(&self, key_ref: &KeyRef) -> Claim {
        self.service.claim(key_ref)
    }

    fn settle(&self) -> KeyFuture<'_, ()> {
        inside(self.runtime, self.service.settle())
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.service.rewraps_unseen(from, key)
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.service.standing(stanza)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.service.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        inside(self.runtime, self.service.describe_key(key))
    }

    fn assurance(&self) -> Assurance {
        self.service.assurance()
    }
}

impl<K: fmt::Debug> fmt::Debug for OnRuntime<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.service.fmt(f)
    }
}
