//! An authority of the tests' own, and certificates of it for servers: right, of another name, expired.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use x509_cert::der::asn1::{BitString, Ia5String, ObjectIdentifier, OctetString, UtcTime};
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{DateTime, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, SubjectAltName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

const AUTHORITY: [u8; 32] = [1; 32];
const SERVER: [u8; 32] = [2; 32];
const HOUR: Duration = Duration::from_secs(3600);

/// What stands before the seed in PKCS #8 (RFC 8410 section 7).
const PKCS8: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/// The authority's certificate in DER.
pub(super) fn authority() -> Vec<u8> {
    authority_of(AUTHORITY)
}

/// One that no server of these tests has its certificate from.
pub(super) fn other_authority() -> Vec<u8> {
    authority_of([9; 32])
}

fn authority_of(seed: [u8; 32]) -> Vec<u8> {
    let now = SystemTime::now();
    let constraints = BasicConstraints { ca: true, path_len_constraint: None };
    certificate(seed, seed, (now - HOUR, now + HOUR), extension(&constraints, true))
}

/// A server's certificate and key, for this name, until an hour from now.
pub(super) fn server(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let now = SystemTime::now();
    server_until(name, now - HOUR, now + HOUR)
}

/// One that was good until an hour ago.
pub(super) fn expired(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let now = SystemTime::now();
    server_until(name, now - HOUR * 3, now - HOUR)
}

fn server_until(
    name: &str,
    from: SystemTime,
    until: SystemTime,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let names = SubjectAltName(vec![GeneralName::DnsName(Ia5String::new(name).unwrap())]);
    let certificate = certificate(AUTHORITY, SERVER, (from, until), extension(&names, false));
    let key = PrivatePkcs8KeyDer::from([&PKCS8[..], &SERVER[..]].concat());
    (CertificateDer::from(certificate), PrivateKeyDer::from(key))
}

fn certificate(
    issuer: [u8; 32],
    subject: [u8; 32],
    (from, until): (SystemTime, SystemTime),
    extension: Extension,
) -> Vec<u8> {
    let public = *SigningKey::from_bytes(&subject).verifying_key().as_bytes();
    let name = |seed: [u8; 32]| format!("CN=party {}", seed[0]).parse().unwrap();
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&[subject[0]]).unwrap(),
        signature: algorithm(),
        issuer: name(issuer),
        validity: Validity { not_before: time(from), not_after: time(until) },
        subject: name(subject),
        subject_public_key_info: SubjectPublicKeyInfoOwned {
            algorithm: algorithm(),
            subject_public_key: BitString::from_bytes(&public).unwrap(),
        },
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(vec![extension]),
    };
    let signature = SigningKey::from_bytes(&issuer).sign(&tbs.to_der().unwrap()).to_bytes();
    let signature = BitString::from_bytes(&signature).unwrap();
    let signed = Certificate { tbs_certificate: tbs, signature_algorithm: algorithm(), signature };
    signed.to_der().unwrap()
}

fn extension<E: Encode + AssociatedOid>(value: &E, critical: bool) -> Extension {
    let extn_value = OctetString::new(value.to_der().unwrap()).unwrap();
    Extension { extn_id: E::OID, critical, extn_value }
}

fn algorithm() -> AlgorithmIdentifierOwned {
    let oid = ObjectIdentifier::new_unwrap("1.3.101.112");
    AlgorithmIdentifierOwned { oid, parameters: None }
}

fn time(at: SystemTime) -> Time {
    let at = at.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let at = DateTime::from_unix_duration(Duration::from_secs(at)).unwrap();
    Time::UtcTime(UtcTime::from_date_time(at).unwrap())
}
