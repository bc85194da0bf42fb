//! A service that is reached when it is first needed.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use medsec_crypto::KeyRef;
use medsec_kms::{KeyFuture, KeyProxy, KeyService, KeyServiceError};

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

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyProxy for Lazy {
    fn service(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        let mut state = self.state();
        match &*state {
            State::Opened(service) => return Ok(Arc::clone(service)),
            State::Failed(when) if when.elapsed() < REST => return Err(away()),
            State::Failed(_) | State::NotYet => {}
        }
        let opened = pollster::block_on((self.open)());
        *state = match &opened {
            Ok(service) => State::Opened(Arc::clone(service)),
            Err(_) => State::Failed(Instant::now()),
        };
        opened
    }

    /// Not before it is reached.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        match &*self.state() {
            State::Opened(service) => Ok(Arc::clone(service)),
            State::NotYet | State::Failed(_) => Err(away()),
        }
    }

    /// Answered by the settings.
    fn admits_meanwhile(
        &self,
        key_ref: &KeyRef,
        _: KeyServiceError,
    ) -> Result<(), KeyServiceError> {
        (self.named)(key_ref).then_some(()).ok_or(KeyServiceError::ForeignStanza)
    }
}

fn away() -> KeyServiceError {
    KeyServiceError::Unavailable(ErrorKind::NotConnected.into())
}

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("reached", &self.at_hand().ok()).finish_non_exhaustive()
    }
}
