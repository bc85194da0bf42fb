//! Certificates for tests and the fuzzer: Ed25519, made from structs, so that what is wrong can be put in.

#![expect(clippy::unwrap_used, reason = "built for tests and the fuzzer only")]

use std::time::Duration;

use ed25519_dalek::{Signer as _, SigningKey};
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::der::asn1::{BitString, Ia5String, ObjectIdentifier, OctetString};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{DateTime, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, SubjectAltName,
};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

/// `id-kp-clientAuth`.
pub(super) const CLIENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// A key and the name under which it signs.
pub(super) struct Party {
    key: SigningKey,
    name: Name,
}

impl Party {
    pub(super) fn new(seed: u8) -> Self {
        let name = format!("CN=party {seed}").parse().unwrap();
        Self { key: SigningKey::from_bytes(&[seed; 32]), name }
    }

    /// The public key as it stands in certificates.
    pub(super) fn public_key(&self) -> [u8; 32] {
        *self.key.verifying_key().as_bytes()
    }

    /// A certificate of `subject` that this party signs.
    pub(super) fn certify(&self, subject: &Self, plan: &Plan) -> Vec<u8> {
        let tbs = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&[plan.serial]).unwrap(),
            signature: algorithm(),
            issuer: self.name.clone(),
            validity: Validity { not_before: time(plan.from), not_after: time(plan.until) },
            subject: subject.name.clone(),
            subject_public_key_info: SubjectPublicKeyInfoOwned {
                algorithm: algorithm(),
                subject_public_key: bits(subject.key.verifying_key().as_bytes()),
            },
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(plan.extensions()),
        };
        let signature = bits(&self.key.sign(&tbs.to_der().unwrap()).to_bytes());
        let signed =
            Certificate { tbs_certificate: tbs, signature_algorithm: algorithm(), signature };
        signed.to_der().unwrap()
    }

    /// A list of this party's certificates that are revoked.
    pub(super) fn revoke(&self, serials: &[u8], from: u64, until: u64) -> Vec<u8> {
        let revoked = |serial: &u8| RevokedCert {
            serial_number: SerialNumber::new(&[*serial]).unwrap(),
            revocation_date: time(from),
            crl_entry_extensions: None,
        };
        let revoked: Vec<_> = serials.iter().map(revoked).collect();
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new([1; 20]).unwrap()),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        };
        let number = CrlNumber(x509_cert::der::asn1::Uint::new(&[1]).unwrap());
        let tbs = TbsCertList {
            version: Version::V2,
            signature: algorithm(),
            issuer: self.name.clone(),
            this_update: time(from),
            next_update: Some(time(until)),
            revoked_certificates: (!revoked.is_empty()).then_some(revoked),
            crl_extensions: Some(vec![extension(&authority, false), extension(&number, false)]),
        };
        let signature = bits(&self.key.sign(&tbs.to_der().unwrap()).to_bytes());
        let signed =
            CertificateList { tbs_cert_list: tbs, signature_algorithm: algorithm(), signature };
        signed.to_der().unwrap()
    }
}

/// What stands in a certificate.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) serial: u8,
    /// Seconds since 1970.
    pub(super) from: u64,
    pub(super) until: u64,
    pub(super) is_authority: bool,
    pub(super) usage: Option<Vec<ObjectIdentifier>>,
    pub(super) names: Vec<GeneralName>,
}

impl Plan {
    fn extensions(&self) -> Extensions {
        let constraints = BasicConstraints { ca: self.is_authority, path_len_constraint: None };
        let mut extensions = vec![extension(&constraints, true)];
        if let Some(usage) = &self.usage {
            extensions.push(extension(&ExtendedKeyUsage(usage.clone()), false));
        }
        if !self.names.is_empty() {
            extensions.push(extension(&SubjectAltName(self.names.clone()), false));
        }
        extensions
    }
}

pub(super) fn uri(text: &str) -> GeneralName {
    GeneralName::UniformResourceIdentifier(Ia5String::new(text).unwrap())
}

fn extension<E: Encode + AssociatedOid>(value: &E, critical: bool) -> Extension {
    let extn_value = OctetString::new(value.to_der().unwrap()).unwrap();
    Extension { extn_id: E::OID, critical, extn_value }
}

fn algorithm() -> AlgorithmIdentifierOwned {
    let oid = ObjectIdentifier::new_unwrap("1.3.101.112");
    AlgorithmIdentifierOwned { oid, parameters: None }
}

fn bits(bytes: &[u8]) -> BitString {
    BitString::from_bytes(bytes).unwrap()
}

fn time(seconds: u64) -> Time {
    let at = DateTime::from_unix_duration(Duration::from_secs(seconds)).unwrap();
    Time::UtcTime(x509_cert::der::asn1::UtcTime::from_date_time(at).unwrap())
}
