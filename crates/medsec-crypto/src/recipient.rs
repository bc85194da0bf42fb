//! Who can open a package: the seam between a package and whatever holds the wrapping key.
//!
//! [`Recipient`] and [`Identity`] serve keys in memory. A key service that answers over a network does
//! not implement them: it works on [`Bind`], [`Stanza`] and [`Dek`] between
//! [`Draft`](crate::Draft) and [`Sealer`](crate::Sealer), and between [`Checked`](crate::Checked) and
//! [`Unlocked`](crate::Unlocked), so that waiting happens outside this crate.

mod hpke;
mod local;

use std::sync::Arc;

pub use self::hpke::{HpkeIdentity, HpkeKind, HpkeRecipient};
pub use self::local::LocalKek;

use crate::error::{NotAuthentic, RandomError};
use crate::expectation::MAX_UNWRAP_ATTEMPTS;
use crate::header::stanza::{KeyRef, Stanza};
use crate::ids::Bind;
use crate::secret::Dek;

/// A key that can wrap a data key.
pub trait Recipient {
    /// Names the key in its canonical form.
    fn key_ref(&self) -> KeyRef;

    /// Wraps `dek`, bound to `bind`.
    ///
    /// # Errors
    /// [`WrapError`]; nothing was wrapped.
    fn wrap_dek(&self, dek: &Dek, bind: &Bind) -> Result<Stanza, WrapError>;
}

/// A key that can unwrap what its recipient wrapped.
pub trait Identity {
    /// Names the key in its canonical form.
    fn key_ref(&self) -> KeyRef;

    /// Unwraps the data key of `stanza`, which must be bound to `bind`.
    ///
    /// # Errors
    /// [`NotAuthentic`] if the key is another, the binding is another, or the stanza was changed.
    fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, NotAuthentic>;
}

impl<T: Recipient + ?Sized> Recipient for Arc<T> {
    fn key_ref(&self) -> KeyRef {
        (**self).key_ref()
    }

    fn wrap_dek(&self, dek: &Dek, bind: &Bind) -> Result<Stanza, WrapError> {
        (**self).wrap_dek(dek, bind)
    }
}

impl<T: Identity + ?Sized> Identity for Arc<T> {
    fn key_ref(&self) -> KeyRef {
        (**self).key_ref()
    }

    fn unwrap_dek(&self, stanza: &Stanza, bind: &Bind) -> Result<Dek, NotAuthentic> {
        (**self).unwrap_dek(stanza, bind)
    }
}

/// Unwraps the first of `stanzas`, at most [`MAX_UNWRAP_ATTEMPTS`], that one of the identities can.
pub(crate) fn unwrap_first<'a>(
    stanzas: impl Iterator<Item = &'a Stanza>,
    identities: &[&dyn Identity],
    bind: &Bind,
) -> Result<Dek, NotAuthentic> {
    let unwrap = |stanza: &Stanza| {
        identities
            .iter()
            .filter(|identity| identity.key_ref() == *stanza.key_ref())
            .find_map(|identity| identity.unwrap_dek(stanza, bind).ok())
    };
    stanzas.take(MAX_UNWRAP_ATTEMPTS).find_map(unwrap).ok_or(NotAuthentic)
}

/// A data key could not be wrapped; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The recipient's public key does not take part in a key agreement.
    #[error("the recipient's public key is not usable")]
    PublicKey,
}
