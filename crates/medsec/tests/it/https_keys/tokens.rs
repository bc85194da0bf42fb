//! Keys of the provider, and tokens signed with them.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use medsec::HttpsKeySet;
use medsec_policy::{ReplayGuard, SystemClock, TokenAuthenticator, TokenRules, TokenSetup};

pub(super) const ISSUER: &str = "https://idp.example";

/// A key set with the keys of these numbers.
pub(super) fn key_set(numbers: &[u8]) -> String {
    let keys: Vec<String> = numbers.iter().map(|number| key(*number)).collect();
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

pub(super) fn key(number: u8) -> String {
    let public = *SigningKey::from_bytes(&[number; 32]).verifying_key().as_bytes();
    let x = URL_SAFE_NO_PAD.encode(public);
    format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"key-{number}","x":"{x}"}}"#)
}

/// A token for ada that the key of that number signed; `kid` says which key it names.
pub(super) fn token(number: u8, kid: &str, id: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let header = format!(r#"{{"typ":"JWT","alg":"EdDSA","kid":"{kid}"}}"#);
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"medsec","sub":"ada","jti":"{id}","iat":{now},"nbf":{now},"exp":{}}}"#,
        now + 300
    );
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = SigningKey::from_bytes(&[number; 32]).sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// What judges tokens by that key set.
pub(super) fn judge(keys: &HttpsKeySet) -> TokenAuthenticator {
    let mut rules = TokenRules::openid(ISSUER, "medsec");
    rules.limits.refresh_interval = Duration::from_secs(1);
    let setup = TokenSetup {
        rules,
        keys: Arc::new(keys.clone()),
        replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
        clock: Arc::new(SystemClock),
    };
    TokenAuthenticator::new(setup).unwrap()
}
