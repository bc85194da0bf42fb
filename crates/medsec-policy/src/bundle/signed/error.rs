//! Why a signed policy is not used.

use super::SignedBundle;
use crate::bundle::Bundle;

/// A signed policy cannot be used. What was in force stays in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// It is longer than a policy may be.
    #[error("longer than a policy of {} bytes", Bundle::MAX_DOCUMENT_LEN)]
    TooLong,
    /// It does not begin as a signed policy does.
    #[error("not a signed policy of a kind this version reads")]
    Format,
    /// No signature was asked for, or more than there are trusted keys.
    #[error("the number of signatures asked for does not fit the trusted keys")]
    Threshold,
    /// Trusted keys have not signed it, or too few have.
    #[error("{found} trusted keys have signed the policy, of {threshold} that must")]
    TooFew {
        /// How many trusted keys have, if their signatures verify.
        found: usize,
        /// How many must.
        threshold: usize,
    },
    /// A signature does not verify: the policy was altered, or is forged.
    #[error("the policy is not authentic")]
    NotAuthentic,
    /// It is signed, but what was signed is not a policy in the one form that this version reads.
    #[error("what was signed is not a policy of a kind this version reads")]
    Document,
    /// Its rules were written for a schema that this version does not have. It must be made and signed again.
    #[error("the policy was made for schema {version}, which this version does not have")]
    Schema {
        /// The number of that schema.
        version: u32,
    },
    /// It has as many signatures as it can have.
    #[error("more than {} signatures", SignedBundle::MAX_SIGNATURES)]
    TooManySignatures,
}
