//! One version of a key, wrapped to one user.
//!
//! ```text
//! wrap = HPKE stanza body (enc ‖ ct) of the 32-byte key, as in a sealed package, with
//! bind = SHA-256("medsec/key-store-wrap/v1" ‖ 0 ‖ store id(16) ‖ key id(16) ‖ version u32
//!                ‖ len u16 ‖ user name)
//! ```
//!
//! It is the package's own construction with a bind that no package can have, so that one piece of code
//! wraps keys.

use medsec_crypto::{
    Bind, Dek, HpkeIdentity, HpkeRecipient, Identity as _, Kek, LocalKek, NotAuthentic,
    Recipient as _, Stanza, WrapError,
};
use sha2::{Digest as _, Sha256};

use super::error::ChangeError;
use crate::name::{KeyId, StoreId, UserName};
use crate::text_value::Base64;

const LABEL: &[u8] = b"medsec/key-store-wrap/v1\0";

/// Which version of which key of which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) store: StoreId,
    pub(super) key: KeyId,
    pub(super) version: u32,
}

impl Place {
    fn bind(&self, user: &UserName) -> Bind {
        let name = user.as_str().as_bytes();
        let len = u16::try_from(name.len()).unwrap_or(u16::MAX);
        let hash = Sha256::new_with_prefix(LABEL)
            .chain_update(self.store.as_bytes())
            .chain_update(self.key.as_bytes())
            .chain_update(self.version.to_be_bytes())
            .chain_update(len.to_be_bytes())
            .chain_update(name);
        Bind::from_bytes(hash.finalize().into())
    }

    /// The key in the form in which it wraps data keys.
    pub(super) fn local_kek(&self, kek: Kek) -> Option<LocalKek> {
        LocalKek::new(self.store.as_bytes(), self.key.as_bytes(), self.version, kek)
    }
}

/// Wraps `kek` to the user.
pub(super) fn wrap(
    kek: &Kek,
    place: &Place,
    user: &UserName,
    recipient: &HpkeRecipient,
) -> Result<Base64, ChangeError> {
    let mut copy = zeroize::Zeroizing::new(*kek.expose_secret());
    let secret = Dek::take_from(copy.as_mut_slice()).map_err(|_| ChangeError::PublicKey)?;
    let stanza = recipient.wrap_dek(&secret, &place.bind(user)).map_err(|error| match error {
        WrapError::Random(error) => ChangeError::Random(error),
        _ => ChangeError::PublicKey,
    })?;
    Ok(Base64(stanza.wrapped().to_vec()))
}

/// Unwraps what [`wrap`] wrapped for the identity's user.
pub(super) fn unwrap(
    wrapped: &Base64,
    place: &Place,
    user: &UserName,
    identity: &HpkeIdentity,
) -> Result<Kek, NotAuthentic> {
    let stanza = Stanza::new(identity.key_ref(), wrapped.0.clone()).map_err(|_| NotAuthentic)?;
    let secret = identity.unwrap_dek(&stanza, &place.bind(user))?;
    let mut copy = zeroize::Zeroizing::new(*secret.expose_secret());
    Kek::take_from(copy.as_mut_slice()).map_err(|_| NotAuthentic)
}
