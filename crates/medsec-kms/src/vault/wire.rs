//! HTTP to the server: one question, one answer, within limits.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, redirect, retry};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use super::secret::SecretText;
use super::settings::{VaultIdentity, VaultSettings};
use crate::remote::connection_fault;
use crate::service::KeyServiceError;

/// Longest answer that is read. The longest that is due is that to a batch.
const MAX_ANSWER_LEN: usize = 1024 * 1024;
/// Longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// Servers can be set to refuse requests without it: a web page cannot set it.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// A connection to one server.
pub(super) struct Wire {
    client: Client,
    base: String,
    namespace: Option<HeaderValue>,
}

/// What the server said.
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// May hold a data key or a token.
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Wire {
    /// Makes a client; nothing is sent.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] for certificates or a key that cannot be used.
    pub(super) fn new(settings: &VaultSettings) -> Result<Self, KeyServiceError> {
        let tls = settings.address.as_str().starts_with("https://");
        let mut builder = Client::builder()
            // The token would go wherever a redirect points.
            .redirect(redirect::Policy::none())
            // The variables of the environment would choose who sees the requests.
            .no_proxy()
            // Whether something is asked again is decided by whoever knows what was asked.
            .retry(retry::never())
            .http1_only()
            .https_only(tls)
            .connect_timeout(settings.patience.connect)
            .timeout(settings.patience.call);
        let config = if tls {
            config(&settings.roots, settings.identity.as_ref())?
        } else {
            trusting(RootCertStore::empty())?.with_no_client_auth()
        };
        builder = builder.tls_backend_preconfigured(config);
        let client = builder.build().map_err(|_| unacceptable("TLS settings"))?;
        let namespace = settings.place.namespace();
        let namespace = (!namespace.is_empty()).then(|| HeaderValue::from_str(namespace));
        let namespace = namespace.transpose().map_err(|_| unacceptable("namespace"))?;
        Ok(Self { client, base: format!("{}/v1/", settings.address.as_str()), namespace })
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// There was no connection that can be trusted, or no answer, or one that is too long.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        token: Option<&SecretText>,
        body: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Said, KeyServiceError> {
        // The client panics outside one.
        tokio::runtime::Handle::try_current().map_err(|_| KeyServiceError::NoRuntime)?;
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.headers(self.headers(token)?);
        if let Some(body) = body {
            // The bytes are erased when the client has sent them.
            let body = Bytes::from_owner(body);
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| failed(&error))?;
        read(response).await
    }

    /// Server and namespace.
    pub(super) fn place(&self) -> String {
        let namespace = self.namespace.as_ref().and_then(|it| it.to_str().ok());
        format!("{} {}", self.base, namespace.unwrap_or_default())
    }

    fn headers(&self, token: Option<&SecretText>) -> Result<HeaderMap, KeyServiceError> {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST, HeaderValue::from_static("true"));
        if let Some(namespace) = &self.namespace {
            headers.insert(NAMESPACE, namespace.clone());
        }
        if let Some(token) = token {
            let mut value =
                HeaderValue::from_str(token.expose_secret()).map_err(|_| unacceptable("token"))?;
            value.set_sensitive(true);
            headers.insert(TOKEN, value);
        }
        Ok(headers)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire(..)")
    }
}

async fn read(mut response: Response) -> Result<Said, KeyServiceError> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).ok().filter(|len| *len <= MAX_ANSWER_LEN);
    // Made once at its full length where that is known: growing would leave copies behind.
    let mut body = Zeroizing::new(Vec::with_capacity(announced.ok_or_else(too_long)?));
    while let Some(piece) = response.chunk().await.map_err(|error| failed(&error))? {
        if body.len().saturating_add(piece.len()) > MAX_ANSWER_LEN {
            return Err(too_long());
        }
        body.extend_from_slice(&piece);
    }
    Ok(Said { status, retry_after, body })
}

/// `Retry-After` in seconds; dates are not believed, since the clocks may differ.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}

const fn too_long() -> KeyServiceError {
    KeyServiceError::Answer("it is too long")
}

const fn unacceptable(field: &'static str) -> KeyServiceError {
    KeyServiceError::Unacceptable { field }
}

/// What went wrong on the way. Nothing of the error itself is kept: it names addresses.
fn failed(error: &reqwest::Error) -> KeyServiceError {
    if let Some(fault) = connection_fault(error) {
        return KeyServiceError::Connection(fault);
    }
    if error.is_timeout() {
        return KeyServiceError::TimedOut;
    }
    let http = cause::<hyper::Error>(error);
    if http.is_some_and(hyper::Error::is_parse) {
        return KeyServiceError::Answer("it is not HTTP");
    }
    let kind = match cause::<io::Error>(error) {
        Some(error) => error.kind(),
        None if http.is_some() => io::ErrorKind::ConnectionAborted,
        None => io::ErrorKind::Other,
    };
    KeyServiceError::Unavailable(kind.into())
}

/// The first error of a kind among the causes.
fn cause<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    for _ in 0..32 {
        let error = next?;
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// TLS 1.2 and 1.3 of rustls on AWS-LC, with these roots and no others.
fn config(roots: &[u8], identity: Option<&VaultIdentity>) -> Result<ClientConfig, KeyServiceError> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots) {
        let certificate = certificate.map_err(|_| unacceptable("root certificate"))?;
        store.add(certificate).map_err(|_| unacceptable("root certificate"))?;
    }
    if store.is_empty() {
        return Err(unacceptable("root certificate"));
    }
    let builder = trusting(store)?;
    let Some(identity) = identity else { return Ok(builder.with_no_client_auth()) };
    let wrong = || unacceptable("client certificate");
    let chain = CertificateDer::pem_slice_iter(&identity.certificates).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(|_| wrong())?;
    builder.with_client_auth_cert(chain.map_err(|_| wrong())?, key).map_err(|_| wrong())
}

type Trusting = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn trusting(store: RootCertStore) -> Result<Trusting, KeyServiceError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| unacceptable("TLS settings"))?;
    Ok(builder.with_root_certificates(store))
}
