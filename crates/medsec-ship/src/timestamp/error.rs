//! Why there is no time stamp.

/// Why a token cannot be had or must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeStampError {
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness")]
    Random,
    /// The authority answered with this HTTP status.
    #[error("the authority answered with status {0}")]
    Status(u16),
    /// The authority did not grant a token, for this PKIStatus.
    #[error("the authority did not grant a time stamp (status {0})")]
    NotGranted(u64),
    /// The answer is not in the form that RFC 3161 prescribes, or not in DER.
    #[error("the answer of the authority is malformed")]
    Malformed,
    /// The token is over other bytes, or over another digest than SHA-256.
    #[error("the time stamp is over other bytes")]
    OtherBytes,
    /// The token answers another request.
    #[error("the time stamp answers another request")]
    Nonce,
    /// The token's time is far from ours: one of the two clocks is wrong.
    #[error("the authority's clock and ours differ too much")]
    Clock,
    /// A digest or signature algorithm that is not supported.
    #[error("the time stamp is made with an algorithm that is not supported")]
    Algorithm,
    /// The signature is wrong, or the certificate in the token is not the one that was signed for.
    #[error("the time stamp is not authentic")]
    NotAuthentic,
    /// The certificate is not one for time stamps, was not valid at the time, or comes from none of the roots.
    #[error("the authority's certificate is not trusted")]
    Untrusted,
    /// There is no root, or one of them is no certificate.
    #[error("no usable root certificate")]
    Roots,
}
