//! A service that is reached when it is first needed, with the secrets that its files hold then; and again, with what
//! they hold by then, when it no longer accepts those.

use std::fmt;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use medsec_crypto::KeyRef;
use medsec_kms::{KeyFuture, KeyProxy, KeyService, KeyServiceError};

/// Whether a key may be one that the settings name, told from its reference alone: nobody is asked. Where the settings
/// name an alias, it may be another's after all, and is refused when it is used.
pub(super) type Named = Box<dyn Fn(&KeyRef) -> bool + Send + Sync>;

/// Reaches it: reads its secrets, logs in, resolves names, loads a module.
pub(super) type Opening = Box<dyn Fn() -> KeyFuture<'static, Arc<dyn KeyService>> + Send + Sync>;

/// How long a service that could not be reached is not tried again, and what was wrong is told once more: a folder of
/// packages would wait for each of them.
const REST: Duration = Duration::from_secs(10);

/// Whether it was reached.
enum State {
    NotYet,
    Opened(Arc<dyn KeyService>),
    Failed(Instant, KeyServiceError),
}

/// A service behind an [`Opening`]. Whoever is first to need it waits for it, and so do all who come meanwhile: this
/// program polls on threads of its own, which may wait.
pub(super) struct Lazy {
    named: Named,
    open: Opening,
    state: Mutex<State>,
    /// When one was left because it no longer knew this program.
    left: Mutex<Option<Instant>>,
}

impl Lazy {
    pub(super) const fn new(named: Named, open: Opening) -> Self {
        Self { named, open, state: Mutex::new(State::NotYet), left: Mutex::new(None) }
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
            State::Failed(when, why) if when.elapsed() < REST => return Err(why.again()),
            State::Failed(..) | State::NotYet => {}
        }
        let opened = pollster::block_on((self.open)());
        *state = match &opened {
            Ok(service) => State::Opened(Arc::clone(service)),
            Err(why) => State::Failed(Instant::now(), why.again()),
        };
        opened
    }

    /// Not before it is reached.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        match &*self.state() {
            State::Opened(service) => Ok(Arc::clone(service)),
            State::Failed(_, why) => Err(why.again()),
            State::NotYet => Err(KeyServiceError::Unavailable(ErrorKind::NotConnected.into())),
        }
    }

    /// One that no longer knows this program is left: its files may hold other secrets by now. Of those who come
    /// together the first leaves it; and where that did not help, it is not done again for a while.
    fn replaces(&self, service: &Arc<dyn KeyService>, error: &KeyServiceError) -> bool {
        if !matches!(error, KeyServiceError::Unauthenticated) {
            return false;
        }
        let mut state = self.state();
        if !matches!(&*state, State::Opened(held) if Arc::ptr_eq(held, service)) {
            return true;
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_some_and(|when| when.elapsed() < REST) {
            return false;
        }
        (*left, *state) = (Some(Instant::now()), State::NotYet);
        true
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

impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").field("reached", &self.at_hand().ok()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use medsec_crypto::{Assurance, Dek, Stanza};
    use medsec_kms::{FileFault, KeyContext, KeyDescription, KeyName, KeyState};

    /// A service that knows the caller, or no longer does.
    #[derive(Debug)]
    struct Counter {
        knows: bool,
    }

    impl Counter {
        fn told<T>(&self) -> KeyFuture<'_, T> {
            Box::pin(async { Err(KeyServiceError::NotPermitted) })
        }
    }

    impl KeyService for Counter {
        fn generate_dek<'a>(
            &'a self,
            _: &'a KeyName,
            _: &'a KeyContext,
        ) -> KeyFuture<'a, (Dek, Stanza)> {
            self.told()
        }

        fn wrap_dek<'a>(
            &'a self,
            _: &'a KeyName,
            _: &'a Dek,
            _: &'a KeyContext,
        ) -> KeyFuture<'a, Stanza> {
            self.told()
        }

        fn unwrap_dek<'a>(&'a self, _: &'a Stanza, _: &'a KeyContext) -> KeyFuture<'a, Dek> {
            self.told()
        }

        fn rewrap_dek<'a>(
            &'a self,
            _: &'a Stanza,
            _: &'a KeyName,
            _: &'a KeyContext,
        ) -> KeyFuture<'a, Stanza> {
            self.told()
        }

        fn admits(&self, _: &KeyRef) -> Result<(), KeyServiceError> {
            Ok(())
        }

        fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
            let answer = match self.knows {
                true => Ok(KeyDescription::new(key.clone(), KeyState::Enabled)),
                false => Err(KeyServiceError::Unauthenticated),
            };
            Box::pin(async { answer })
        }

        fn assurance(&self) -> Assurance {
            Assurance::NotApproved
        }
    }

    type Made = fn(usize) -> Result<Counter, KeyServiceError>;

    /// A lazy service, and how often it was reached for.
    fn lazy(made: Made) -> (Lazy, Arc<AtomicUsize>) {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let open: Opening = Box::new(move || {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move { Ok(Arc::new(made(number)?) as Arc<dyn KeyService>) })
        });
        (Lazy::new(Box::new(|_| true), open), tries)
    }

    fn described(lazy: &Lazy) -> Result<KeyDescription, KeyServiceError> {
        pollster::block_on(lazy.describe_key(&KeyName::new("ct").unwrap()))
    }

    #[test]
    fn reason_of_a_failed_attempt_is_told_until_the_next() {
        let (lazy, tries) = lazy(|_| Err(KeyServiceError::File(FileFault::Shared)));
        assert!(format!("{lazy:?}").contains("None"));
        assert_eq!(tries.load(Ordering::Relaxed), 0, "nobody needed it");
        for _ in 0..3 {
            let error = described(&lazy).unwrap_err();
            assert!(matches!(error, KeyServiceError::File(FileFault::Shared)), "{error:?}");
        }
        assert_eq!(tries.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn service_that_forgot_the_caller_is_reached_anew_at_once() {
        let (lazy, tries) = lazy(|number| Ok(Counter { knows: number > 0 }));
        assert!(described(&lazy).is_ok() && described(&lazy).is_ok());
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn service_that_never_knows_the_caller_is_reached_anew_once() {
        let (lazy, tries) = lazy(|_| Ok(Counter { knows: false }));
        for _ in 0..3 {
            let error = described(&lazy).unwrap_err();
            assert!(matches!(error, KeyServiceError::Unauthenticated), "{error:?}");
        }
        assert_eq!(tries.load(Ordering::Relaxed), 2);
    }
}
