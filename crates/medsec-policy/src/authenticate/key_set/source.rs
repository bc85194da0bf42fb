//! Where key sets come from.

use std::sync::Arc;

use super::{KeySet, KeySetError};

/// Has the key set of an issuer.
///
/// It must be had without waiting for long: who fetches it over a network does so beforehand, and bounds how
/// old it may get.
pub trait KeySetSource: Send + Sync + std::fmt::Debug {
    /// The set in force.
    ///
    /// # Errors
    /// [`KeySetError`] if there is none that can be trusted now. Then no token is accepted.
    fn current(&self) -> Result<Arc<KeySet>, KeySetError>;

    /// A token names a key that the set lacks: if there may be a newer set, the next [`Self::current`] should have
    /// it. Called once in a while at most, whatever tokens are shown.
    fn refresh_hint(&self);
}

/// A key set that never changes.
#[derive(Clone, Debug)]
pub struct FixedKeySet(Arc<KeySet>);

impl FixedKeySet {
    /// Always this set.
    #[must_use]
    pub fn new(keys: KeySet) -> Self {
        Self(Arc::new(keys))
    }
}

impl KeySetSource for FixedKeySet {
    fn current(&self) -> Result<Arc<KeySet>, KeySetError> {
        Ok(Arc::clone(&self.0))
    }

    fn refresh_hint(&self) {}
}
