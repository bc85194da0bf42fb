//! What packages are signed with: lent, never handed out.

use std::fmt;
use std::sync::Arc;

use medsec_crypto::{SigningKey, VerifyingKey};

use crate::hold::{KeyHandle, Slot};

/// A signing key that its session can take back. Clones are of the same key: once it is erased, none of them signs.
#[derive(Clone)]
pub struct Signer {
    public: VerifyingKey,
    slot: Arc<Slot<Lent>>,
}

/// The key, as the Custodian shares it with what it is about to seal.
type Lent = Arc<SigningKey>;

impl Signer {
    /// Takes over a key.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self { public: key.verifying_key(), slot: Arc::new(Slot::new(Arc::new(key))) }
    }

    /// Whose signatures these are.
    #[must_use]
    pub const fn verifying_key(&self) -> VerifyingKey {
        self.public
    }

    /// Uses the key; nothing once it was erased.
    pub fn with<R>(&self, used: impl FnOnce(&SigningKey) -> R) -> Option<R> {
        self.slot.get().map(|key| used(&key))
    }

    /// A handle, for whoever keeps the session.
    #[must_use]
    pub fn handle(&self) -> KeyHandle {
        KeyHandle::of(&self.slot)
    }

    /// Erases the key. What is signed with it just now is still signed.
    pub fn erase(&self) {
        self.slot.erase();
    }

    /// For a seal that its grant keeps, which the end of the session erases too.
    pub(crate) fn lend(&self) -> Option<Arc<SigningKey>> {
        self.slot.get().map(|key| Arc::clone(&*key))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("public", &self.public).finish_non_exhaustive()
    }
}
