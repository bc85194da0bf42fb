//! Why there is no newer key set. No address, no answer and no token is in any of it.

use medsec_policy::{DiscoveryError, KeySetError};

use super::address::InvalidProviderAddress;

/// The provider's keys could not be fetched. Those in hand stay in use for as long as they may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetFetchError {
    /// There is no connection, or it broke.
    #[error("the identity provider cannot be reached")]
    Unreachable,
    /// The server's certificate is not that of the provider: another name, an unknown authority, or expired.
    #[error("the identity provider's certificate is not trusted")]
    NotTrusted,
    /// TLS 1.2 or 1.3 could not be agreed upon, or was broken.
    #[error("there is no TLS with the identity provider")]
    Tls,
    /// The answer took longer than [`KeySetLimits::timeout`](super::KeySetLimits::timeout).
    #[error("the identity provider did not answer in time")]
    Late,
    /// The answer points elsewhere, which is not followed.
    #[error("the identity provider answered with a redirect, which is not followed")]
    Redirected,
    /// Another status than 200.
    #[error("the identity provider answered with status {0}")]
    Status(u16),
    /// Longer than [`KeySet::MAX_LEN`](medsec_policy::KeySet::MAX_LEN).
    #[error("the identity provider's answer is too long")]
    TooLong,
    /// The discovery document is not that of the issuer.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// The discovery document names an address that is not taken.
    #[error("the discovery document names a key set that is not fetched: {0}")]
    Address(#[from] InvalidProviderAddress),
    /// What came is no key set.
    #[error(transparent)]
    KeySet(#[from] KeySetError),
    /// The machine does not tell how long it has been up: the keys' age is not known.
    #[error("the machine's clock cannot be read")]
    Clock,
    /// The runtime ended meanwhile.
    #[error("the fetch was interrupted")]
    Interrupted,
}

/// No key set can be fetched with this setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetSetupError {
    /// The issuer has a query, which no discovery document can be found for.
    #[error("an issuer's address has no query")]
    Issuer,
    /// A time is zero or longer than makes sense.
    #[error("timeout is 1 s to 1 min, the interval 1 s to 1 h, and keys are used for 1 h to 24 h")]
    Limits,
    /// No certificate of an authority, or one that is none.
    #[error("no usable certificate of an authority")]
    Roots,
    /// This system has no list of authorities, or TLS cannot be set up.
    #[error("there is no TLS on this system")]
    Tls,
}
