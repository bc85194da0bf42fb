//! Leaving a service alone that is down.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::decorate::{Items, Rewrapped, Sends, all_fail, decorated, times};
use crate::name::KeyName;
use crate::service::{KeyFuture, KeyService, KeyServiceError};
use crate::timer::Timer;

/// When a service is left alone.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BreakerLimits {
    /// After so many calls on end that found it away or got no answer in time: 5 by default.
    pub failures: NonZeroU32,
    /// For so long; then one call tries whether it is back. 5 seconds by default.
    pub pause: Duration,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: times(5), pause: Duration::from_secs(5) }
    }
}

/// A circuit breaker. It opens when the service was away ([`KeyServiceError::Unavailable`]) or silent
/// ([`KeyServiceError::TimedOut`]) several times on end; every call then ends at once with
/// [`KeyServiceError::Suspended`] and nothing is sent. After a pause one call is let through, and what becomes of it
/// decides. A service that answers anything, a refusal too, is there.
pub struct Breaker {
    inner: Arc<dyn KeyService>,
    timer: Arc<dyn Timer>,
    limits: BreakerLimits,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls go through; so many failed on end.
    Closed { failed: u32 },
    /// No call goes through before that time.
    Open { until: Duration },
    /// One call is on its way.
    Probing,
}

impl Breaker {
    /// Around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>, timer: Arc<dyn Timer>, limits: BreakerLimits) -> Self {
        Self { inner, timer, limits, state: Mutex::new(State::Closed { failed: 0 }) }
    }

    async fn around<'a, T>(
        &self,
        _: Sends<'_>,
        call: impl Fn() -> KeyFuture<'a, T>,
    ) -> Result<T, KeyServiceError> {
        let mut pass = self.pass()?;
        let answer = call().await;
        pass.settle(is_down(answer.as_ref().err()));
        answer
    }

    /// The service is down if it was for every one of them.
    async fn around_batch(&self, items: &Items, key: &KeyName) -> Rewrapped {
        let mut pass = match self.pass() {
            Ok(pass) => pass,
            Err(suspended) => return all_fail(items, || suspended.into()),
        };
        let answers = self.inner.rewrap_deks(items, key).await;
        let down = answers.iter().all(|answer| is_down(answer.as_ref().err()));
        pass.settle(down && !answers.is_empty());
        answers
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call may go through.
    fn pass(&self) -> Result<Pass<'_>, Suspended> {
        let now = self.timer.now();
        let mut state = self.state();
        let probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if now >= until => {
                *state = State::Probing;
                true
            }
            State::Open { until } => {
                return Err(Suspended(until.saturating_sub(now)));
            }
            State::Probing => {
                return Err(Suspended(self.limits.pause));
            }
        };
        Ok(Pass { breaker: self, probe, settled: false })
    }

    fn opened(&self) -> State {
        State::Open { until: self.timer.now().saturating_add(self.limits.pause) }
    }
}

/// No call goes through for so long.
#[derive(Clone, Copy)]
struct Suspended(Duration);

impl From<Suspended> for KeyServiceError {
    fn from(suspended: Suspended) -> Self {
        Self::Suspended { retry_after: suspended.0 }
    }
}

/// Whether the service was away or silent.
const fn is_down(error: Option<&KeyServiceError>) -> bool {
    matches!(error, Some(KeyServiceError::Unavailable(_) | KeyServiceError::TimedOut))
}

/// A call that was let through.
struct Pass<'b> {
    breaker: &'b Breaker,
    probe: bool,
    settled: bool,
}

impl Pass<'_> {
    fn settle(&mut self, down: bool) {
        self.settled = true;
        let breaker = self.breaker;
        let mut state = breaker.state();
        match *state {
            State::Closed { failed } if down => {
                let failed = failed.saturating_add(1);
                let opens = failed >= breaker.limits.failures.get();
                *state = if opens { breaker.opened() } else { State::Closed { failed } };
            }
            State::Closed { .. } => *state = State::Closed { failed: 0 },
            State::Probing if self.probe => {
                *state = if down { breaker.opened() } else { State::Closed { failed: 0 } };
            }
            // Of a call that began before it opened: too old to say anything.
            State::Open { .. } | State::Probing => {}
        }
    }
}

impl Drop for Pass<'_> {
    /// A probe that its caller gave up found nothing out.
    fn drop(&mut self) {
        if self.probe && !self.settled {
            self.settle(true);
        }
    }
}

decorated!(Breaker);

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Breaker");
        shown.field("state", &*self.state()).field("inner", &self.inner).finish_non_exhaustive()
    }
}
