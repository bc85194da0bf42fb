//! Certificates of clients in mutual TLS.
//!
//! The chain that the peer sent is verified here, whatever the TLS library did with it: roots, signatures, validity,
//! use, constraints and, where lists are given, revocation. Then one name of the subject's alternative names is
//! taken, never the common name (RFC 9525 section 2).
//!
//! That the peer has the private key was shown in the handshake, which is not repeated here. There is no variant
//! that takes a certificate or a name from a header that a proxy sets: anybody who reaches the program past the
//! proxy could set it too.

mod names;
mod path;

pub use self::names::NameRule;
pub use self::path::Revocation;

use std::fmt;
use std::sync::Arc;

use self::path::Path;
use super::steady::SteadyWall;
use super::{AuthenticationError, Authenticator, RefusedBecause, principal_id};
use crate::clock::Clock;
use crate::principal::{Factors, Method, Principal, PrincipalKind};

/// What judges certificates of clients.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct CertificateSetup {
    /// Certificates of the authorities that are trusted, in DER.
    pub roots: Vec<Vec<u8>>,
    /// Whether revocation is checked.
    pub revocation: Revocation,
    /// Who somebody is by their certificate.
    pub rule: CertificateRule,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Who somebody is by their certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct CertificateRule {
    /// The name that counts.
    pub name: NameRule,
    /// Put before it, to keep the names of authorities apart. May be empty.
    pub prefix: String,
    /// A person or a program.
    pub kind: PrincipalKind,
    /// How many factors the key takes to be used: two, if the authorities certify only keys on cards with a PIN.
    pub factors: Factors,
}

/// No certificate can be judged by this setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateSetupError {
    /// No root, or one that is not a certificate.
    #[error("a trusted root is missing or not a certificate in DER")]
    Root,
    /// Revocation is to be checked, and there is no list, or one that is malformed.
    #[error("a revocation list is missing or malformed")]
    RevocationList,
    /// The trust domain or mail or DNS domain is empty or has characters that it cannot have.
    #[error("the domain of the names is not valid")]
    Domain,
}

/// Accepts certificates of clients. To be asked once for each connection, when its handshake is done.
///
/// The credential is the chain as the peer sent it, in DER, its own certificate first. Whoever hands it in vouches that
/// the peer proved in the handshake that it has the key, as TLS does with any certificate of a client.
pub struct CertificateAuthenticator {
    path: Path,
    rule: CertificateRule,
    wall: SteadyWall,
}

impl CertificateAuthenticator {
    /// Most certificates of a chain.
    pub const MAX_CHAIN: usize = 8;
    /// Longest certificate in bytes.
    pub const MAX_CERTIFICATE_LEN: usize = 16 * 1024;

    /// Reads roots and lists. When they change, make another.
    ///
    /// # Errors
    /// [`CertificateSetupError`] if no certificate can be judged by them.
    pub fn new(setup: CertificateSetup) -> Result<Self, CertificateSetupError> {
        let CertificateSetup { roots, revocation, rule, clock } = setup;
        if !rule.name.is_valid() {
            return Err(CertificateSetupError::Domain);
        }
        let path = Path::new(&roots, &revocation)?;
        Ok(Self { path, rule, wall: SteadyWall::new(clock) })
    }

    fn verify(&self, chain: &[&[u8]]) -> Result<Principal, RefusedBecause> {
        let too_long = chain.iter().any(|der| der.len() > Self::MAX_CERTIFICATE_LEN);
        if too_long || chain.len() > Self::MAX_CHAIN {
            return Err(RefusedBecause::CertificateTooLong);
        }
        let (leaf, others) = chain.split_first().ok_or(RefusedBecause::CertificateMissing)?;
        let now = self.wall.now()?;
        self.path.verify(leaf, others, now)?;
        Ok(Principal {
            id: principal_id(&self.rule.prefix, &names::name(leaf, &self.rule.name)?)?,
            kind: self.rule.kind,
            method: Method::Certificate,
            factors: self.rule.factors,
            authenticated_at: now,
            groups: std::collections::BTreeSet::new(),
        })
    }
}

impl Authenticator for CertificateAuthenticator {
    type Credential<'c> = &'c [&'c [u8]];

    fn authenticate(&self, credential: &[&[u8]]) -> Result<Principal, AuthenticationError> {
        self.verify(credential).map_err(AuthenticationError::from)
    }
}

impl fmt::Debug for CertificateAuthenticator {
    /// Without roots and lists, which are long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateAuthenticator").field("rule", &self.rule).finish_non_exhaustive()
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(any(test, fuzzing))]
mod making;
#[cfg(test)]
mod tests;
