//! What a package's cryptography may be called.

use crate::header::Header;
use crate::header::stanza::StanzaKind;
use crate::suite::{Backend, Suite};

/// How far an implementation may be relied on in the terms of FIPS 140-3. Ordered: the weaker first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Assurance {
    /// An algorithm that no NIST standard approves.
    NotApproved,
    /// An approved algorithm in a module that is not validated.
    ApprovedAlgorithm,
    /// An approved algorithm, run by a validated module through a service it approves.
    ValidatedModule,
}

impl Assurance {
    /// Words for a report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotApproved => "not an approved algorithm",
            Self::ApprovedAlgorithm => "approved algorithm",
            Self::ValidatedModule => "validated module",
        }
    }
}

/// What each part that a package uses amounts to in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageAssurance {
    /// AEAD and key derivation of payload and metadata.
    pub payload: Assurance,
    /// Where data keys and salts come from: the operating system's generator, not a validated module's.
    pub key_generation: Assurance,
    /// The hashes that bind header, context and wrapped keys.
    pub hashes: Assurance,
    /// MAC over the recipient list; absent for blind packages.
    pub recipient_mac: Option<Assurance>,
    /// The signature and its tree hash; absent if the package is not signed.
    pub signature: Option<Assurance>,
    /// The weakest way in which the data key is wrapped here. What a key service does on its side is
    /// for that service to state.
    pub wrapping: Option<Assurance>,
}

impl PackageAssurance {
    /// Assesses a package as this build would process it with `backend`.
    #[must_use]
    pub fn of(header: &Header, backend: Backend) -> Self {
        let core = header.core();
        let authenticated = core.profile == crate::header::core::RecipientProfile::Authenticated;
        Self {
            payload: payload_assurance(header.suite(), backend),
            key_generation: Assurance::ApprovedAlgorithm,
            hashes: Assurance::ApprovedAlgorithm,
            // HMAC, SHA-256 and Ed25519 always run outside the validated module.
            recipient_mac: authenticated.then_some(Assurance::ApprovedAlgorithm),
            signature: core.signer.map(|_| Assurance::ApprovedAlgorithm),
            wrapping: header.stanzas().iter().filter_map(|s| wrapping(s.key_ref().kind())).min(),
        }
    }

    /// The whole is what its weakest part is.
    #[must_use]
    pub fn overall(&self) -> Assurance {
        let Self { payload, key_generation, hashes, recipient_mac, signature, wrapping } = *self;
        let always = [payload, key_generation, hashes].map(Some);
        [always.as_slice(), &[recipient_mac, signature, wrapping]]
            .concat()
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(Assurance::NotApproved)
    }
}

/// AEAD and key derivation of a suite on a backend.
#[must_use]
pub(crate) fn payload_assurance(suite: Suite, backend: Backend) -> Assurance {
    match (suite, backend) {
        (Suite::ChaCha20Poly1305, _) => Assurance::NotApproved,
        (Suite::Aes256Gcm, Backend::RustCrypto) => Assurance::ApprovedAlgorithm,
        #[cfg(feature = "aws-lc")]
        (Suite::Aes256Gcm, Backend::AwsLc) => {
            if validated_module_runs() {
                Assurance::ValidatedModule
            } else {
                Assurance::ApprovedAlgorithm
            }
        }
    }
}

#[cfg(feature = "aws-lc")]
fn validated_module_runs() -> bool {
    cfg!(feature = "fips") && aws_lc_rs::try_fips_mode().is_ok()
}

/// X25519 is not approved for key agreement by SP 800-56A, and X-Wing is still a draft.
fn wrapping(kind: StanzaKind) -> Option<Assurance> {
    match kind {
        StanzaKind::LocalKek => Some(payload_assurance(Suite::Aes256Gcm, Backend::default())),
        StanzaKind::HpkeX25519 | StanzaKind::HpkeXWing | StanzaKind::Unknown(_) => {
            Some(Assurance::NotApproved)
        }
        StanzaKind::AwsKms | StanzaKind::VaultTransit | StanzaKind::Pkcs11 => None,
    }
}
