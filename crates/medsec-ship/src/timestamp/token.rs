//! TimeStampToken: a CMS SignedData with one signer (RFC 5652) over a TSTInfo (RFC 3161), whose signed attributes name
//! the signer's certificate (RFC 5816).

use std::time::Duration;

use medsec_audit::LogTime;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use webpki::{EndEntityCert, aws_lc_rs};

use super::certificate::{self, issuer_and_serial};
use super::der::{INTEGER, OCTET_STRING, OID, Parts, SEQUENCE, SET, Value, algorithm, tagged};
use super::info::Info;
use super::{TimeStampError, TimeStampRoots};

/// Object identifiers, as DER without tag and length.
pub(super) const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02];
const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
const TST_INFO: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x04];
const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
const SIGNING_CERTIFICATE_V2: &[u8] =
    &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x02, 0x2F];
/// Most certificates of a token that are looked at.
const MAX_CERTIFICATES: usize = 16;

/// A token that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStamp {
    time: LogTime,
    nonce: Option<Vec<u8>>,
}

/// A token, taken apart.
struct Token<'a> {
    /// TSTInfo.
    content: &'a [u8],
    certificates: Vec<CertificateDer<'a>>,
    signer: Signer<'a>,
}

/// The one SignerInfo.
struct Signer<'a> {
    id: Value<'a>,
    digest: &'a [u8],
    attributes: Value<'a>,
    signature: &'a [u8],
}

impl TimeStamp {
    /// Verifies a token (DER, a `ContentInfo`) over `bytes`: what was stamped, the signature, and that the signer's
    /// certificate was good for time stamps, at the time that the token says.
    ///
    /// # Errors
    /// [`TimeStampError`]; the token then shows nothing.
    pub fn verify(
        token: &[u8],
        bytes: &[u8],
        roots: &TimeStampRoots,
    ) -> Result<Self, TimeStampError> {
        let token = Token::read(token)?;
        let info = Info::read(token.content)?;
        if info.digest != &Sha256::digest(bytes)[..] {
            return Err(TimeStampError::OtherBytes);
        }
        let at = token.signing_certificate()?;
        let mut others = token.certificates.clone();
        let certificate = others.swap_remove(at);
        token.signer.verify(&certificate)?;
        let time = Duration::from_millis(info.time.unix_millis());
        certificate::verify(&certificate, &others, roots, Duration::from_secs(time.as_secs()))?;
        Ok(Self { time: info.time, nonce: info.nonce.map(<[u8]>::to_vec) })
    }

    /// When the authority saw the bytes, by its clock.
    #[must_use]
    pub const fn time(&self) -> LogTime {
        self.time
    }

    /// The nonce of the request, as the content of a DER integer.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

impl<'a> Token<'a> {
    fn read(token: &'a [u8]) -> Result<Self, TimeStampError> {
        let mut outer = Parts::only(token, SEQUENCE)?;
        if outer.value(OID)?.content != SIGNED_DATA {
            return Err(TimeStampError::Malformed);
        }
        let mut data = Parts::only(outer.value(tagged(0))?.content, SEQUENCE)?;
        data.value(INTEGER)?;
        data.value(SET)?;
        let content = content(data.parts(SEQUENCE)?)?;
        let certificates = data.value(tagged(0))?.content;
        data.optional(tagged(1))?;
        let mut signers = data.parts(SET)?;
        let signer = Signer::read(signers.parts(SEQUENCE)?)?;
        // RFC 3161, section 2.4.2: nobody signs but the authority.
        signers.end()?;
        data.end()?;
        let signer = signer.checked(content)?;
        Ok(Self { content, certificates: self::certificates(certificates)?, signer })
    }

    /// Which certificate the signer says is its own: by hash, among the signed attributes, so that no other can be
    /// put in its place; and by issuer and number.
    fn signing_certificate(&self) -> Result<usize, TimeStampError> {
        let attribute = self.signer.attribute(SIGNING_CERTIFICATE_V2)?;
        let mut first = Parts::only(attribute, SEQUENCE)?.parts(SEQUENCE)?.parts(SEQUENCE)?;
        let digest = match first.optional(SEQUENCE)? {
            Some(named) => Parts::of(named.content)?.value(OID)?.content,
            None => SHA_256,
        };
        let hash = first.value(OCTET_STRING)?.content;
        let same = |certificate: &CertificateDer<'_>| {
            hashed(digest, certificate).is_ok_and(|found| found == hash)
        };
        let at = self.certificates.iter().position(same).ok_or(TimeStampError::NotAuthentic)?;
        let certificate = self.certificates.get(at).ok_or(TimeStampError::NotAuthentic)?;
        let named = self.signer.id.whole.first() != Some(&SEQUENCE)
            || issuer_and_serial(certificate).as_deref() == Some(self.signer.id.content);
        named.then_some(at).ok_or(TimeStampError::NotAuthentic)
    }
}

