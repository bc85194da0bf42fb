//! Ed25519 of AWS-LC, which signs in half the time. Keys are made and signatures verified as without it.

use aws_lc_rs::signature::Ed25519KeyPair;

/// A private key; AWS-LC erases the memory that it frees.
pub(super) struct KeyPair(Ed25519KeyPair);

impl KeyPair {
    pub(super) fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).ok()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        self.0.try_sign(message).ok()?.as_ref().try_into().ok()
    }
}

#[test]
fn both_libraries_make_the_same_signatures() {
    use ed25519_dalek::Signer as _;

    use super::EpochKey;

    for number in 0..=255_u8 {
        let key = EpochKey::from_seed(&[number; 32]);
        let message = vec![number; usize::from(number) * 3];
        let fast = key.fast.as_ref().unwrap().sign(&message).unwrap();
        assert_eq!(fast, key.portable.sign(&message).to_bytes());
        assert_eq!(key.sign(&message), fast);
        assert!(key.public().verifies(&message, &fast));
    }
}
