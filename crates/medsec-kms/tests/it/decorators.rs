//! What stands around a key service: what it repeats, gives up, holds back and leaves alone, and that it changes no
//! answer.

mod breaker;
mod conformance;
mod order;
mod property;
mod retry;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::Bind;
use medsec_kms::{KeyContext, KeyService, KeyServiceError, Timer};
use medsec_testkit::{OneKey, ScriptedKeys, SkippingTimer, Turn};

pub(super) fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([5; 32]), dataset: None }
}

/// A service that plays a script, and a timer for which waiting takes no time.
pub(super) struct Stage {
    pub(super) keys: Arc<ScriptedKeys>,
    pub(super) timer: Arc<SkippingTimer>,
}

impl Stage {
    pub(super) fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::of(OneKey::new("mri", 1), turns)
    }

    pub(super) fn of(key: OneKey, turns: impl IntoIterator<Item = Turn>) -> Self {
        let keys = Arc::new(ScriptedKeys::new(Arc::new(key), turns));
        Self { keys, timer: Arc::new(SkippingTimer::new()) }
    }

    pub(super) fn keys(&self) -> Arc<dyn KeyService> {
        self.keys.clone()
    }

    pub(super) fn timer(&self) -> Arc<dyn Timer> {
        self.timer.clone()
    }
}

pub(super) const THROTTLED: Turn =
    Turn::Fail(|| KeyServiceError::Throttled { retry_after: Some(Duration::from_secs(3)) });
pub(super) const DOWN: Turn =
    Turn::Fail(|| KeyServiceError::Unavailable(std::io::ErrorKind::ConnectionRefused.into()));
/// The connection broke: what was sent may have arrived.
pub(super) const CUT: Turn =
    Turn::Fail(|| KeyServiceError::Unavailable(std::io::ErrorKind::ConnectionReset.into()));
pub(super) const FORGED: Turn = Turn::Fail(|| KeyServiceError::NotAuthentic);
