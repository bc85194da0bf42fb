//! An answer that a thread gives to a future.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The side that answers, once.
pub(super) struct Answer<T>(Shared<T>);

/// The side that waits. Nothing comes if the other side was dropped before it answered.
pub(super) struct Reply<T>(Shared<T>);

struct Slot<T> {
    state: Option<Option<T>>,
    waker: Option<Waker>,
    /// Nobody waits any more.
    left: bool,
}

struct Shared<T>(Arc<Mutex<Slot<T>>>);

impl<T> Shared<T> {
    fn slot(&self) -> MutexGuard<'_, Slot<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, answer: Option<T>) {
        let waker = {
            let mut slot = self.slot();
            if slot.state.is_some() {
                return;
            }
            slot.state = Some(answer);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Both sides.
pub(super) fn pair<T>() -> (Answer<T>, Reply<T>) {
    let slot = Arc::new(Mutex::new(Slot { state: None, waker: None, left: false }));
    (Answer(Shared(Arc::clone(&slot))), Reply(Shared(slot)))
}

impl<T> Answer<T> {
    pub(super) fn give(self, answer: T) {
        self.0.settle(Some(answer));
    }

    /// Whether somebody still waits for it.
    pub(super) fn is_awaited(&self) -> bool {
        !self.0.slot().left
    }
}

impl<T> Drop for Reply<T> {
    fn drop(&mut self) {
        let answered = {
            let mut slot = self.0.slot();
            slot.left = true;
            slot.state.take()
        };
        // Not under the lock: what nobody took may have something to do when it goes.
        drop(answered);
    }
}

impl<T> Drop for Answer<T> {
    fn drop(&mut self) {
        self.0.settle(None);
    }
}

impl<T> Future for Reply<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = self.0.slot();
        match &mut slot.state {
            Some(answer) => Poll::Ready(answer.take()),
            None => {
                slot.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pollster::block_on;

    #[test]
    fn answer_of_another_thread_arrives() {
        let (answer, reply) = pair();
        std::thread::spawn(move || answer.give(7));
        assert_eq!(block_on(reply), Some(7));
    }

    #[test]
    fn answer_that_never_comes_is_told() {
        let (answer, reply) = pair::<u8>();
        std::thread::spawn(move || drop(answer));
        assert_eq!(block_on(reply), None);
    }
}
