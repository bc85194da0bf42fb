//! What stands around a key service elsewhere: repeating, giving up, a limit to calls at a time, and leaving it alone
//! when it is down. Each is a [`KeyService`] around another one and changes no answer; no runtime is chosen.
//!
//! [`Guards`] puts them around a service in the order in which they work together:
//!
//! ```text
//! Retry ─► Breaker ─► Limit ─► Deadline ─► the service
//! ```
//!
//! so that the deadline is one attempt's and does not run while a call waits for its turn, the breaker sees every
//! attempt, and what it refuses is tried again when it says.
//!
//! What a service answers at once (`admits`, `claim`, `assurance`, `rewraps_unseen` and the like) passes through. A call
//! for many data keys is one call for the breaker and the limit; the deadline is that of each part which the service works
//! on together, and what is tried again is what failed.

mod breaker;
mod deadline;
mod limit;
mod retry;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

pub use self::breaker::{Breaker, BreakerLimits};
pub use self::deadline::Deadline;
pub use self::limit::Limit;
pub(crate) use self::limit::Turns;
pub use self::retry::{PlaintextAgain, Retry, RetryLimits};

use medsec_crypto::Stanza;

use crate::name::KeyName;
use crate::service::{KeyContext, KeyService, KeyServiceError};
use crate::timer::Timer;

/// Makes a [`KeyService`] of a type that has `inner`, and `around(sends, call)`, which may make the call more than once.
/// Calls for many data keys go through `around_batch`.
macro_rules! decorated {
    ($type:ident) => {
        impl crate::service::KeyService for $type {
            fn generate_dek<'a>(
                &'a self,
                key: &'a crate::name::KeyName,
                context: &'a crate::service::KeyContext,
            ) -> crate::service::KeyFuture<'a, (medsec_crypto::Dek, medsec_crypto::Stanza)> {
                Box::pin(self.around(crate::decorate::Sends::Nothing, move || {
                    self.inner.generate_dek(key, context)
                }))
            }

            fn wrap_dek<'a>(
                &'a self,
                key: &'a crate::name::KeyName,
                dek: &'a medsec_crypto::Dek,
                context: &'a crate::service::KeyContext,
            ) -> crate::service::KeyFuture<'a, medsec_crypto::Stanza> {
                let call = move || self.inner.wrap_dek(key, dek, context);
                Box::pin(self.around(crate::decorate::Sends::Plaintext, call))
            }

            fn unwrap_dek<'a>(
                &'a self,
                stanza: &'a medsec_crypto::Stanza,
                context: &'a crate::service::KeyContext,
            ) -> crate::service::KeyFuture<'a, medsec_crypto::Dek> {
                Box::pin(self.around(crate::decorate::Sends::Nothing, move || {
                    self.inner.unwrap_dek(stanza, context)
                }))
            }

            fn rewrap_dek<'a>(
                &'a self,
                stanza: &'a medsec_crypto::Stanza,
                key: &'a crate::name::KeyName,
                context: &'a crate::service::KeyContext,
            ) -> crate::service::KeyFuture<'a, medsec_crypto::Stanza> {
                let call = move || self.inner.rewrap_dek(stanza, key, context);
                Box::pin(self.around(crate::decorate::Sends::Rewrap(stanza, key), call))
            }

            fn rewrap_deks<'a>(
                &'a self,
                items: &'a [(medsec_crypto::Stanza, crate::service::KeyContext)],
                key: &'a crate::name::KeyName,
            ) -> crate::service::KeyFutures<'a, medsec_crypto::Stanza> {
                Box::pin(self.around_batch(items, key))
            }

            fn rewraps_at_once(&self, key: &crate::name::KeyName) -> std::num::NonZeroUsize {
                self.inner.rewraps_at_once(key)
            }

            fn rewraps_unseen(
                &self,
                from: &medsec_crypto::KeyRef,
                key: &crate::name::KeyName,
            ) -> bool {
                self.inner.rewraps_unseen(from, key)
            }

            fn standing(&self, stanza: &medsec_crypto::Stanza) -> Option<crate::service::Standing> {
                self.inner.standing(stanza)
            }

            fn admits(
                &self,
                key_ref: &medsec_crypto::KeyRef,
            ) -> Result<(), crate::service::KeyServiceError> {
                self.inner.admits(key_ref)
            }

            fn claim(&self, key_ref: &medsec_crypto::KeyRef) -> crate::service::Claim {
                self.inner.claim(key_ref)
            }

            fn settle(&self) -> crate::service::KeyFuture<'_, ()> {
                Box::pin(self.around(crate::decorate::Sends::Nothing, move || self.inner.settle()))
            }

            fn describe_key<'a>(
                &'a self,
                key: &'a crate::name::KeyName,
            ) -> crate::service::KeyFuture<'a, crate::service::KeyDescription> {
                Box::pin(
                    self.around(crate::decorate::Sends::Nothing, move || {
                        self.inner.describe_key(key)
                    }),
                )
            }

            fn assurance(&self) -> medsec_crypto::Assurance {
                self.inner.assurance()
            }
        }
    };
}
use decorated;

