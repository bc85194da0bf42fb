//! At most so many calls at a time.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::decorate::{Items, Rewrapped, Sends, decorated};
use crate::name::KeyName;
use crate::service::{KeyFuture, KeyService, KeyServiceError};

/// Lets so many calls through at a time; the others wait for their turn, first come first served.
pub struct Limit {
    inner: Arc<dyn KeyService>,
    turns: Turns,
}

impl Limit {
    /// Around `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyService>, calls: NonZeroUsize) -> Self {
        Self { inner, turns: Turns::new(calls) }
    }

    async fn around<'a, T>(
        &self,
        _: Sends<'_>,
        call: impl Fn() -> KeyFuture<'a, T>,
    ) -> Result<T, KeyServiceError> {
        let _turn = self.turns.take().await;
        call().await
    }

    async fn around_batch(&self, items: &Items, key: &KeyName) -> Rewrapped {
        let _turn = self.turns.take().await;
        self.inner.rewrap_deks(items, key).await
    }
}

decorated!(Limit);

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// Turns of which only so many are out at a time.
pub(crate) struct Turns(Mutex<Line>);

struct Line {
    free: usize,
    waiting: VecDeque<Arc<Mutex<Place>>>,
}

/// Somebody in the line.
enum Place {
    /// Waits, and can be woken.
    Waits(Option<Waker>),
    /// Has the turn, and does not know yet.
    Called,
    /// Took it, or went away.
    Gone,
}

impl Turns {
    pub(crate) const fn new(number: NonZeroUsize) -> Self {
        Self(Mutex::new(Line { free: number.get(), waiting: VecDeque::new() }))
    }

    /// Waits for a turn, which ends when it is dropped.
    pub(crate) const fn take(&self) -> Taking<'_> {
        Taking { turns: self, place: None }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a turn to the first who still waits.
    fn give_back(&self) {
        let waker = {
            let mut line = self.line();
            loop {
                let Some(next) = line.waiting.pop_front() else {
                    line.free = line.free.saturating_add(1);
                    break None;
                };
                let mut place = next.lock().unwrap_or_else(PoisonError::into_inner);
                if let Place::Waits(waker) = &mut *place {
                    let waker = waker.take();
                    *place = Place::Called;
                    break waker;
                }
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A turn on its way.
pub(crate) struct Taking<'t> {
    turns: &'t Turns,
    place: Option<Arc<Mutex<Place>>>,
}

/// A turn.
pub(crate) struct Turn<'t>(&'t Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

impl<'t> Future for Taking<'t> {
    type Output = Turn<'t>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn<'t>> {
        let turns = self.turns;
        if let Some(place) = &self.place {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            if let Place::Waits(waker) = &mut *place {
                *waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            *place = Place::Gone;
            return Poll::Ready(Turn(turns));
        }
        let mut line = turns.line();
        if line.free > 0 {
            line.free = line.free.saturating_sub(1);
            return Poll::Ready(Turn(turns));
        }
        let place = Arc::new(Mutex::new(Place::Waits(Some(context.waker().clone()))));
        line.waiting.push_back(Arc::clone(&place));
        drop(line);
        self.place = Some(place);
        Poll::Pending
    }
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let left = std::mem::replace(
            &mut *place.lock().unwrap_or_else(PoisonError::into_inner),
            Place::Gone,
        );
        // Called just before going away: the turn is the next one's.
        if matches!(left, Place::Called) {
            self.turns.give_back();
        }
    }
}
