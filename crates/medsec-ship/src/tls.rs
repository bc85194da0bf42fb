//! TLS: whom a connection trusts and as whom it appears. Always with a verified server; there is no switch.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Longest PEM text in bytes: far more than any list of authorities.
const MAX_PEM_LEN: usize = 4 << 20;

/// What a connection is made with.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct TlsSettings<'a> {
    /// Certificates in PEM of the authorities that a server's certificate may come from. Nothing else is trusted,
    /// the system's authorities neither.
    pub roots: &'a [u8],
    /// As whom to appear, if the server asks.
    pub identity: Option<TlsIdentity<'a>>,
}

/// A client's certificate and key.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct TlsIdentity<'a> {
    /// The certificate and those between it and the authority, in PEM, in this order.
    pub certificates: &'a [u8],
    /// Its private key in PEM.
    pub key: &'a [u8],
}

/// TLS 1.2 and 1.3 with the server's certificate verified.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
}

/// Why there is no TLS with these settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The PEM text of the authorities is malformed, too long, or has none.
    #[error("no usable certificate of an authority")]
    Roots,
    /// The client's certificate or key is malformed or missing.
    #[error("no usable certificate and key of the client")]
    Identity,
    /// Certificate and key do not fit each other, or are of an algorithm that is not supported.
    #[error("the client's certificate and key cannot be used")]
    Unusable(#[source] rustls::Error),
}

impl Tls {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// [`TlsError`] if one of them cannot be used.
    pub fn new(settings: &TlsSettings<'_>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for root in certificates(settings.roots).ok_or(TlsError::Roots)? {
            roots.add(root).map_err(|_| TlsError::Roots)?;
        }
        // Named, and not taken from the process: another library may have set one of its own there.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_root_certificates(roots);
        let config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some(TlsIdentity { certificates: chain, key }) => {
                let chain = certificates(chain).ok_or(TlsError::Identity)?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Identity)?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Unusable)?
            }
        };
        Ok(Self { config: Arc::new(config) })
    }

    #[cfg(any(feature = "http", feature = "syslog"))]
    pub(crate) fn connector(&self) -> tokio_rustls::TlsConnector {
        tokio_rustls::TlsConnector::from(Arc::clone(&self.config))
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.config)
    }
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    if pem.len() > MAX_PEM_LEN {
        return None;
    }
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!found.is_empty()).then_some(found)
}

impl fmt::Debug for TlsIdentity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsIdentity(redacted)")
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
