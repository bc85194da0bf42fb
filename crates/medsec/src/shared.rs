//! Data keys that a session keeps for several packages. Nothing of the kind happens unless the session's holder asks
//! for it and the policy permits it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use medsec_kms::{KeyDates, OpeningCache, SealingCache, SharedKeyLimits, SharedScope, Timer};

use crate::hold::{KeyHandle, Slot};
use crate::login::{Login, NotLoggedIn};

/// What data keys are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Sharing {
    /// Packages are sealed under shared data keys where that can be: under keys of a key service and for nobody else but
    /// the policy's recipients, signed, and of a length that is known before. All others get data keys of their own.
    pub seal: bool,
    /// A shared data key that was unwrapped is kept for the next package under it.
    pub open: bool,
    /// How much one data key is used for.
    pub limits: SharedKeyLimits,
}

/// The shared data keys of one session. Clones are of the same; once they are erased, none of them has any.
#[derive(Clone)]
pub struct SharedKeys(Arc<Slot<Caches>>);

/// Scopes that are sealed in at a time; the one that is there longest makes room.
const MAX_SCOPES: usize = 16;

pub(crate) struct Caches {
    sharing: Sharing,
    timer: Arc<dyn Timer>,
    sealing: Mutex<Vec<Arc<SealingCache>>>,
    opening: OpeningCache,
    dates: KeyDates,
}

impl SharedKeys {
    /// Keeps none yet.
    #[must_use]
    pub fn new(sharing: Sharing, timer: Arc<dyn Timer>) -> Self {
        let opening = OpeningCache::new(sharing.limits, Arc::clone(&timer));
        let sealing = Mutex::default();
        let dates = KeyDates::new(sharing.limits, Arc::clone(&timer));
        Self(Arc::new(Slot::new(Caches { sharing, timer, sealing, opening, dates })))
    }

    /// A handle, for whoever keeps the session.
    #[must_use]
    pub fn handle(&self) -> KeyHandle {
        KeyHandle::of(&self.0)
    }

    /// Erases them. What is sealed or opened with one just now goes on with its own copy.
    pub fn erase(&self) {
        self.0.erase();
    }

    /// Whether they were erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.0.get().is_none()
    }

    fn caches(&self) -> Option<Arc<Caches>> {
        self.0.get()
    }
}

/// The shared data keys of a login, if it keeps any.
///
/// # Errors
/// Its session is over.
pub(crate) fn caches_of(login: &dyn Login) -> Result<Option<Arc<Caches>>, NotLoggedIn> {
    Ok(login.shared_keys()?.and_then(|shared| shared.caches()))
}

impl Caches {
    /// Of packages that are to be sealed.
    pub(crate) fn sealing(&self, scope: SharedScope) -> Arc<SealingCache> {
        let mut all = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.iter().find(|cache| *cache.scope() == scope) {
            return Arc::clone(found);
        }
        if all.len() >= MAX_SCOPES {
            // Who is sealing with it just now goes on to the end.
            all.remove(0);
        }
        let made = SealingCache::new(scope, self.sharing.limits, Arc::clone(&self.timer));
        let made = Arc::new(made);
        all.push(Arc::clone(&made));
        made
    }

    /// Whether packages are to be sealed so.
    pub(crate) const fn seals(&self) -> bool {
        self.sharing.seal
    }

    /// When keys were made, where packages are to be sealed so: it is asked for with each package else.
    pub(crate) fn dates(&self) -> Option<&KeyDates> {
        self.sharing.seal.then_some(&self.dates)
    }

    /// Of packages that are opened.
    pub(crate) fn opening(&self) -> Option<&OpeningCache> {
        self.sharing.open.then_some(&self.opening)
    }
}

impl Drop for Caches {
    /// Whoever has a cache still has an empty one.
    fn drop(&mut self) {
        let all = self.sealing.get_mut().unwrap_or_else(PoisonError::into_inner);
        all.iter().for_each(|cache| cache.end());
        self.opening.end();
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedKeys(redacted)")
    }
}
