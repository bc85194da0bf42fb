//! The one name of a certificate that counts.

use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

use crate::authenticate::RefusedBecause;

/// `id-kp-clientAuth` (RFC 5280 section 4.2.1.12).
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

/// Which of the subject's alternative names counts. Exactly one must be of this kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameRule {
    /// The URI `spiffe://TRUST-DOMAIN/PATH`, the certificate's only one. `/` of the path becomes `:` in
    /// `spiffe:TRUST-DOMAIN:PATH`, which paths do not have.
    Spiffe {
        /// The trust domain.
        trust_domain: String,
    },
    /// A DNS name below this domain, in lower case; wildcards are none.
    Dns {
        /// The domain, in lower case.
        domain: String,
    },
    /// A mail address in this domain, which is written in lower case. What stands before the `@` stays as it is.
    Email {
        /// The domain, in lower case.
        domain: String,
    },
}

impl NameRule {
    /// Whether any name could fit.
    pub(super) fn is_valid(&self) -> bool {
        let (Self::Spiffe { trust_domain: domain } | Self::Dns { domain } | Self::Email { domain }) =
            self;
        let may_have = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        !domain.is_empty() && !domain.starts_with('.') && domain.bytes().all(may_have)
    }
}

/// Takes the name out of a certificate that was verified.
pub(super) fn name(leaf: &[u8], rule: &NameRule) -> Result<String, RefusedBecause> {
    let form = RefusedBecause::CertificateForm;
    let leaf = Certificate::from_der(leaf).map_err(|_| form)?;
    // Where the extension is missing a certificate may be for everything: that is too much.
    let usage = leaf.tbs_certificate.get::<ExtendedKeyUsage>().map_err(|_| form)?;
    let is_client =
        usage.is_some_and(|(_, usage)| usage.0.iter().any(|id| id.to_string() == CLIENT_AUTH));
    if !is_client {
        return Err(RefusedBecause::CertificateUsage);
    }
    let names = leaf.tbs_certificate.get::<SubjectAltName>().map_err(|_| form)?;
    let names = names.map(|(_, names)| names.0).unwrap_or_default();
    match rule {
        NameRule::Spiffe { trust_domain } => spiffe(&names, trust_domain),
        NameRule::Dns { domain } => only(names.iter().filter_map(|name| dns(name, domain))),
        NameRule::Email { domain } => only(names.iter().filter_map(|name| email(name, domain))),
    }
}

fn only(mut names: impl Iterator<Item = String>) -> Result<String, RefusedBecause> {
    match (names.next(), names.next()) {
        (None, _) => Err(RefusedBecause::CertificateNameMissing),
        (Some(name), None) => Ok(name),
        (Some(_), Some(_)) => Err(RefusedBecause::CertificateNameAmbiguous),
    }
}

/// A certificate has one SPIFFE identity and no other URI (X509-SVID section 2).
fn spiffe(names: &[GeneralName], trust_domain: &str) -> Result<String, RefusedBecause> {
    let uri = |name: &GeneralName| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
        _ => None,
    };
    let uri = only(names.iter().filter_map(uri))?;
    let rest = uri.strip_prefix("spiffe://").and_then(|rest| rest.strip_prefix(trust_domain));
    let path = rest.and_then(|rest| rest.strip_prefix('/'));
    let path = path.filter(|path| path.split('/').all(is_segment));
    let path = path.ok_or(RefusedBecause::CertificateNameMissing)?;
    Ok(format!("spiffe:{trust_domain}:{}", path.replace('/', ":")))
}

/// A segment of a SPIFFE identity's path (SPIFFE-ID section 2.2).
fn is_segment(segment: &str) -> bool {
    let may_have = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(may_have)
}

fn dns(name: &GeneralName, domain: &str) -> Option<String> {
    let GeneralName::DnsName(name) = name else { return None };
    let name = name.as_str().to_ascii_lowercase();
    let host = name.strip_suffix(domain)?.strip_suffix('.')?;
    let is_label = |label: &str| {
        let may_have = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        !label.is_empty() && label.bytes().all(may_have)
    };
    host.split('.').all(is_label).then_some(name)
}

fn email(name: &GeneralName, domain: &str) -> Option<String> {
    let GeneralName::Rfc822Name(address) = name else { return None };
    let (local, host) = address.as_str().split_once('@')?;
    let fits = !local.is_empty() && host.eq_ignore_ascii_case(domain);
    fits.then(|| format!("{local}@{domain}"))
}
