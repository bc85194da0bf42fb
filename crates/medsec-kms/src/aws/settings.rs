//! How KMS is reached, and as whom.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::remote::ServiceAddress;

/// All that a connection needs.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "one who leaves a part out should not compile")]
pub struct AwsSettings {
    /// The region, for instance `eu-central-1`; where absent, that of the SDK's default chain (environment, profile,
    /// instance).
    pub region: Option<String>,
    /// Where KMS is.
    pub address: AwsAddress,
    /// As whom.
    pub credentials: AwsCredentials,
    /// Whose certificates are trusted.
    pub roots: AwsRoots,
    /// How long to wait.
    pub patience: AwsPatience,
}

/// Where KMS is. The environment is not asked: `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_KMS`, `endpoint_url` of a
/// profile, `HTTPS_PROXY` and their like redirect nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsAddress {
    /// The region's own endpoint.
    Regional,
    /// The region's endpoint with validated TLS, where there is one.
    RegionalFips,
    /// This one: an interface endpoint in a private network, or an emulator.
    At(ServiceAddress),
}

/// As whom KMS is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AwsCredentials {
    /// Whoever the SDK's default chain finds: environment, profile, web identity, container, instance. The chain itself
    /// may ask STS or a metadata service, where the environment says they are.
    DefaultChain,
    /// The bearer of this key.
    Key(AwsAccessKey),
}

/// An access key, with the token of a session if it has one.
#[derive(Clone)]
pub struct AwsAccessKey {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
    pub(super) session: Option<Zeroizing<String>>,
}

impl AwsAccessKey {
    /// Takes the three parts as AWS gives them.
    #[must_use]
    pub const fn new(
        id: String,
        secret: Zeroizing<String>,
        session: Option<Zeroizing<String>>,
    ) -> Self {
        Self { id, secret, session }
    }
}

impl fmt::Debug for AwsAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsAccessKey(redacted)")
    }
}

/// Whose certificates are trusted for KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsRoots {
    /// The authorities that the system trusts, where its own files have them. `SSL_CERT_FILE` and `SSL_CERT_DIR` would
    /// name others: with one of them set, no connection is made.
    System,
    /// These and no others, in PEM: of a private endpoint, or a proxy that looks into TLS.
    Only(Vec<u8>),
}

/// How long to wait. There is no waiting without end.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AwsPatience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For a whole call: credentials, connection, request and answer.
    pub call: Duration,
}

impl Default for AwsPatience {
    /// 3 s for a connection, as the SDK has it, and 10 s for a call: KMS answers in milliseconds, and after 10 s a
    /// retry is worth more than waiting on.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), call: Duration::from_secs(10) }
    }
}

impl AwsPatience {
    /// As by default, with another limit for a whole call.
    #[must_use]
    pub fn with_call(call: Duration) -> Self {
        Self { call, ..Self::default() }
    }
}

/// Why no connection was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AwsOpenError {
    /// No tokio runtime is around the call.
    #[error("AWS needs a tokio runtime around the call")]
    NoRuntime,
    /// The region is not said, and the default chain does not know it either.
    #[error("no AWS region is set")]
    NoRegion,
    /// The region is not of the form of one.
    #[error("that is no AWS region")]
    Region,
    /// The trusted certificates are not PEM, or there are none.
    #[error("the trusted certificates are not certificates in PEM")]
    Roots,
    /// The environment says which authorities the system trusts.
    #[error(
        "the variable SSL_CERT_FILE or SSL_CERT_DIR would choose whom to trust; unset it, or name the authorities"
    )]
    RootsOfEnvironment,
    /// The environment asks the SDK to write data keys into its log.
    #[error("the variable LOG_SENSITIVE_BODIES would have data keys written to the log; unset it")]
    LogsBodies,
}
