//! A key service that fails as it is told, and otherwise hands every call on; and a timer for which waiting takes no
//! time.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError, Timer,
};

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "what a test can have happen")]
pub enum Turn {
    /// It is handed on.
    Answer,
    /// It fails.
    Fail(fn() -> KeyServiceError),
    /// It is never answered.
    Hang,
}

/// Plays a script: one turn for each call; when it is over, every call is handed on.
pub struct ScriptedKeys {
    inner: Arc<dyn KeyService>,
    turns: Mutex<VecDeque<Turn>>,
    calls: Mutex<usize>,
}

impl ScriptedKeys {
    /// With a script.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>, turns: impl IntoIterator<Item = Turn>) -> Self {
        let turns = Mutex::new(turns.into_iter().collect());
        Self { inner, turns, calls: Mutex::default() }
    }

    /// How many calls came.
    #[must_use]
    pub fn calls(&self) -> usize {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn turn(&self) -> Result<(), KeyServiceError> {
        let turn = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            *calls = calls.saturating_add(1);
            self.turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
        };
        match turn {
            None | Some(Turn::Answer) => Ok(()),
            Some(Turn::Fail(error)) => Err(error()),
            Some(Turn::Hang) => std::future::pending().await,
        }
    }
}

macro_rules! scripted {
    ($self:ident, $call:expr) => {
        Box::pin(async move {
            $self.turn().await?;
            $call.await
        })
    };
}

impl KeyService for ScriptedKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        scripted!(self, self.inner.generate_dek(key, context))
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        scripted!(self, self.inner.wrap_dek(key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        scripted!(self, self.inner.unwrap_dek(stanza, context))
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        scripted!(self, self.inner.rewrap_dek(stanza, key, context))
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.inner.rewraps_unseen(from, key)
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.inner.admits(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        scripted!(self, self.inner.describe_key(key))
    }

    fn assurance(&self) -> Assurance {
        self.inner.assurance()
    }
}

impl fmt::Debug for ScriptedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedKeys").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// A timer whose clock jumps ahead when somebody waits, and that remembers what was waited for.
#[derive(Debug, Default)]
pub struct SkippingTimer(Mutex<(Duration, Vec<Duration>)>);

impl SkippingTimer {
    /// At zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        now.0 = now.0.saturating_add(time);
    }

    /// Every wait so far, in order.
    #[must_use]
    pub fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl Timer for SkippingTimer {
    fn now(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn sleep(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            self.advance(time);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).1.push(time);
        })
    }
}