impl<'a> Signer<'a> {
    fn read(mut parts: Parts<'a>) -> Result<Self, TimeStampError> {
        parts.value(INTEGER)?;
        let id = parts.any()?;
        let digest = algorithm(&mut parts)?;
        let attributes = parts.value(tagged(0))?;
        parts.value(SEQUENCE)?;
        let signature = parts.value(OCTET_STRING)?.content;
        parts.optional(tagged(1))?;
        parts.end()?;
        Ok(Self { id, digest, attributes, signature })
    }

    /// The attributes must say that they are of this content.
    fn checked(self, content: &[u8]) -> Result<Self, TimeStampError> {
        let kind = self.attribute(CONTENT_TYPE)?;
        let digest = self.attribute(MESSAGE_DIGEST)?;
        let mut kind = Parts::of(kind)?;
        let mut digest = Parts::of(digest)?;
        let fits = kind.value(OID)?.content == TST_INFO
            && digest.value(OCTET_STRING)?.content == hashed(self.digest, content)?;
        fits.then_some(self).ok_or(TimeStampError::NotAuthentic)
    }

    /// The only value of the only attribute of this type.
    fn attribute(&self, wanted: &[u8]) -> Result<&'a [u8], TimeStampError> {
        let (mut attributes, mut found) = (Parts::of(self.attributes.content)?, None);
        while !attributes.is_empty() {
            let mut attribute = attributes.parts(SEQUENCE)?;
            if attribute.value(OID)?.content == wanted {
                let mut values = attribute.parts(SET)?;
                let value = values.any()?.whole;
                values.end()?;
                if found.replace(value).is_some() {
                    return Err(TimeStampError::Malformed);
                }
            }
        }
        found.ok_or(TimeStampError::Malformed)
    }

    /// The signature is over the attributes as a SET: their tag in the token is another.
    fn verify(&self, certificate: &CertificateDer<'_>) -> Result<(), TimeStampError> {
        let certificate =
            EndEntityCert::try_from(certificate).map_err(|_| TimeStampError::NotAuthentic)?;
        let rest = self.attributes.whole.get(1..).ok_or(TimeStampError::Malformed)?;
        let message = [&[SET], rest].concat();
        let verifies = |algorithm: &&dyn SignatureVerificationAlgorithm| {
            certificate.verify_signature(*algorithm, &message, self.signature).is_ok()
        };
        let algorithms = algorithms(self.digest)?;
        algorithms.iter().any(verifies).then_some(()).ok_or(TimeStampError::NotAuthentic)
    }
}

/// EncapsulatedContentInfo: the bytes of the TSTInfo.
fn content(mut parts: Parts<'_>) -> Result<&[u8], TimeStampError> {
    if parts.value(OID)?.content != TST_INFO {
        return Err(TimeStampError::Malformed);
    }
    let mut explicit = parts.parts(tagged(0))?;
    let content = explicit.value(OCTET_STRING)?.content;
    explicit.end()?;
    parts.end()?;
    Ok(content)
}

fn certificates(set: &[u8]) -> Result<Vec<CertificateDer<'_>>, TimeStampError> {
    let (mut parts, mut certificates) = (Parts::of(set)?, Vec::new());
    while !parts.is_empty() {
        if certificates.len() >= MAX_CERTIFICATES {
            return Err(TimeStampError::Malformed);
        }
        certificates.push(CertificateDer::from(parts.value(SEQUENCE)?.whole));
    }
    Ok(certificates)
}

fn hashed(digest: &[u8], bytes: &[u8]) -> Result<Vec<u8>, TimeStampError> {
    match digest {
        SHA_256 => Ok(Sha256::digest(bytes).to_vec()),
        SHA_384 => Ok(Sha384::digest(bytes).to_vec()),
        SHA_512 => Ok(Sha512::digest(bytes).to_vec()),
        _ => Err(TimeStampError::Algorithm),
    }
}

/// What a signer with this digest may have signed with; the key of the certificate decides which.
fn algorithms(
    digest: &[u8],
) -> Result<[&'static dyn SignatureVerificationAlgorithm; 4], TimeStampError> {
    match digest {
        SHA_256 => Ok([
            aws_lc_rs::RSA_PKCS1_2048_8192_SHA256,
            aws_lc_rs::ECDSA_P256_SHA256,
            aws_lc_rs::ECDSA_P384_SHA256,
            aws_lc_rs::ECDSA_P521_SHA256,
        ]),
        SHA_384 => Ok([
            aws_lc_rs::RSA_PKCS1_2048_8192_SHA384,
            aws_lc_rs::ECDSA_P256_SHA384,
            aws_lc_rs::ECDSA_P384_SHA384,
            aws_lc_rs::ECDSA_P521_SHA384,
        ]),
        SHA_512 => Ok([
            aws_lc_rs::RSA_PKCS1_2048_8192_SHA512,
            aws_lc_rs::ECDSA_P256_SHA512,
            aws_lc_rs::ECDSA_P384_SHA512,
            aws_lc_rs::ECDSA_P521_SHA512,
        ]),
        _ => Err(TimeStampError::Algorithm),
    }
}
