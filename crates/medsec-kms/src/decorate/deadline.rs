//! A longest time for one call.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::decorate::{Items, Rewrapped, Sends, all_fail, answered, decorated};
use crate::name::KeyName;
use crate::service::{KeyFuture, KeyService, KeyServiceError};
use crate::timer::Timer;

/// Gives a call up after a time, with [`KeyServiceError::TimedOut`]. What the service does with a call that was given
/// up is not known: a data key that it made then is nobody's.
pub struct Deadline {
    inner: Arc<dyn KeyService>,
    timer: Arc<dyn Timer>,
    time: Duration,
}

impl Deadline {
    /// Around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>, timer: Arc<dyn Timer>, time: Duration) -> Self {
        Self { inner, timer, time }
    }

    async fn around<'a, T>(
        &self,
        _: Sends<'_>,
        call: impl Fn() -> KeyFuture<'a, T>,
    ) -> Result<T, KeyServiceError> {
        self.within(call()).await.unwrap_or(Err(KeyServiceError::TimedOut))
    }

    /// The answer, if it comes in time.
    async fn within<T>(&self, mut answer: impl Future<Output = T> + Unpin) -> Option<T> {
        let mut over = pin!(self.timer.sleep(self.time));
        poll_fn(|context| {
            // An answer that is there counts, however late it is.
            if let Poll::Ready(answer) = Pin::new(&mut answer).poll(context) {
                return Poll::Ready(Some(answer));
            }
            over.as_mut().poll(context).map(|()| None)
        })
        .await
    }

    /// The time is that of each part that the service works on together, and what is done stays done. A service that
    /// did not answer in time is not asked for the rest.
    async fn around_batch(&self, items: &Items, key: &KeyName) -> Rewrapped {
        let (mut rest, mut answers) = (items, Vec::with_capacity(items.len()));
        while !rest.is_empty() {
            // Asked anew each time: a service may know only when it was reached.
            let together = self.inner.rewraps_at_once(key).get();
            let (part, others) = rest.split_at(together.min(rest.len()));
            let Some(done) = self.within(self.inner.rewrap_deks(part, key)).await else {
                answers.extend(all_fail(rest, || KeyServiceError::TimedOut));
                break;
            };
            answers.extend(answered(done, part.len()));
            rest = others;
        }
        answers
    }
}

decorated!(Deadline);

impl fmt::Debug for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Deadline");
        shown.field("time", &self.time).field("inner", &self.inner).finish_non_exhaustive()
    }
}
