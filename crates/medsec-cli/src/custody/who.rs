//! The one who asks: a user of the key store, by the key that they unlock.

use std::path::Path;
use std::sync::Arc;

use medsec_crypto::{HpkeIdentity, SigningKey};
use medsec_kms::{LocalStore, UserKeys};
use medsec_policy::{Clock as _, Factors, LocalUser, Principal, SystemClock};

use super::CustodyOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::session::Session;

/// The one who asks.
pub(super) struct Who {
    pub(super) principal: Principal,
    pub(super) identities: Vec<Arc<HpkeIdentity>>,
    pub(super) keys: UserKeys,
    pub(super) signer: Option<SigningKey>,
}

impl Who {
    /// The identity file named on the command line is that of the user who asks, if it is one of the store's,
    /// present or removed; else the settings name the user, and the file is one more key to open with.
    pub(super) fn load(
        session: &Session,
        store: &LocalStore,
        options: &CustodyOption,
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        let set = session.settings()?.identity.value.as_deref();
        let named = options.identity.as_deref();
        let extra = match named.filter(|named| set.is_some_and(|set| set != *named)) {
            Some(named) if !own::is_of_user(store, named)? => Some(named),
            _ => None,
        };
        let user = match extra {
            Some(_) => set,
            None => named.or(set),
        };
        let user = user.ok_or_else(own::unnamed)?;
        let loaded = own::load_all(&[Some(user), extra], signer, &options.passphrase)?;
        let own::Loaded { identities, signer, protected } = loaded;
        let own = identities.first().ok_or_else(own::unnamed)?;
        let keys = store.unlock(Arc::clone(own)).map_err(|error| stranger(error, named))?;
        let principal = principal(&keys, protected)?;
        Ok(Self { principal, identities, keys, signer })
    }
}

/// The user of the store. Who typed the passphrase of a file has shown two things: the file and the passphrase.
pub(crate) fn principal(keys: &UserKeys, protected: bool) -> Result<Principal, Failure> {
    let name = keys.user().as_str();
    let user = LocalUser::verified_by_store(name).map_err(|error| {
        Failure::new(
            Exit::Denied,
            format!("the user of the key store cannot be told apart: {error}"),
        )
        .next("`medsec user add` makes one with a name of a person's own")
    })?;
    let mut principal = user.principal(SystemClock.wall());
    if protected {
        principal.factors = Factors::Two;
    }
    Ok(principal)
}

fn stranger(error: medsec_kms::UnlockStoreError, named: Option<&Path>) -> Failure {
    let failure = Failure::from(error);
    match named {
        Some(_) => failure.next(
            "the identity is no user's of the key store, and the settings name no other user; run `medsec init`, or set user.identity",
        ),
        None => failure,
    }
}
