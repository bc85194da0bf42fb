//! What all shares of a set have in common.
//!
//! ```text
//! head = set(16) ‖ kind u8 (1 X25519, 2 X-Wing) ‖ needed u8 ‖ count u8 ‖ created u64 ‖ fingerprint(32)
//!        ‖ commitment(16) for each share
//! fingerprint = SHA-256(public key as a string)
//! commitment = first 16 bytes of SHA-256("medsec/emergency-share/v1/commitment" ‖ 0 ‖ set ‖ index u8 ‖ secret(32))
//! ```

use medsec_crypto::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{ShareScheme, ShareSecret};
use crate::name::EmergencySetId;
use crate::public_key::{KeyKind, PublicKey};
use crate::utc::UtcTime;

const COMMITMENT: &[u8] = b"medsec/emergency-share/v1/commitment\0";
pub(super) const COMMITMENT_LEN: usize = 16;
const FINGERPRINT_LEN: usize = 32;

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) set: EmergencySetId,
    pub(super) scheme: ShareScheme,
    pub(super) kind: KeyKind,
    pub(super) created_at: UtcTime,
    pub(super) fingerprint: [u8; FINGERPRINT_LEN],
    // INVARIANT: as many as the scheme counts.
    commitments: Vec<[u8; COMMITMENT_LEN]>,
}

impl Head {
    pub(super) fn new(
        set: EmergencySetId,
        scheme: ShareScheme,
        public_key: &PublicKey,
        created_at: UtcTime,
        secrets: &[ShareSecret],
    ) -> Self {
        let commitments =
            (1..).zip(secrets).map(|(index, secret)| commitment(set, index, secret)).collect();
        let (kind, fingerprint) = (public_key.kind(), fingerprint(public_key));
        Self { set, scheme, kind, created_at, fingerprint, commitments }
    }

    /// As read from a file that states the public key itself; none if the commitments are not as many as the shares.
    pub(super) fn of_file(
        set: EmergencySetId,
        scheme: ShareScheme,
        public_key: &PublicKey,
        created_at: UtcTime,
        commitments: &[u8],
    ) -> Option<Self> {
        let commitments = split_commitments(scheme, commitments)?;
        let (kind, fingerprint) = (public_key.kind(), fingerprint(public_key));
        Some(Self { set, scheme, kind, created_at, fingerprint, commitments })
    }

    pub(super) fn commitments(&self) -> &[[u8; COMMITMENT_LEN]] {
        &self.commitments
    }

    /// Whether the secret is that of share number `index`.
    pub(super) fn fits(&self, index: u8, secret: &ShareSecret) -> bool {
        let at = usize::from(index).checked_sub(1);
        at.and_then(|at| self.commitments.get(at))
            .is_some_and(|stated| *stated == commitment(self.set, index, secret))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let kind = if self.kind == KeyKind::XWing { 2 } else { 1 };
        let numbers = [kind, self.scheme.needed, self.scheme.count];
        let created = self.created_at.timestamp().unix_seconds().to_be_bytes();
        let fixed: [&[u8]; 4] = [self.set.as_bytes(), &numbers, &created, &self.fingerprint];
        [fixed.concat(), self.commitments.concat()].concat()
    }

    /// Decodes a head that takes up the start of `bytes`, and what follows it.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (set, rest) = bytes.split_first_chunk()?;
        let (&[kind, needed, count], rest) = rest.split_first_chunk()?;
        let (created, rest) = rest.split_first_chunk()?;
        let (fingerprint, rest) = rest.split_first_chunk()?;
        let kind = match kind {
            1 => KeyKind::X25519,
            2 => KeyKind::XWing,
            _ => return None,
        };
        let scheme = ShareScheme::new(needed, count).ok()?;
        let created = Timestamp::from_unix_seconds(u64::from_be_bytes(*created));
        let created_at = UtcTime::from(created);
        // A year beyond 9999 would read as another.
        (created_at.timestamp() == created).then_some(())?;
        let len = usize::from(count).checked_mul(COMMITMENT_LEN)?;
        let (commitments, rest) = rest.split_at_checked(len)?;
        let commitments = split_commitments(scheme, commitments)?;
        let set = EmergencySetId::from_bytes(*set);
        Some((Self { set, scheme, kind, created_at, fingerprint: *fingerprint, commitments }, rest))
    }
}

fn split_commitments(scheme: ShareScheme, bytes: &[u8]) -> Option<Vec<[u8; COMMITMENT_LEN]>> {
    let (commitments, rest) = bytes.as_chunks();
    let all = commitments.len() == usize::from(scheme.count) && rest.is_empty();
    all.then(|| commitments.to_vec())
}

pub(super) fn fingerprint(public_key: &PublicKey) -> [u8; FINGERPRINT_LEN] {
    Sha256::digest(public_key.to_string()).into()
}

fn commitment(set: EmergencySetId, index: u8, secret: &ShareSecret) -> [u8; COMMITMENT_LEN] {
    let digest = Sha256::new().chain_update(COMMITMENT).chain_update(set.as_bytes());
    let digest: [u8; 32] = digest.chain_update([index]).chain_update(**secret).finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}