/// Which decorators stand around a service. The default has all four; `None` leaves one out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Guards {
    /// When a call is made again.
    pub retry: Option<RetryLimits>,
    /// When the service is left alone.
    pub breaker: Option<BreakerLimits>,
    /// Calls at a time: 32 by default, about what one HTTP/2 connection or a small Vault takes without queueing.
    pub at_a_time: Option<NonZeroUsize>,
    /// Longest time of one attempt: 10 seconds by default. A key service that works answers within one.
    pub deadline: Option<Duration>,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            retry: Some(RetryLimits::default()),
            breaker: Some(BreakerLimits::default()),
            at_a_time: NonZeroUsize::new(32),
            deadline: Some(Duration::from_secs(10)),
        }
    }
}

impl Guards {
    /// Puts them around a service.
    #[must_use]
    pub fn around(
        self,
        mut service: Arc<dyn KeyService>,
        timer: &Arc<dyn Timer>,
    ) -> Arc<dyn KeyService> {
        if let Some(time) = self.deadline {
            service = Arc::new(Deadline::new(service, Arc::clone(timer), time));
        }
        if let Some(calls) = self.at_a_time {
            service = Arc::new(Limit::new(service, calls));
        }
        if let Some(limits) = self.breaker {
            service = Arc::new(Breaker::new(service, Arc::clone(timer), limits));
        }
        if let Some(limits) = self.retry {
            service = Arc::new(Retry::new(service, Arc::clone(timer), limits));
        }
        service
    }
}

/// What a call sends of a data key in clear.
#[derive(Clone, Copy)]
enum Sends<'a> {
    /// Nothing.
    Nothing,
    /// The data key, to be wrapped.
    Plaintext,
    /// The data key, unless the stanza is rewrapped under the key within the service.
    Rewrap(&'a Stanza, &'a KeyName),
}

/// Several data keys to rewrap.
type Items = [(Stanza, KeyContext)];

/// What each of them became.
type Rewrapped = Vec<Result<Stanza, KeyServiceError>>;

/// As many answers as there were items: whoever gives fewer has answered the first.
pub(crate) fn answered(
    answers: Rewrapped,
    items: usize,
) -> impl Iterator<Item = Result<Stanza, KeyServiceError>> {
    let missing = || Err(KeyServiceError::Answer("fewer answers than were asked for"));
    answers.into_iter().chain(std::iter::repeat_with(missing)).take(items)
}

/// The same error for each.
fn all_fail(items: &Items, error: impl Fn() -> KeyServiceError) -> Rewrapped {
    items.iter().map(|_| Err(error())).collect()
}

/// A number that is plainly not zero.
const fn times(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}
