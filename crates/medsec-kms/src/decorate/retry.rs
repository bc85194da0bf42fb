//! Making a call again.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::decorate::{Items, Rewrapped, Sends, answered, decorated, times};
use crate::name::{KeyName, random};
use crate::service::{KeyFuture, KeyService, KeyServiceError};
use crate::timer::Timer;

/// When a call is made again, and when no more.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryLimits {
    /// Most attempts of one call, the first included: 5 by default.
    pub attempts: NonZeroU32,
    /// Most time from the first attempt to the beginning of the last: 45 seconds by default, so that a service that
    /// restarts is outlasted and a person still waits. With the deadline of the last attempt, 10 seconds by default, the
    /// whole stays below a minute.
    pub elapsed: Duration,
    /// The first pause is half to all of this: 100 ms by default. Each further one is twice as long.
    pub first_pause: Duration,
    /// Longest pause, also where the service asks for one; if it asks for more, the call ends with what it said. 20
    /// seconds by default.
    pub longest_pause: Duration,
    /// Whether a call that may have sent a data key in clear is made again. Not by default.
    pub plaintext: PlaintextAgain,
}

/// Whether a data key is sent a second time to be wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaintextAgain {
    /// A data key crosses the wire to a service once, to be wrapped there: a call of `wrap_dek`, and one of `rewrap_dek`
    /// that is not done within the service ([`KeyService::rewraps_unseen`]), is made again only if it is certain that
    /// nothing was sent ([`KeyServiceError::is_unsent`]). Otherwise it ends with its error, and what was to be wrapped is
    /// the caller's to seal or to rewrap again.
    #[default]
    Never,
    /// Such calls are made again like every other one. They are safe to repeat; the key is only sent more often.
    Allowed,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            attempts: times(5),
            elapsed: Duration::from_secs(45),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(20),
            plaintext: PlaintextAgain::Never,
        }
    }
}

/// Makes a call again that failed for a reason that passes ([`KeyServiceError::is_retryable`]), after a random pause
/// that grows. Anything else ends the call at once: what is not authentic stays so.
///
/// Every call may be made twice without harm: a data key that was made in vain is nobody's, and a stanza that was made
/// twice is two stanzas of one key. What comes back may cross the wire twice: an unwrapped data key does if the first
/// answer was cut.
pub struct Retry {
    inner: Arc<dyn KeyService>,
    timer: Arc<dyn Timer>,
    limits: RetryLimits,
}

impl Retry {
    /// Around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>, timer: Arc<dyn Timer>, limits: RetryLimits) -> Self {
        Self { inner, timer, limits }
    }

    async fn around<'a, T>(
        &self,
        sends: Sends<'_>,
        call: impl Fn() -> KeyFuture<'a, T>,
    ) -> Result<T, KeyServiceError> {
        let begun = self.timer.now();
        for attempt in 1..self.limits.attempts.get() {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let elapsed = self.timer.now().saturating_sub(begun);
            let pause = self.pause(attempt, &error, elapsed);
            let Some(pause) = pause.filter(|_| self.may_repeat(sends, &error)) else {
                return Err(error);
            };
            self.timer.sleep(pause).await;
        }
        call().await
    }

    /// Whether a call that sent this and ended with that error may send it again.
    fn may_repeat(&self, sends: Sends<'_>, error: &KeyServiceError) -> bool {
        let plaintext = self.limits.plaintext == PlaintextAgain::Allowed || error.is_unsent();
        match sends {
            Sends::Nothing => true,
            Sends::Plaintext => plaintext,
            // Asked after the failure: a service may know only when it was reached.
            Sends::Rewrap(stanza, key) => {
                plaintext || self.inner.rewraps_unseen(stanza.key_ref(), key)
            }
        }
    }

    /// What failed for a reason that passes is asked for again, in its order, and nothing else.
    async fn around_batch(&self, items: &Items, key: &KeyName) -> Rewrapped {
        let begun = self.timer.now();
        let mut answers = self.inner.rewrap_deks(items, key).await;
        for attempt in 1..self.limits.attempts.get() {
            let elapsed = self.timer.now().saturating_sub(begun);
            let pauses = items.iter().zip(&answers).map(|((stanza, _), answer)| {
                let error = answer.as_ref().err()?;
                let pause = self.pause(attempt, error, elapsed)?;
                self.may_repeat(Sends::Rewrap(stanza, key), error).then_some(pause)
            });
            let pauses: Vec<Option<Duration>> = pauses.collect();
            // The longest that any of them asks for.
            let Some(pause) = pauses.iter().copied().flatten().max() else { break };
            self.timer.sleep(pause).await;
            let failed = items.iter().zip(&pauses).filter(|(_, pause)| pause.is_some());
            let again: Vec<_> = failed.map(|(item, _)| item.clone()).collect();
            let new = self.inner.rewrap_deks(&again, key).await;
            let failed = answers.iter_mut().zip(&pauses).filter(|(_, pause)| pause.is_some());
            for ((answer, _), new) in failed.zip(answered(new, again.len())) {
                *answer = new;
            }
        }
        answers
    }

    /// How long to wait before the next attempt; nothing if there is none.
    fn pause(&self, attempt: u32, error: &KeyServiceError, elapsed: Duration) -> Option<Duration> {
        if !error.is_retryable() {
            return None;
        }
        let RetryLimits { first_pause, longest_pause, .. } = self.limits;
        let asked = error.retry_after().unwrap_or_default();
        if asked > longest_pause {
            return None;
        }
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = jittered(first_pause.saturating_mul(factor).min(longest_pause)).max(asked);
        (elapsed.saturating_add(pause) <= self.limits.elapsed).then_some(pause)
    }
}

/// Half to all of it. Without randomness, all of it.
fn jittered(pause: Duration) -> Duration {
    let half = pause.checked_div(2).unwrap_or_default();
    let part = random::<2>().map_or(u16::MAX, u16::from_be_bytes);
    let share = half.checked_mul(part.into()).and_then(|all| all.checked_div(u16::MAX.into()));
    half.saturating_add(share.unwrap_or(half))
}

decorated!(Retry);

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Retry");
        shown.field("limits", &self.limits).field("inner", &self.inner).finish_non_exhaustive()
    }
}
