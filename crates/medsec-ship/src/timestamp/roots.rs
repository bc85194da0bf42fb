//! From whom authorities' certificates come.

use std::fmt;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use webpki::anchor_from_trusted_cert;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::TimeStampError;

/// Longest PEM text in bytes.
const MAX_PEM_LEN: usize = 4 << 20;

/// Root certificates, each for as long as it is valid.
#[derive(Clone)]
pub struct TimeStampRoots {
    roots: Vec<Root>,
}

#[derive(Clone)]
struct Root {
    anchor: TrustAnchor<'static>,
    not_before: Duration,
    not_after: Duration,
}

impl TimeStampRoots {
    /// Reads certificates in PEM.
    ///
    /// # Errors
    /// [`TimeStampError::Roots`] if there is none, or one of them cannot be read.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TimeStampError> {
        if pem.len() > MAX_PEM_LEN {
            return Err(TimeStampError::Roots);
        }
        let roots = CertificateDer::pem_slice_iter(pem).map(|certificate| {
            let certificate = certificate.map_err(|_| TimeStampError::Roots)?;
            Root::read(&certificate).ok_or(TimeStampError::Roots)
        });
        let roots = roots.collect::<Result<Vec<_>, _>>()?;
        (!roots.is_empty()).then_some(Self { roots }).ok_or(TimeStampError::Roots)
    }

    /// Those that are valid at a time, in seconds after 1970.
    pub(super) fn at(&self, time: Duration) -> Vec<TrustAnchor<'static>> {
        let valid = |root: &&Root| root.not_before <= time && time <= root.not_after;
        self.roots.iter().filter(valid).map(|root| root.anchor.clone()).collect()
    }
}

impl Root {
    fn read(der: &CertificateDer<'_>) -> Option<Self> {
        let anchor = anchor_from_trusted_cert(der).ok()?.to_owned();
        let validity = Certificate::from_der(der).ok()?.tbs_certificate.validity;
        let [not_before, not_after] =
            [validity.not_before, validity.not_after].map(|time| time.to_unix_duration());
        Some(Self { anchor, not_before, not_after })
    }
}

impl fmt::Debug for TimeStampRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TimeStampRoots({})", self.roots.len())
    }
}
