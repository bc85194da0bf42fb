//! A service that is reached when it is first needed, with the secrets that its files hold then; and again, with what
//! they hold by then, when it no longer accepts those.

use std::fmt;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use medsec_crypto::KeyRef;
use medsec_kms::{KeyFuture, KeyProxy, KeyService, KeyServiceError};

/// Whether a key may be one that the settings name, told from its reference alone: nobody is asked. Where the settings
/// name an alias, it may be another's after all: the service is reached to know, and is not asked for that key.
pub(super) type Named = Box<dyn Fn(&KeyRef) -> bool + Send + Sync>;

/// Reaches it: reads its secrets, logs in, resolves names, loads a module.
pub(super) type Opening = Box<dyn Fn() -> KeyFuture<'static, Arc<dyn KeyService>> + Send + Sync>;

/// How long a service that could not be reached is not tried again, and what was wrong is told once more: a folder of
/// packages would wait for each of them.
const REST: Duration = Duration::from_secs(10);

/// Whether it was reached.
enum State {
    NotYet,
    /// Somebody is at it. Whoever waits is woken.
    Opening(Vec<Waker>),
    Opened(Arc<dyn KeyService>),
    Failed(Instant, KeyServiceError),
}

/// A service behind an [`Opening`]. That runs on a thread of its own, goes on if those who wait for it give up, and nobody
/// who asks for something else waits for it.
pub(super) struct Lazy(Arc<Inner>);

struct Inner {
    named: Named,
    open: Opening,
    state: Mutex<State>,
    /// When one was left because it no longer knew this program.
    left: Mutex<Option<Instant>>,
}

impl Lazy {
    pub(super) fn new(named: Named, open: Opening) -> Self {
        let (state, left) = (Mutex::new(State::NotYet), Mutex::new(None));
        Self(Arc::new(Inner { named, open, state, left }))
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service; whoever is first to need it has it reached.
    fn poll(self: &Arc<Self>, waker: &Waker) -> Poll<Result<Arc<dyn KeyService>, KeyServiceError>> {
        let mut state = self.state();
        match &mut *state {
            State::Opened(service) => return Poll::Ready(Ok(Arc::clone(service))),
            State::Failed(when, why) if when.elapsed() < REST => {
                return Poll::Ready(Err(why.again()));
            }
            State::Opening(waiting) => {
                if !waiting.iter().any(|other| other.will_wake(waker)) {
                    waiting.push(waker.clone());
                }
                return Poll::Pending;
            }
            State::Failed(..) | State::NotYet => *state = State::Opening(vec![waker.clone()]),
        }
        drop(state);
        let mut ending = Ending { inner: Arc::clone(self), ended: false };
        let thread = thread::Builder::new().name("medsec-service".to_owned());
        let started = thread.spawn(move || {
            let opened = pollster::block_on((ending.inner.open)());
            ending.settle(opened);
        });
        match started {
            Ok(_) => Poll::Pending,
            // What was to be run on it has gone, and has said so.
            Err(error) => Poll::Ready(Err(KeyServiceError::Unavailable(error.kind().into()))),
        }
    }
}

/// An opening that is under way: it ends one way or another.
struct Ending {
    inner: Arc<Inner>,
    /// Once it has ended, an opening that is under way is another one.
    ended: bool,
}

impl Ending {
    fn settle(&mut self, opened: Result<Arc<dyn KeyService>, KeyServiceError>) {
        let ended = match opened {
            Ok(service) => State::Opened(service),
            Err(why) => State::Failed(Instant::now(), why),
        };
        self.ended = true;
        let waiting = match std::mem::replace(&mut *self.inner.state(), ended) {
            State::Opening(waiting) => waiting,
            State::NotYet | State::Opened(_) | State::Failed(..) => Vec::new(),
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Ending {
    /// Without an end, those who wait would wait for ever.
    fn drop(&mut self) {
        if !self.ended {
            self.settle(Err(KeyServiceError::Unavailable(ErrorKind::Other.into())));
        }
    }
}

impl KeyProxy for Lazy {
    fn service(&self) -> KeyFuture<'_, Arc<dyn KeyService>> {
        Box::pin(poll_fn(|context| self.0.poll(context.waker())))
    }

    /// Not before it is reached.
    fn at_hand(&self) -> Result<Arc<dyn KeyService>, KeyServiceError> {
        match &*self.0.state() {
            State::Opened(service) => Ok(Arc::clone(service)),
            State::Failed(_, why) => Err(why.again()),
            State::NotYet | State::Opening(_) => {
                Err(KeyServiceError::Unavailable(ErrorKind::NotConnected.into()))
            }
        }
    }

    /// One that no longer knows this program is left: its files may hold other secrets by now. Of those who come
    /// together the first leaves it; and where that did not help, it is not done again for a while.
    fn replaces(&self, service: &Arc<dyn KeyService>, error: &KeyServiceError) -> bool {
        if !matches!(error, KeyServiceError::Unauthenticated) {
            return false;
        }
        let mut state = self.0.state();
        if !matches!(&*state, State::Opened(held) if Arc::ptr_eq(held, service)) {
            return true;
        }
        let mut left = self.0.left.lock().unwrap_or_else(PoisonError::into_inner);
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
        (self.0.named)(key_ref).then_some(()).ok_or(KeyServiceError::ForeignStanza)
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
    use std::task::Context;

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
        // Often, since the thread of the first opening may end while the second is under way.
        for _ in 0..500 {
            let (lazy, tries) = lazy(|number| Ok(Counter { knows: number > 0 }));
            assert!(described(&lazy).is_ok() && described(&lazy).is_ok());
            assert_eq!(tries.load(Ordering::Relaxed), 2);
        }
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

    /// An opening that takes its time.
    fn slow(time: Duration) -> (Lazy, Arc<AtomicUsize>) {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let open: Opening = Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                thread::sleep(time);
                Ok(Arc::new(Counter { knows: true }) as Arc<dyn KeyService>)
            })
        });
        (Lazy::new(Box::new(|_| true), open), tries)
    }

