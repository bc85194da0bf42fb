//! From the peer's certificate to a trusted root (RFC 5280 section 6).

use std::fmt;
use std::time::SystemTime;

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder, aws_lc_rs as algorithms,
};

use super::CertificateSetupError;
use crate::authenticate::RefusedBecause;

/// Signatures that count: no SHA-1, no RSA below 2048 bits.
static ALGORITHMS: [&dyn SignatureVerificationAlgorithm; 11] = [
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Whether revoked certificates are refused.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum Revocation {
    /// They are not: for authorities whose certificates live for hours.
    Unchecked,
    /// By these lists, in DER. A certificate on the path that no current list speaks of is refused.
    Lists(Vec<Vec<u8>>),
}

impl fmt::Debug for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchecked => f.write_str("Unchecked"),
            Self::Lists(lists) => write!(f, "Lists({})", lists.len()),
        }
    }
}

/// What leads to trust.
pub(super) struct Path {
    anchors: Vec<TrustAnchor<'static>>,
    /// None, if revocation is not checked.
    lists: Option<Vec<CertRevocationList<'static>>>,
}

impl Path {
    pub(super) fn new(
        roots: &[Vec<u8>],
        revocation: &Revocation,
    ) -> Result<Self, CertificateSetupError> {
        let anchor = |der: &Vec<u8>| {
            let der = CertificateDer::from(der.as_slice());
            webpki::anchor_from_trusted_cert(&der).map(|anchor| anchor.to_owned())
        };
        let anchors: Result<Vec<_>, _> = roots.iter().map(anchor).collect();
        let anchors = anchors.ok().filter(|anchors| !anchors.is_empty());
        let anchors = anchors.ok_or(CertificateSetupError::Root)?;
        let lists = match revocation {
            Revocation::Unchecked => None,
            Revocation::Lists(lists) => Some(read_lists(lists)?),
        };
        Ok(Self { anchors, lists })
    }

    /// Verifies that `leaf` is a client's, valid at `now` and issued under a trusted root.
    pub(super) fn verify(
        &self,
        leaf: &[u8],
        others: &[&[u8]],
        now: SystemTime,
    ) -> Result<(), RefusedBecause> {
        let leaf = CertificateDer::from(leaf);
        let leaf = EndEntityCert::try_from(&leaf).map_err(|_| RefusedBecause::CertificateForm)?;
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from(*der)).collect();
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_err(|_| RefusedBecause::ClockUnreadable)?;
        let lists: Vec<_> = self.lists.iter().flatten().collect();
        let revocation = match self.lists {
            None => None,
            Some(_) => {
                let options = RevocationOptionsBuilder::new(&lists);
                let options = options.map_err(|_| RefusedBecause::RevocationUnknown)?;
                // The rest is as strict as it gets without being asked: the whole path, unknown is refused.
                Some(options.with_expiration_policy(ExpirationPolicy::Enforce).build())
            }
        };
        let path = leaf.verify_for_usage(
            &ALGORITHMS,
            &self.anchors,
            &others,
            UnixTime::since_unix_epoch(now),
            KeyUsage::client_auth(),
            revocation,
            None,
        );
        path.map(|_| ()).map_err(|error| reason(&error))
    }
}

fn read_lists(
    lists: &[Vec<u8>],
) -> Result<Vec<CertRevocationList<'static>>, CertificateSetupError> {
    let read = |der: &Vec<u8>| OwnedCertRevocationList::from_der(der).map(CertRevocationList::from);
    let lists: Result<Vec<_>, _> = lists.iter().map(read).collect();
    let lists = lists.ok().filter(|lists| !lists.is_empty());
    lists.ok_or(CertificateSetupError::RevocationList)
}

fn reason(error: &Error) -> RefusedBecause {
    match error {
        Error::CertExpired { .. } => RefusedBecause::CertificateExpired,
        Error::CertNotValidYet { .. } => RefusedBecause::CertificateNotYetValid,
        Error::CertRevoked => RefusedBecause::CertificateRevoked,
        Error::UnknownRevocationStatus
        | Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner => RefusedBecause::RevocationUnknown,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            RefusedBecause::CertificateUsage
        }
        _ => RefusedBecause::CertificateUntrusted,
    }
}
