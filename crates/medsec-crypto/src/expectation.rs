//! What an opener expects of a package before any key is used.

use crate::context::{Context, ContextKey};
use crate::header::Header;
use crate::header::stanza::{KeyRef, Stanza};
use crate::ids::{PackageId, PolicyHash, Timestamp};
use crate::signature::VerifyingKey;
use crate::suite::Suite;

/// Most stanzas that are tried: a bound on what a hostile package can cost.
pub const MAX_UNWRAP_ATTEMPTS: usize = 8;

/// Everything an opener must decide. It has no default and no way to leave a question open: who does
/// not care for the policy says so with [`PolicyExpectation::Any`].
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The policy it must have been sealed under.
    pub policy: PolicyExpectation,
    /// Who must have signed it.
    pub signer: SignerExpectation,
    /// The wrapping keys that may be used; all other recipients are ignored, so that a package cannot
    /// make a key service work for it.
    pub keys: Vec<KeyRef>,
    /// The reproduced context: exactly the keys named in the package, with the values that the opener
    /// knows to be right.
    pub reproduced: Context,
    /// Further limits.
    pub limits: Limits,
}

/// The policy a package must be sealed under.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyExpectation {
    /// Exactly this one.
    Exactly(PolicyHash),
    /// One of these, for instance all that the current one supersedes.
    OneOf(Vec<PolicyHash>),
    /// Any policy, or none.
    Any,
}

/// Who must have signed a package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignerExpectation {
    /// One of these keys.
    OneOf(Vec<VerifyingKey>),
    /// No signature is required. One that is there must still verify.
    NotRequired,
}

/// Further limits, each with a default that fits most.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The one package that may be opened; none by default.
    pub package_id: Option<PackageId>,
    /// Suites that are accepted: by default all that this crate knows.
    pub suites: Vec<Suite>,
    /// Oldest creation time accepted; none by default. It is the sealer's clock that wrote it.
    pub created_from: Option<Timestamp>,
    /// Whether packages under a shared data key are accepted; not by default.
    pub shared_data_key: SharedDataKey,
    /// Most chunks of 16 KiB accepted: 2^32 by default (64 TiB), 2^38 by the specification.
    pub max_chunks: u64,
}

/// Whether a data key that protects more than one package is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedDataKey {
    /// Refused.
    #[default]
    Refused,
    /// Accepted.
    Accepted,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            package_id: None,
            suites: vec![Suite::Aes256Gcm, Suite::ChaCha20Poly1305],
            created_from: None,
            shared_data_key: SharedDataKey::Refused,
            max_chunks: 1 << 32,
        }
    }
}

/// The package is not the one expected. A public fact, found before any key was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpectationError {
    /// Sealed under another policy, or none.
    #[error("the package was sealed under another policy than the one expected")]
    Policy,
    /// Not signed although a signer is required.
    #[error("the package is not signed, but a signer is required")]
    NotSigned,
    /// Signed by another key.
    #[error("the package is signed by another key than those expected")]
    Signer,
    /// The names of the reproduced context are others than those supplied.
    #[error("the package needs other context keys than those supplied")]
    ContextNames,
    /// Another package.
    #[error("the package has another identifier than the one expected")]
    PackageId,
    /// Another suite.
    #[error("the package's cipher suite is not accepted")]
    Suite,
    /// Older than accepted.
    #[error("the package is older than accepted")]
    TooOld,
    /// Its data key protects other packages too.
    #[error("the package uses a shared data key, which is not accepted")]
    SharedDataKey,
    /// No recipient is among the keys that may be used.
    #[error("the package is sealed to none of the keys at hand")]
    NotARecipient,
}

impl Expectation {
    /// Compares a header; everything here is public.
    pub(crate) fn check(&self, header: &Header) -> Result<(), ExpectationError> {
        let core = header.core();
        let limits = &self.limits;
        self.check_policy(core.policy)?;
        check_signer(&self.signer, core.signer)?;
        if !self.reproduced.keys().eq(core.reproduced_names.iter()) {
            return Err(ExpectationError::ContextNames);
        }
        if limits.package_id.is_some_and(|id| id != core.package_id) {
            return Err(ExpectationError::PackageId);
        }
        if !limits.suites.contains(&header.suite()) {
            return Err(ExpectationError::Suite);
        }
        if limits.created_from.is_some_and(|from| core.created_at < from) {
            return Err(ExpectationError::TooOld);
        }
        if core.dek_id.is_some() && limits.shared_data_key == SharedDataKey::Refused {
            return Err(ExpectationError::SharedDataKey);
        }
        if self.allowed(header.stanzas()).next().is_none() {
            return Err(ExpectationError::NotARecipient);
        }
        Ok(())
    }

    fn check_policy(&self, found: Option<PolicyHash>) -> Result<(), ExpectationError> {
        let matches = match &self.policy {
            PolicyExpectation::Exactly(policy) => found == Some(*policy),
            PolicyExpectation::OneOf(policies) => found.is_some_and(|p| policies.contains(&p)),
            PolicyExpectation::Any => true,
        };
        matches.then_some(()).ok_or(ExpectationError::Policy)
    }

    /// The stanzas that may be tried, in file order.
    pub(crate) fn allowed<'a>(&self, stanzas: &'a [Stanza]) -> impl Iterator<Item = &'a Stanza> {
        stanzas
            .iter()
            .filter(|stanza| self.keys.contains(stanza.key_ref()))
            .take(MAX_UNWRAP_ATTEMPTS)
    }
}

/// Whether `found` is a signer that is expected.
pub(crate) fn check_signer(
    expected: &SignerExpectation,
    found: Option<VerifyingKey>,
) -> Result<(), ExpectationError> {
    match (expected, found) {
        (SignerExpectation::NotRequired, _) => Ok(()),
        (SignerExpectation::OneOf(_), None) => Err(ExpectationError::NotSigned),
        (SignerExpectation::OneOf(keys), Some(key)) => {
            keys.contains(&key).then_some(()).ok_or(ExpectationError::Signer)
        }
    }
}

/// The names that a package needs and that were not supplied, and those supplied in vain.
#[must_use]
pub fn context_difference<'a>(
    header: &'a Header,
    supplied: &'a Context,
) -> (Vec<&'a ContextKey>, Vec<&'a ContextKey>) {
    let needed = &header.core().reproduced_names;
    let missing = needed.iter().filter(|name| supplied.keys().all(|key| key != *name)).collect();
    let surplus = supplied.keys().filter(|key| !needed.contains(key)).collect();
    (missing, surplus)
}
