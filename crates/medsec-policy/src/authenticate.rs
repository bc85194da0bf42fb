//! Who somebody is: what they show is verified, and only then is there a [`Principal`].
//!
//! Each way of proving is an [`Authenticator`]. None of them asks a header, an environment variable or any
//! other text that nobody signed. What is accepted and what is refused stands in `docs/identity.md`.

#[cfg(feature = "certificates")]
pub(crate) mod certificate;
#[cfg(all(any(test, fuzzing), any(feature = "certificates", feature = "tokens")))]
mod edits;
#[cfg(feature = "tokens")]
mod json;
#[cfg(feature = "tokens")]
pub(crate) mod key_set;
mod local;
mod reason;
pub mod reserved;
#[cfg(any(feature = "certificates", feature = "tokens"))]
mod steady;
#[cfg(all(any(test, fuzzing), any(feature = "certificates", feature = "tokens")))]
pub(crate) mod testing;
#[cfg(feature = "tokens")]
pub(crate) mod token;
pub(crate) mod token_rules;

pub use self::local::LocalUser;
pub use self::reason::RefusedBecause;

#[cfg(any(feature = "certificates", feature = "tokens"))]
use crate::ids::PrincipalId;
use crate::principal::Principal;

/// Finds out who somebody is.
///
/// Contract: whatever is wrong is refused with one [`AuthenticationError`]; a principal that is answered has an
/// identifier that [`reserved::check`] lets pass; nothing of the credential is kept or shown.
pub trait Authenticator: Send + Sync + std::fmt::Debug {
    /// What is shown.
    type Credential<'c>;

    /// Verifies the credential, now.
    ///
    /// # Errors
    /// [`AuthenticationError`] if it proves nobody. Then there is no principal; the credential may be used up.
    fn authenticate(
        &self,
        credential: Self::Credential<'_>,
    ) -> Result<Principal, AuthenticationError>;
}

/// Nobody was authenticated.
///
/// It says the same whatever the cause: who tries credentials must not learn which part of one was right. The
/// cause is for the audit record, and so is `Debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not authenticated")]
pub struct AuthenticationError {
    because: RefusedBecause,
}

impl AuthenticationError {
    /// The cause, for the audit record and for nobody else.
    #[must_use]
    pub const fn reason(&self) -> RefusedBecause {
        self.because
    }

    /// Whether the same credential may be accepted later, because what failed is on this side.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self.because,
            RefusedBecause::ClockUnreadable
                | RefusedBecause::ClockSetBack
                | RefusedBecause::KeysUnavailable
                | RefusedBecause::ReplayMemoryFull
                | RefusedBecause::RevocationUnknown
        )
    }
}

impl From<RefusedBecause> for AuthenticationError {
    fn from(because: RefusedBecause) -> Self {
        Self { because }
    }
}

/// The identifier that `name` has with `prefix` before it. The prefix makes no name of its own out of a generic one.
#[cfg(any(feature = "certificates", feature = "tokens"))]
fn principal_id(prefix: &str, name: &str) -> Result<PrincipalId, RefusedBecause> {
    let new = |text: &str| PrincipalId::new(text).map_err(|_| RefusedBecause::PrincipalForm);
    let (own, id) = (new(name)?, new(&format!("{prefix}{name}"))?);
    for name in [&own, &id] {
        reserved::check(name).map_err(|_| RefusedBecause::PrincipalReserved)?;
    }
    Ok(id)
}

#[cfg(test)]
#[cfg(any(feature = "certificates", feature = "tokens"))]
mod conformance;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_says_the_same_outside() {
        for because in RefusedBecause::ALL {
            let error = AuthenticationError::from(*because);
            assert_eq!(error.to_string(), "not authenticated");
            assert_eq!(error.reason(), *because);
        }
    }
}
