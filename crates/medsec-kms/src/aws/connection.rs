//! One client for all calls of one identity in one region.

use std::fmt;

use aws_config::BehaviorVersion;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{
    Config, Credentials, IdentityCache, Region, SharedCredentialsProvider, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::runtime::Handle;

use super::arn;
use super::limit::AnswerLimit;
use super::settings::{
    AwsAddress, AwsCredentials, AwsOpenError, AwsPatience, AwsRoots, AwsSettings,
};

/// Makes the SDK write what it received into its trace log, data keys included.
const LOGS_BODIES: &str = "LOG_SENSITIVE_BODIES";
/// Where they are set, the system's authorities are looked for nowhere else.
const ROOTS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// A way to KMS in one region. Cheap to clone; clones share connections and credentials.
#[derive(Clone)]
pub struct AwsConnection {
    pub(super) client: Client,
    region: String,
}

impl AwsConnection {
    /// Sets everything up. KMS is not asked anything yet, and whether the credentials are good shows with the first
    /// call.
    ///
    /// # Errors
    /// [`AwsOpenError`]; nothing was sent to KMS.
    pub async fn open(settings: AwsSettings) -> Result<Self, AwsOpenError> {
        Handle::try_current().map_err(|_| AwsOpenError::NoRuntime)?;
        if std::env::var(LOGS_BODIES).is_ok_and(|value| value.eq_ignore_ascii_case("true")) {
            return Err(AwsOpenError::LogsBodies);
        }
        let plain = matches!(&settings.address, AwsAddress::At(place) if !place.is_encrypted());
        let named = || ROOTS.iter().any(|name| std::env::var_os(name).is_some());
        if settings.roots == AwsRoots::System && !plain && named() {
            return Err(AwsOpenError::RootsOfEnvironment);
        }
        let http = http_client(&settings.roots)?;
        let (region, credentials) = identity(settings.region, settings.credentials).await?;
        let builder = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(credentials)
            .identity_cache(IdentityCache::lazy().load_timeout(settings.patience.call).build())
            .http_client(http)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts(settings.patience))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .interceptor(AnswerLimit);
        let builder = match settings.address {
            AwsAddress::Regional => builder,
            AwsAddress::RegionalFips => builder.use_fips(true),
            AwsAddress::At(address) => builder.endpoint_url(address.as_str()),
        };
        Ok(Self { client: Client::from_conf(builder.build()), region })
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

impl fmt::Debug for AwsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsConnection").field("region", &self.region).finish_non_exhaustive()
    }
}

/// Of the SDK's own configuration nothing but who we are, and where: its endpoints, retries and the rest of the
/// environment stay out.
async fn identity(
    region: Option<String>,
    credentials: AwsCredentials,
) -> Result<(String, SharedCredentialsProvider), AwsOpenError> {
    let given = match credentials {
        AwsCredentials::Key(key) => Some(SharedCredentialsProvider::new(Credentials::new(
            key.id,
            key.secret.as_str(),
            key.session.as_ref().map(|token| token.to_string()),
            None,
            "medsec",
        ))),
        AwsCredentials::DefaultChain => None,
    };
    let (region, credentials) = match (region, given) {
        (Some(region), Some(given)) => (Some(region), Some(given)),
        (region, given) => {
            let loader = aws_config::defaults(BehaviorVersion::latest());
            let loader = match region {
                Some(region) => loader.region(Region::new(region)),
                None => loader,
            };
            let chain = loader.load().await;
            let region = chain.region().map(ToString::to_string);
            (region, given.or_else(|| chain.credentials_provider()))
        }
    };
    let region = region.ok_or(AwsOpenError::NoRegion)?;
    if !arn::is_place(&region) {
        return Err(AwsOpenError::Region);
    }
    // The default chain always has a provider, if one that finds nothing.
    let credentials = credentials.unwrap_or_else(|| SharedCredentialsProvider::new(NoCredentials));
    Ok((region, credentials))
}

/// Stands in where not even the default chain is.
#[derive(Debug)]
struct NoCredentials;

impl aws_credential_types::provider::ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(
        &'a self,
    ) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        use aws_credential_types::provider::error::CredentialsError;
        use aws_credential_types::provider::future::ProvideCredentials as Ready;
        Ready::ready(Err(CredentialsError::not_loaded_no_source()))
    }
}

fn timeouts(patience: AwsPatience) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(patience.connect.min(patience.call))
        .read_timeout(patience.call)
        .operation_attempt_timeout(patience.call)
        .operation_timeout(patience.call)
        .build()
}

/// TLS 1.2 and 1.3 by rustls on AWS-LC; no proxy, whatever the environment says.
fn http_client(roots: &AwsRoots) -> Result<SharedHttpClient, AwsOpenError> {
    let store = match roots {
        AwsRoots::System => TrustStore::default(),
        AwsRoots::Only(pem) => {
            are_certificates(pem)?;
            TrustStore::empty().with_pem_certificate(pem.as_slice())
        }
    };
    let context = TlsContext::builder().with_trust_store(store).build();
    let context = context.map_err(|_| AwsOpenError::Roots)?;
    let builder = aws_smithy_http_client::Builder::new();
    Ok(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https())
}

/// Checked here, because the client takes what it gets and panics when it connects.
fn are_certificates(pem: &[u8]) -> Result<(), AwsOpenError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| AwsOpenError::Roots)?;
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate).map_err(|_| AwsOpenError::Roots)?;
    }
    (!store.is_empty()).then_some(()).ok_or(AwsOpenError::Roots)
}