    #[test]
    fn nobody_waits_in_a_poll_while_it_is_reached() {
        let (lazy, tries) = slow(Duration::from_millis(500));
        let begun = Instant::now();
        let key = KeyName::new("ct").unwrap();
        for _ in 0..3 {
            let mut call = lazy.describe_key(&key);
            let mut context = Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(&mut context).is_pending());
        }
        let other = KeyRef::new(medsec_crypto::StanzaKind::HpkeX25519, &[9; 32]).unwrap();
        assert!(lazy.admits(&other).is_ok());
        assert_eq!(lazy.claim(&other), medsec_kms::Claim::Possible);
        assert!(lazy.at_hand().is_err() && begun.elapsed() < Duration::from_millis(400));
        // Those who gave up left it under way, and those who come share it.
        thread::scope(|scope| {
            for _ in 0..4 {
                let _thread = scope.spawn(|| described(&lazy).unwrap());
            }
        });
        assert_eq!(tries.load(Ordering::Relaxed), 1);
        assert_eq!(lazy.claim(&other), medsec_kms::Claim::Own);
    }

    #[test]
    fn deadline_holds_while_it_is_reached() {
        let (lazy, _) = slow(Duration::from_secs(2));
        let timer: Arc<dyn medsec_kms::Timer> = Arc::new(medsec_kms::ThreadTimer);
        let time = Duration::from_millis(50);
        let deadline = medsec_kms::Deadline::new(Arc::new(lazy), timer, time);
        let begun = Instant::now();
        let told = pollster::block_on(deadline.describe_key(&KeyName::new("ct").unwrap()));
        assert!(matches!(told, Err(KeyServiceError::TimedOut)), "{told:?}");
        assert!(begun.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn opening_that_panics_is_an_error() {
        let open: Opening = Box::new(|| panic!("as a module may"));
        let lazy = Lazy::new(Box::new(|_| true), open);
        assert!(matches!(described(&lazy), Err(KeyServiceError::Unavailable(_))));
    }
}
