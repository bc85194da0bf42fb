//! Users of the local key store.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::reserved::{self, InvalidPrincipal};
use crate::ids::PrincipalId;
use crate::principal::{Factors, Method, Principal, PrincipalKind};

/// A user of the local key store, whom the store has verified.
///
/// The proof is not here but in the key store: its user opens, with a private key of their own, what is wrapped to
/// that user and to nobody else, and the store says which user that was. Whoever calls this vouches for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalUser {
    id: PrincipalId,
}

impl LocalUser {
    /// The user whom the store calls `name`, after the store unwrapped that user's slot.
    ///
    /// # Errors
    /// [`InvalidPrincipal`] if the name cannot be a principal's, or is generic, shared or reserved.
    pub fn verified_by_store(name: &str) -> Result<Self, InvalidPrincipal> {
        let id = PrincipalId::new(name).map_err(|_| InvalidPrincipal::Form)?;
        reserved::check(&id)?;
        Ok(Self { id })
    }

    /// The principal, who used the key at `at`.
    ///
    /// One factor: that the key's file may be under a passphrase too is not something the store can see.
    #[must_use]
    pub fn principal(self, at: SystemTime) -> Principal {
        Principal {
            id: self.id,
            kind: PrincipalKind::Person,
            method: Method::PrivateKey,
            factors: Factors::One,
            authenticated_at: at,
            groups: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_principals_are_refused() {
        let cases = [
            ("", InvalidPrincipal::Form),
            ("  ", InvalidPrincipal::Form),
            ("_ann", InvalidPrincipal::Form),
            ("Admin", InvalidPrincipal::Reserved),
        ];
        for (name, error) in cases {
            assert_eq!(LocalUser::verified_by_store(name), Err(error), "`{name}`");
        }
    }

    #[test]
    fn user_of_the_store_is_a_person_with_a_key() {
        let at = SystemTime::UNIX_EPOCH;
        let ann = LocalUser::verified_by_store("ann").unwrap().principal(at);
        assert_eq!(ann.id.as_str(), "ann");
        assert_eq!((ann.kind, ann.method), (PrincipalKind::Person, Method::PrivateKey));
        assert_eq!((ann.factors, ann.authenticated_at), (Factors::One, at));
    }
}
