//! The authority's certificate: found in the token, for time stamps only, from one of the roots.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::{TimeStampError, TimeStampRoots};

/// id-kp-timeStamping, as DER without tag and length, and as text.
const TIME_STAMPING: [u8; 8] = [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
const TIME_STAMPING_TEXT: &str = "1.3.6.1.5.5.7.3.8";
/// id-ce-extKeyUsage.
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";

/// Verifies that `signer` is a certificate for time stamps only, and that it came from one of the roots, all valid at
/// the time.
pub(super) fn verify(
    signer: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &TimeStampRoots,
    time: Duration,
) -> Result<(), TimeStampError> {
    if !is_for_time_stamps(signer).unwrap_or(false) {
        return Err(TimeStampError::Untrusted);
    }
    let end = EndEntityCert::try_from(signer).map_err(|_| TimeStampError::Untrusted)?;
    let (anchors, usage) = (roots.at(time), KeyUsage::required(&TIME_STAMPING));
    let time = UnixTime::since_unix_epoch(time);
    end.verify_for_usage(ALL_VERIFICATION_ALGS, &anchors, others, time, usage, None, None)
        .map(|_| ())
        .map_err(|_| TimeStampError::Untrusted)
}

/// RFC 3161, section 2.3: extended key usage is critical and has this one purpose.
fn is_for_time_stamps(certificate: &CertificateDer<'_>) -> Option<bool> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let extensions = certificate.tbs_certificate.extensions?;
    let usage = extensions.iter().find(|e| e.extn_id.to_string() == EXTENDED_KEY_USAGE)?;
    let purposes = ExtendedKeyUsage::from_der(usage.extn_value.as_bytes()).ok()?.0;
    let only = purposes.iter().all(|purpose| purpose.to_string() == TIME_STAMPING_TEXT);
    Some(usage.critical && only && !purposes.is_empty())
}

/// Issuer and serial number in DER, as a token names its signer; without tag and length of the sequence.
pub(super) fn issuer_and_serial(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let certificate = Certificate::from_der(certificate).ok()?.tbs_certificate;
    let issuer = certificate.issuer.to_der().ok()?;
    Some([issuer, certificate.serial_number.to_der().ok()?].concat())
}
