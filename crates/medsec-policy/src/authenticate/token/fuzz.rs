//! What must hold for every token. Not part of the library: built for tests and with `--cfg fuzzing` only.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::{ReplayGuard, TokenAuthenticator, TokenRules, TokenSetup};
use crate::authenticate::edits::edited;
use crate::authenticate::key_set::{FixedKeySet, KeySet};
use crate::authenticate::testing::{HandClock, T0};
use crate::authenticate::{Authenticator as _, RefusedBecause, reserved};

const HEADER: &str = r#"{"alg":"EdDSA","kid":"k","typ":"JWT"}"#;
const ISSUER: &str = "https://idp.example";

/// A token: the first byte says whether the rest is one, edits of a valid one, or the claims or the header of one
/// that is signed. Nothing but the valid one is accepted unless we sign it, and nothing is accepted twice.
pub fn policy_token(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let judge = judge();
    let good = signed(HEADER.as_bytes(), claims("ann", 1).as_bytes());
    match kind % 4 {
        0 => assert!(judge.authenticate(rest).is_err() || rest == good, "a token of its own"),
        1 => {
            let token = edited(&good, rest);
            assert!(judge.authenticate(&token).is_ok() == (token == good), "an edited token");
        }
        2 => judge_signed(&judge, &signed(HEADER.as_bytes(), rest)),
        _ => judge_signed(&judge, &signed(rest, claims("ann", 1).as_bytes())),
    }
}

fn judge_signed(judge: &TokenAuthenticator, token: &[u8]) {
    let Ok(principal) = judge.authenticate(token) else { return };
    assert!(reserved::check(&principal.id).is_ok(), "a reserved name");
    assert!(principal.groups.len() <= 4, "too many groups");
    let again = judge.authenticate(token).unwrap_err();
    assert!(again.reason() == RefusedBecause::Replayed, "used twice");
}

/// First inputs.
#[cfg(test)]
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let good = signed(HEADER.as_bytes(), claims("ann", 1).as_bytes());
    let short = br#"{"iss":"https://idp.example","aud":["medsec"]}"#;
    let with = |kind: u8, rest: &[u8]| [&[kind][..], rest].concat();
    vec![
        with(0, &good),
        with(0, b"e30.e30.AA"),
        with(1, &[0, 0, 40, b'A']),
        with(1, &[3, 1, 0, 0]),
        with(2, claims("ann", 1).as_bytes()),
        with(2, claims("admin", 1).as_bytes()),
        with(2, short),
        with(3, HEADER.as_bytes()),
        with(3, br#"{"alg":"none","kid":"k","typ":"JWT","crit":["exp"]}"#),
    ]
}

/// Tokens for the suite that all authenticators pass.
#[cfg(test)]
pub(crate) struct Examples {
    pub(crate) good: Vec<Vec<u8>>,
    pub(crate) bad: Vec<Vec<u8>>,
}

#[cfg(test)]
impl Examples {
    pub(crate) fn new() -> Self {
        let token = |subject: &str, id| signed(HEADER.as_bytes(), claims(subject, id).as_bytes());
        let mut altered = token("ann", 3);
        altered.truncate(altered.len() / 2);
        let unsigned = HEADER.replace("EdDSA", "none");
        let bad = vec![
            vec![],
            altered,
            token("guest", 4),
            token("", 5),
            signed(unsigned.as_bytes(), claims("ann", 6).as_bytes()),
        ];
        Self { good: vec![token("ann", 1), token("bob", 2)], bad }
    }
}

/// Judges tokens of the key below.
pub(crate) fn judge() -> TokenAuthenticator {
    let mut rules = TokenRules::openid(ISSUER, "medsec");
    rules.groups = Some("groups".to_owned());
    rules.limits.max_groups = 4;
    rules.limits.max_authentication_age = Some(Duration::from_secs(3600));
    let setup = TokenSetup {
        rules,
        keys: Arc::new(FixedKeySet::new(KeySet::parse(set().as_bytes()).unwrap())),
        replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
        clock: HandClock::at(T0),
    };
    TokenAuthenticator::new(setup).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn set() -> String {
    let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"k","x":"{x}"}}]}}"#)
}

fn signed(header: &[u8], claims: &[u8]) -> Vec<u8> {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = key().sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into_bytes()
}

fn claims(subject: &str, id: u32) -> String {
    let (begin, end) = (T0.saturating_sub(5), T0.saturating_add(600));
    format!(
        r#"{{"iss":"{ISSUER}","aud":"medsec","sub":"{subject}","jti":"{id}","exp":{end},"nbf":{begin},"iat":{begin},"auth_time":{begin},"groups":["a"]}}"#
    )
}
