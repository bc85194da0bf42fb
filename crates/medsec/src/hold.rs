//! What a grant keeps of the session that it was given in: whether that still lives, and a way to be told when not.

mod slot;
mod tether;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use self::slot::Erase;
pub(crate) use self::slot::Slot;
pub(crate) use self::tether::{Kept, Tether, Watched, check_all};
use crate::login::NotLoggedIn;

/// A hold on one session. It outlives neither the session's end nor what ended it: once refused, refused for ever.
///
/// Reading and opening under a grant is use of the session: each question here moves its idle limit, and nothing moves
/// the absolute one. To have a grant and do nothing with it is no use.
pub trait Hold: fmt::Debug + Send + Sync {
    /// Whether the session lives, asked anew: at the beginning of each use of a grant, and before its output is
    /// released. May wait, for a disk or a network too.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over.
    fn check(&self) -> Result<(), NotLoggedIn>;

    /// The same while content passes: for each read of a reader and each 256 KiB of an open or a seal. Must be cheap: an
    /// implementation that asks elsewhere answers by what it was told last, if that was at most a second ago.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over.
    fn glance(&self) -> Result<(), NotLoggedIn> {
        self.check()
    }

    /// Takes a handle of what a grant holds, to erase it when the session ends, or at the latest when this finds out.
    /// Must not wait. [`Holdings`] keeps handles.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over, and the grant is not made.
    fn keep(&self, key: KeyHandle) -> Result<(), NotLoggedIn>;
}

/// A handle of keys that a grant holds. It keeps none of them alive.
#[derive(Clone)]
pub struct KeyHandle(Weak<dyn Erase>);

impl KeyHandle {
    pub(crate) fn of<T: Send + Sync + 'static>(slot: &Arc<Slot<T>>) -> Self {
        let weak: Weak<Slot<T>> = Arc::downgrade(slot);
        Self(weak)
    }

    /// Erases the keys. One that is in use just now is erased when that use is over.
    pub fn erase(&self) {
        if let Some(slot) = self.0.upgrade() {
            slot.erase();
        }
    }

    /// Whether there is nothing any more that could be erased.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl fmt::Debug for KeyHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHandle(redacted)")
    }
}

/// Handles of the keys of one session's grants. Dropped, it erases them.
#[derive(Debug, Default)]
pub struct Holdings(Mutex<Handles>);

#[derive(Debug, Default)]
struct Handles {
    handles: Vec<KeyHandle>,
    /// How many there may be before those that are gone are looked for.
    room: usize,
}

/// Handles between two looks, at least.
const ROOM: usize = 64;

impl Holdings {
    /// Keeps a handle. Takes constant time, but for a look through all of them each time that their number has doubled.
    pub fn keep(&self, key: KeyHandle) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.handles.len() >= kept.room {
            kept.handles.retain(|handle| !handle.is_gone());
            kept.room = kept.handles.len().saturating_mul(2).max(ROOM);
        }
        kept.handles.push(key);
    }

    /// Erases all that was kept, and forgets it.
    pub fn erase(&self) {
        let handles = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut kept.handles)
        };
        handles.iter().for_each(KeyHandle::erase);
    }
}

impl Drop for Holdings {
    fn drop(&mut self) {
        self.erase();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdings_erase_what_is_there_and_forget_what_is_gone() {
        let holdings = Holdings::default();
        let kept: Vec<_> = (0..10).map(|number| Arc::new(Slot::new(number))).collect();
        kept.iter().for_each(|slot| holdings.keep(KeyHandle::of(slot)));
        for number in 0..100_000 {
            holdings.keep(KeyHandle::of(&Arc::new(Slot::new(number))));
        }
        assert!(holdings.0.lock().unwrap().handles.len() <= 2 * ROOM);
        assert!(kept.iter().all(|slot| slot.get().is_some()));
        drop(holdings);
        assert!(kept.iter().all(|slot| slot.get().is_none()));
    }
}
