//! Why a key service did not do what was asked.

use std::io;
use std::time::Duration;

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
    /// The service did not answer in the time it was given. Whether it did what was asked is not known.
    #[error("the key service did not answer in time")]
    TimedOut,
    /// The service is asked too often.
    #[error("the key service is asked too often and refuses for now")]
    Throttled {
        /// How long to leave it alone, where it says so.
        retry_after: Option<Duration>,
    },
    /// The service is locked as a whole until somebody opens it.
    #[error("the key service is sealed; it does nothing until an operator unseals it")]
    Sealed,
    /// The service does not know the caller, or no longer.
    #[error("the key service does not accept the caller's credentials, or no longer")]
    Unauthenticated,
    /// The connection is not one to the service, or not a safe one. Where it turned out so while it was made, nothing was
    /// sent; where it was altered later, what was sent before may have arrived.
    #[error("the connection to the key service is not to be trusted: {0}")]
    Connection(ConnectionFault),
    /// The service gave an answer that it should not give.
    #[error("the key service gave an answer that it should not give: {0}")]
    Answer(&'static str),
    /// The key does not have what is needed of one here.
    #[error("the key cannot be used here: {0}")]
    Unsuitable(&'static str),
    /// The version that wrapped this data key is still there, but the service no longer opens what it wrapped.
    #[error(
        "sealed under a version that the key service no longer opens; its minimum version was raised"
    )]
    VersionRetired,
    /// The service has no such operation. Nothing was changed.
    #[error("the key service does not offer this: {0}")]
    NotOffered(&'static str),
    /// The call was not awaited inside a tokio runtime, which the service's client needs. Nothing was sent.
    #[error("the key service's client needs a tokio runtime around the call; nothing was sent")]
    NoRuntime,
    /// Several services are joined, and none is called that.
    #[error("no key service of that name is set up")]
    NoSuchService,
    /// Several services are joined, and more than one of them calls the key its own.
    #[error("more than one key service calls this key its own; none was asked")]
    Ambiguous,
    /// The service failed several times on end and is left alone for a while. Nothing was sent.
    #[error("the key service failed several times on end and is left alone for now")]
    Suspended {
        /// How long still.
        retry_after: Duration,
    },
    /// The token cannot be used.
    #[error("the token cannot be used: {0}")]
    Token(TokenFault),
    /// A file is no good that is needed to come to the service: a secret, a certificate. Nothing was sent.
    #[error("a file that is needed to come to the key service {0}; nothing was sent")]
    File(FileFault),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl KeyServiceError {
    /// Whether the same call may succeed later without anyone changing anything.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Unavailable(_)
                | Self::TimedOut
                | Self::Throttled { .. }
                | Self::Suspended { .. }
        )
    }

    /// Whether it is certain that nothing of the call reached the service: it was left alone, or nobody listened.
    #[must_use]
    pub fn is_unsent(&self) -> bool {
        match self {
            Self::Suspended { .. } | Self::NoRuntime => true,
            // Other kinds are seen on connections that carried something, too.
            Self::Unavailable(error) => error.kind() == io::ErrorKind::ConnectionRefused,
            _ => false,
        }
    }

    /// How long to leave the service alone, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => *retry_after,
            Self::Suspended { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// The same error once more, for each of several calls that failed together, or for as long as nobody tries anew. Of
    /// an input or output error the kind remains.
    #[must_use]
    pub fn again(&self) -> Self {
        match self {
            Self::NoSuchKey => Self::NoSuchKey,
            Self::KeyExists => Self::KeyExists,
            Self::Unacceptable { field } => Self::Unacceptable { field },
            Self::Disabled => Self::Disabled,
            Self::PendingDestruction => Self::PendingDestruction,
            Self::Destroyed => Self::Destroyed,
            Self::NoSuchVersion => Self::NoSuchVersion,
            Self::State => Self::State,
            Self::NotPermitted => Self::NotPermitted,
            Self::ForeignStanza => Self::ForeignStanza,
            Self::NotAuthentic => Self::NotAuthentic,
            Self::Untrusted => Self::Untrusted,
            Self::Busy => Self::Busy,
            Self::Unfinished(error) => Self::Unfinished(error.kind().into()),
            Self::Unavailable(error) => Self::Unavailable(error.kind().into()),
            Self::TimedOut => Self::TimedOut,
            Self::Throttled { retry_after } => Self::Throttled { retry_after: *retry_after },
            Self::Sealed => Self::Sealed,
            Self::Unauthenticated => Self::Unauthenticated,
            Self::Connection(fault) => Self::Connection(*fault),
            Self::Answer(what) => Self::Answer(what),
            Self::Unsuitable(what) => Self::Unsuitable(what),
            Self::VersionRetired => Self::VersionRetired,
            Self::NotOffered(what) => Self::NotOffered(what),
            Self::NoRuntime => Self::NoRuntime,
            Self::NoSuchService => Self::NoSuchService,
            Self::Ambiguous => Self::Ambiguous,
            Self::Suspended { retry_after } => Self::Suspended { retry_after: *retry_after },
            Self::Token(fault) => Self::Token(*fault),
            Self::File(fault) => Self::File(*fault),
            Self::Random(error) => Self::Random(*error),
        }
    }
}

