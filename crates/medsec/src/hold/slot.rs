//! A place for keys that can be emptied from outside.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Something that can be erased from outside.
pub(super) trait Erase: Send + Sync {
    fn erase(&self);
}

/// Holds keys until they are taken or erased. Whoever uses them has a share of them for that long.
pub(crate) struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Slot<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(Some(Arc::new(value))))
    }

    /// A share, to be dropped when the use is over.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.lock().clone()
    }

    /// All of it, if nobody else has a share.
    pub(crate) fn take(&self) -> Option<T> {
        let value = self.lock().take();
        value.and_then(Arc::into_inner)
    }

    pub(crate) fn erase(&self) {
        // Dropped when it is unlocked again.
        let value = self.lock().take();
        drop(value);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync> Erase for Slot<T> {
    fn erase(&self) {
        Self::erase(self);
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(redacted)")
    }
}
