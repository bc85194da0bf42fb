//! A key encryption key of a local key store.
//!
//! ```text
//! key_ref = store id(16) ‖ key id(16) ‖ version u32
//! wrapped = Cobblestone-256 message of the data key, 104 bytes
//! ```

use super::{Identity, Recipient, WrapError};
use crate::cobblestone::{open_message_with, seal_message_with};
use crate::error::NotAuthentic;
use crate::header::stanza::{KeyRef, Stanza, StanzaKind};
use crate::ids::Bind;
use crate::label::labelled;
use crate::secret::{Dek, Kek};
use crate::suite::{Backend, Suite};

/// One version of a key encryption key, with its name. Wraps always with Cobblestone-256, whatever the
/// package's suite: committing, and without a practical limit on the number of wraps.
#[derive(Debug)]
pub struct LocalKek {
    kek: Kek,
    key_ref: KeyRef,
}

impl LocalKek {
    /// Length in bytes of the identifiers of a store and of a key.
    pub const ID_LEN: usize = 16;

    /// Joins a key with its name.
    #[must_use]
    pub fn new(
        store_id: &[u8; Self::ID_LEN],
        key_id: &[u8; Self::ID_LEN],
        version: u32,
        kek: Kek,
    ) -> Option<Self> {
        let bytes = [store_id.as_slice(), key_id.as_slice(), &version.to_be_bytes()].concat();
        let key_ref = KeyRef::new(StanzaKind::LocalKek, &bytes).ok()?;
        Some(Self { kek, key_ref })
    }
}

impl Recipient for LocalKek {
    fn key_ref(&self) -> KeyRef {
        self.key_ref.clone()
    }

    fn wrap_dek(&self, dek: &Dek, bind: &Bind) -> Result<Stanza, WrapError> {
        let wrapped = seal_message_with(
            Backend::default(),
            Suite::Aes256Gcm,
            self.kek.expose_secret(),
            &labelled("wrap-local", &[bind.as_bytes()]),
            dek.expose_secret(),
        )?;
        Stanza::new(self.key_ref.clone(), wrapped).map_err(|_| WrapError::PublicKey)
    }
}

impl Identity for LocalKek {
    fn key_ref(&self) -> KeyRef {
        self.key_ref.clone()
    }

    fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, NotAuthentic> {
        let mut secret = open_message_with(
            Backend::default(),
            Suite::Aes256Gcm,
            self.kek.expose_secret(),
            &labelled("wrap-local", &[bind.as_bytes()]),
            stanza.wrapped(),
        )?;
        Dek::take_from(&mut secret).map_err(|_| NotAuthentic)
    }
}
