//! What must hold for every key set. Not part of the library: built for tests and with `--cfg fuzzing` only.

#![expect(
    clippy::missing_panics_doc,
    reason = "a target states by panicking that something does not hold"
)]

use super::KeySet;
use crate::authenticate::edits::edited;
use crate::authenticate::token_rules::TokenAlgorithm;

/// A set with a key of each type, and one for encryption.
const VALID: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},{"kty":"OKP","crv":"Ed25519","kid":"b","alg":"EdDSA","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},{"kty":"RSA","kid":"c","use":"enc","n":"AQ","e":"AQAB"}]}"#;

/// A key set: the first byte says whether the rest is one, or edits of a valid one. What is accepted keeps to the
/// limits, reads the same again, and verifies nothing that was not signed.
pub fn policy_key_set(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let bytes = if kind % 2 == 0 { rest.to_vec() } else { edited(VALID.as_bytes(), rest) };
    let Ok(set) = KeySet::parse(&bytes) else { return };
    let names: Vec<_> = set.key_ids().collect();
    assert!((1..=KeySet::MAX_KEYS).contains(&names.len()), "a number of keys");
    let again = KeySet::parse(&bytes);
    assert!(again.is_ok_and(|again| again.key_ids().eq(names.iter().copied())), "another set");
    for name in names {
        assert!((1..=256).contains(&name.len()), "a name");
        let key = set.key(name);
        for algorithm in TokenAlgorithm::ALL {
            let verified = key.map(|key| key.verify(*algorithm, b"message", &vec![0; 64]));
            assert!(verified.is_some_and(|answer| answer.is_err()), "no signature");
        }
    }
}

/// First inputs.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let with = |kind: u8, rest: &[u8]| [&[kind][..], rest].concat();
    vec![
        with(0, VALID.as_bytes()),
        with(0, br#"{"keys":[{"kty":"oct","k":"AA"}]}"#),
        with(0, br#"{"keys":[{"kty":"RSA","kid":"r","n":"AQ","e":"AQAB"}]}"#),
        with(1, &[0, 0, 60, b'd']),
        with(1, &[2, 0, 5, 0]),
    ]
}
