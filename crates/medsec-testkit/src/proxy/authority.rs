//! Certificates for tests, good and bad.

use std::fmt;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests go through all of them")]
pub enum Flaw {
    /// It is for `localhost` and `127.0.0.1`, and valid now.
    None,
    /// It is for another host.
    HostName,
    /// It was valid until the end of 2020.
    Expired,
    /// It is valid from 2090 on.
    NotYetValid,
}

/// An authority of this test alone.
pub struct TestAuthority(CertifiedIssuer<'static, KeyPair>);

impl TestAuthority {
    /// Makes a key and a certificate.
    #[must_use]
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        // A name of its own: of two authorities of one name, one would seem to have signed badly for the other.
        let name: String = key.public_key_raw().iter().map(|byte| format!("{byte:02x}")).collect();
        let name = format!("medsec test {}", name.get(2..34).unwrap_or_default());
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate and key.
    #[must_use]
    pub fn server(&self, flaw: Flaw) -> ServerIdentity {
        let names = match flaw {
            Flaw::HostName => vec!["elsewhere.medsec.test".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let (from, until) = match flaw {
            Flaw::Expired => (2019, 2020),
            Flaw::NotYetValid => (2090, 2099),
            _ => (2020, 2099),
        };
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 12, 31);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        ServerIdentity::new(certificate.der().clone(), key.serialize_der())
    }
}

impl Default for TestAuthority {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TestAuthority")
    }
}

/// A certificate and its key, as a server uses them.
#[derive(Clone, Debug)]
pub struct ServerIdentity(pub(super) Arc<ServerConfig>);

impl ServerIdentity {
    fn new(certificate: CertificateDer<'static>, key: Vec<u8>) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().expect("protocol versions");
        let key = PrivateKeyDer::try_from(key).expect("a key in PKCS #8");
        let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key);
        Self(Arc::new(config.expect("a certificate of this key")))
    }
}
