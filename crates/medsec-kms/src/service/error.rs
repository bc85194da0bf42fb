//! Why a key service did not do what was asked.

use std::io;

use medsec_crypto::RandomError;

/// Why a key service did not do what was asked. No variant carries key material or context.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyServiceError {
    /// There is no such key, or the caller may not know that there is.
    #[error("the key service knows no such key")]
    NoSuchKey,
    /// There is a key of that name already.
    #[error("the key service has a key of that name already; nothing was made")]
    KeyExists,
    /// The service does not take such a name, or such a waiting time.
    #[error("the key service does not take this {field}")]
    Unacceptable {
        /// What was not taken.
        field: &'static str,
    },
    /// The key is disabled.
    #[error("the key is disabled")]
    Disabled,
    /// The key is waiting to be destroyed.
    #[error("the key is due to be destroyed and no longer used")]
    PendingDestruction,
    /// The key, or the version that wrapped this data key, was destroyed.
    #[error("the key was destroyed; what only it could unwrap stays closed for ever")]
    Destroyed,
    /// A version of a key of this service that it does not know.
    #[error(
        "sealed under a version this store does not know: the store was restored from an older copy, or the package is of a later state"
    )]
    NoSuchVersion,
    /// The key is in a state in which this cannot be done.
    #[error("this cannot be done in the key's present state")]
    State,
    /// The caller may not use the key.
    #[error("the key service does not permit this use of the key")]
    NotPermitted,
    /// The stanza was made by another kind of key, or another service.
    #[error("the data key was not wrapped by a key of this service")]
    ForeignStanza,
    /// Another context, or a changed stanza; which of them is not told.
    #[error("the wrapped data key is not authentic: another context, or altered")]
    NotAuthentic,
    /// The service's own data are damaged or not to be trusted. Nothing was changed.
    #[error("the key service's data cannot be trusted; nothing was changed")]
    Untrusted,
    /// Others are changing the service's data just now.
    #[error("the key service is busy with another change; nothing was changed")]
    Busy,
    /// The change is made, but what follows it was not done: what was replaced may still be on the disk, or
    /// the change may not outlast a power failure. Making it again does not mend that.
    #[error("the change is made, but was not followed through to its end")]
    Unfinished(#[source] io::Error),
    /// The service cannot be reached, or gives up for now.
    #[error("the key service cannot be reached")]
    Unavailable(#[source] io::Error),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl KeyServiceError {
    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }
}