/// What is wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionFault {
    /// The certificate is another host's.
    #[error("the certificate is that of another host")]
    HostName,
    /// The certificate was issued by nobody who is trusted.
    #[error("the certificate was issued by nobody who is trusted here")]
    UnknownIssuer,
    /// The certificate is no longer valid.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate is not valid yet.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// The certificate is not valid for another reason.
    #[error("the certificate is not valid")]
    Certificate,
    /// The other side offers nothing that is safe: TLS before 1.2, or no cipher suite in common.
    #[error("the other side offers no TLS 1.2 or 1.3 with a safe cipher")]
    Version,
    /// What came is not TLS, or it was altered on the way.
    #[error("what came was altered on the way, or is not TLS")]
    Altered,
    /// The service asks for a certificate of the client, or refused the one it got.
    #[error("the other side refused the client's certificate, or asks for one")]
    ClientCertificate,
}

/// Why a PKCS#11 token does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenFault {
    /// The module cannot be loaded.
    #[error("the PKCS#11 module is not there or cannot be loaded")]
    Module,
    /// The module was loaded and does not start.
    #[error("the PKCS#11 module does not start")]
    Start,
    /// No slot holds the token that was named.
    #[error("no slot holds the token that was named")]
    Missing,
    /// More than one slot holds a token of that serial number.
    #[error("more than one slot holds a token of that serial number")]
    Twice,
    /// The token is no longer in its slot.
    #[error("the token was removed")]
    Removed,
    /// The token ended the session, and a new one did not help.
    #[error("the token ended the session, and ends new ones too")]
    Session,
    /// The token locked itself after too many wrong PINs.
    #[error("the PIN is locked; the security officer can set a new one")]
    PinLocked,
    /// The PIN has to be changed before the token works.
    #[error("the PIN has expired, or was never set")]
    PinExpired,
    /// The token has no room for another key.
    #[error("the token is full")]
    Full,
    /// The token cannot be written to.
    #[error("the token is write-protected")]
    ReadOnly,
    /// The token reported an error of its own.
    #[error("the token reports that it failed")]
    Failed,
}

/// Why a file does not help to come to a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileFault {
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// Others than its owner can read it, and it holds a secret.
    #[error("can be read by other users")]
    Shared,
    /// It cannot be read, or is no regular file.
    #[error("cannot be read")]
    Unreadable,
    /// It is longer than what it should hold can be.
    #[error("is too long")]
    TooLong,
    /// It holds something else than it should.
    #[error("does not hold what it should")]
    Malformed,
}
