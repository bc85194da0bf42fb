//! One public key.

use jsonwebtoken::DecodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;

use crate::authenticate::RefusedBecause;
use crate::authenticate::token_rules::TokenAlgorithm;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// A public key that verifies tokens.
#[derive(Clone, Debug)]
pub(crate) struct TokenKey {
    pub(crate) kind: KeyType,
    /// The one algorithm it is for, if the set says so.
    pub(crate) algorithm: Option<TokenAlgorithm>,
    pub(crate) key: DecodingKey,
}

impl TokenKey {
    /// Verifies a signature. The library is asked for its own back end and not for the one that some other part of
    /// the program may have installed for all.
    pub(crate) fn verify(
        &self,
        algorithm: TokenAlgorithm,
        message: &[u8],
        signature: &Vec<u8>,
    ) -> Result<(), RefusedBecause> {
        if !self.is_for(algorithm) {
            return Err(RefusedBecause::KeyMismatch);
        }
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm.library(), &self.key);
        let verifier = verifier.map_err(|_| RefusedBecause::KeyMismatch)?;
        verifier.verify(message, signature).map_err(|_| RefusedBecause::Signature)
    }

    /// The token does not choose: the key's type does, and what the set says of it.
    fn is_for(&self, algorithm: TokenAlgorithm) -> bool {
        use TokenAlgorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let fits = match algorithm {
            Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512 => self.kind == KeyType::Rsa,
            Es256 => self.kind == KeyType::P256,
            Es384 => self.kind == KeyType::P384,
            EdDsa => self.kind == KeyType::Ed25519,
        };
        fits && self.algorithm.is_none_or(|only| only == algorithm)
    }
}
