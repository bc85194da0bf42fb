//! Who may change a store: a chain that starts with its founding and that every state carries whole.
//!
//! ```text
//! digest(0) = SHA-256("medsec/key-store-founding/v1" ‖ 0 ‖ nonce(16) ‖ keys)
//! digest(n) = SHA-256("medsec/key-store-administrators/v1" ‖ 0 ‖ digest(n−1) ‖ since u64 ‖ keys)
//! keys      = count u16 ‖ Ed25519 public keys in ascending order
//! store id  = first 16 bytes of digest(0)
//! ```
//!
//! Each step names who signed it, with the label of its digest: a key of the step before it; the first a key
//! of its own. So whoever knows a store's id, which every package sealed under it names, can tell who may
//! sign its state, and no key server is asked.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use medsec_crypto::{RandomError, SigningKey, VerifyingKey};

use crate::name::{Digest, StoreId, random};
use crate::public_key::PublicKey;
use crate::text_value::Base64;

const FOUNDING: &str = "key-store-founding/v1";
const CHANGE: &str = "key-store-administrators/v1";
const NONCE_LEN: usize = 16;
/// Most administrators at a time.
pub(super) const MAX_ADMINISTRATORS: usize = 64;
/// Most changes of administrators in a store's life.
pub(super) const MAX_STEPS: usize = 16_384;

/// A set of administrators and the generation from which it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    since: u64,
    /// Random in the first step, absent in the others.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nonce: Option<Base64>,
    keys: Vec<PublicKey>,
    signed_by: PublicKey,
    signature: Base64,
}

impl Step {
    /// The first step of a new store.
    pub(super) fn found(signer: &SigningKey) -> Result<Self, RandomError> {
        let nonce = random::<NONCE_LEN>()?.to_vec();
        let keys = vec![PublicKey::from(signer.verifying_key())];
        let signed_by = PublicKey::from(signer.verifying_key());
        let signature = Base64(Vec::new());
        let mut step = Self { since: 1, nonce: Some(Base64(nonce)), keys, signed_by, signature };
        step.sign(None, signer);
        Ok(step)
    }

    /// The step after the last of `steps`.
    pub(super) fn next(
        steps: &[Self],
        since: u64,
        mut keys: Vec<PublicKey>,
        signer: &SigningKey,
    ) -> Self {
        keys.sort_by_key(|key| key.as_signer().map(|key| *key.as_bytes()));
        let signed_by = PublicKey::from(signer.verifying_key());
        let mut step = Self { since, nonce: None, keys, signed_by, signature: Base64(Vec::new()) };
        step.sign(head(steps), signer);
        step
    }

    fn sign(&mut self, before: Option<Digest>, signer: &SigningKey) {
        let digest = self.digest(before);
        self.signature = Base64(signer.sign_labelled(self.label(), digest.as_bytes()).to_vec());
    }

    const fn label(&self) -> &'static str {
        if self.nonce.is_some() { FOUNDING } else { CHANGE }
    }

    pub(super) fn names(&self, key: &PublicKey) -> bool {
        self.keys.contains(key)
    }

    pub(super) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    pub(super) const fn since(&self) -> u64 {
        self.since
    }

    fn digest(&self, before: Option<Digest>) -> Digest {
        let mut hash = Sha256::new_with_prefix("medsec/").chain_update(self.label());
        hash.update([0]);
        if let Some(nonce) = &self.nonce {
            hash.update(&nonce.0);
        }
        if let Some(before) = before {
            hash.update(before.as_bytes());
            hash.update(self.since.to_be_bytes());
        }
        let count = u16::try_from(self.keys.len()).unwrap_or(u16::MAX);
        hash.update(count.to_be_bytes());
        self.keys.iter().filter_map(PublicKey::as_signer).for_each(|key| {
            hash.update(key.as_bytes());
        });
        Digest::from_bytes(hash.finalize().into())
    }

    /// Whether the step is well formed by itself.
    fn is_sound(&self, first: bool) -> bool {
        let nonce = self.nonce.as_ref().map(|nonce| nonce.0.len());
        let keys: Option<Vec<_>> =
            self.keys.iter().map(|key| key.as_signer().map(VerifyingKey::as_bytes)).collect();
        let ordered = keys.is_some_and(|keys| keys.is_sorted_by(|a, b| a < b));
        let bounded = (1..=MAX_ADMINISTRATORS).contains(&self.keys.len());
        nonce == first.then_some(NONCE_LEN) && ordered && bounded
    }

    fn is_signed_by(&self, keys: &[PublicKey], digest: &Digest) -> bool {
        let Ok(signature) = self.signature.0.as_slice().try_into() else {
            return false;
        };
        // Named, so that a hostile chain costs its reader one verification a step, and not one for each key.
        let signer = keys.iter().find(|key| **key == self.signed_by).and_then(PublicKey::as_signer);
        signer.is_some_and(|key| {
            key.verify_labelled(self.label(), digest.as_bytes(), signature).is_ok()
        })
    }
}

/// The id of the store that `steps` founded, if every step follows from the one before it.
pub(super) fn verify(steps: &[Step]) -> Option<StoreId> {
    if steps.len() > MAX_STEPS {
        return None;
    }
    let mut before: Option<(Digest, &Step)> = None;
    let mut founded = None;
    for step in steps {
        let digest = step.digest(before.map(|(digest, _)| digest));
        let signers = before.map_or(step.keys(), |(_, before)| before.keys());
        let later = before.map_or(step.since == 1, |(_, before)| step.since > before.since);
        if !later || !step.is_sound(before.is_none()) || !step.is_signed_by(signers, &digest) {
            return None;
        }
        founded = founded.or_else(|| digest.as_bytes().first_chunk().copied());
        before = Some((digest, step));
    }
    founded.map(StoreId::from_bytes)
}

/// Digest of the last of `steps`.
pub(super) fn head(steps: &[Step]) -> Option<Digest> {
    steps.iter().fold(None, |before, step| Some(step.digest(before)))
}
