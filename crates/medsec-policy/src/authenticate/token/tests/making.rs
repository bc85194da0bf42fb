//! An identity provider for tests: keys, its key set, and tokens right and wrong.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeys, KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::authenticate::key_set::{FixedKeySet, KeySet};
use crate::authenticate::testing::{HandClock, T0};
use crate::authenticate::token::{ReplayGuard, TokenAuthenticator, TokenRules, TokenSetup};
use crate::authenticate::{AuthenticationError, Authenticator as _};
use crate::principal::Principal;

pub(super) const ISSUER: &str = "https://idp.example";

pub(super) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Keys of the provider, by the name they have in its key set.
pub(super) struct Keys {
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    rsa: RsaKeys,
}

pub(super) fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys {
        p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        p384: EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap(),
        ed25519: Ed25519KeyPair::generate().unwrap(),
        rsa: RsaKeys::generate(KeySize::Rsa2048).unwrap(),
    })
}

impl Keys {
    /// Signs as the algorithm asks, with the key that is for it.
    pub(super) fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match algorithm {
            "ES256" => self.p256.sign(&random, message).unwrap().as_ref().to_vec(),
            "ES384" => self.p384.sign(&random, message).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed25519.sign(message).as_ref().to_vec(),
            "RS256" => self.rsa(&RSA_PKCS1_SHA256, message),
            "RS512" => self.rsa(&RSA_PKCS1_SHA512, message),
            "PS256" => self.rsa(&RSA_PSS_SHA256, message),
            _ => vec![1; 64],
        }
    }

    fn rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        self.rsa.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// What is public of the P-256 key, as someone would take it for a secret.
    pub(super) fn p256_public(&self) -> &[u8] {
        self.p256.public_key().as_ref()
    }

    /// The key set. `es256`, `es384`, `eddsa` and `rsa` are for any fitting algorithm, `rs256` for that one only,
    /// `enc` is for encryption.
    pub(super) fn set(&self) -> Value {
        let (p256, p384) = (self.p256.public_key().as_ref(), self.p384.public_key().as_ref());
        let components: PublicKeyComponents<Vec<u8>> = self.rsa.public_key().into();
        let (n, e) = (base64url(&components.n), base64url(&components.e));
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "es256", "use": "sig",
             "x": base64url(&p256[1..33]), "y": base64url(&p256[33..])},
            {"kty": "EC", "crv": "P-384", "kid": "es384", "key_ops": ["verify"],
             "x": base64url(&p384[1..49]), "y": base64url(&p384[49..])},
            {"kty": "OKP", "crv": "Ed25519", "kid": "eddsa",
             "x": base64url(self.ed25519.public_key().as_ref())},
            {"kty": "RSA", "kid": "rsa", "n": n, "e": e},
            {"kty": "RSA", "kid": "rs256", "alg": "RS256", "n": n, "e": e},
            {"kty": "RSA", "kid": "enc", "use": "enc", "alg": "RSA-OAEP", "n": n, "e": e},
        ]})
    }

    pub(super) fn key_set(&self) -> KeySet {
        KeySet::parse(self.set().to_string().as_bytes()).unwrap()
    }
}

/// A token before it is put together.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) header: String,
    pub(super) claims: String,
}

/// The header of a good token.
pub(super) fn header() -> Value {
    json!({"typ": "JWT", "alg": "EdDSA", "kid": "eddsa"})
}

/// The claims of a good token.
pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "medsec", "sub": "u4711-ann", "jti": "token-1",
        "exp": T0 + 600, "nbf": T0 - 5, "iat": T0 - 5, "auth_time": T0 - 60,
        "acr": "gold", "amr": ["pwd", "otp"], "groups": ["radiology", "mri/night"],
    })
}

impl Draft {
    pub(super) fn good() -> Self {
        Self { header: header().to_string(), claims: claims().to_string() }
    }

    /// With one claim other, or without it if `value` is null.
    pub(super) fn claim(self, name: &str, value: impl Into<Value>) -> Self {
        Self { claims: changed(&self.claims, name, value.into()), ..self }
    }

    /// With one member of the header other, or without it.
    pub(super) fn head(self, name: &str, value: impl Into<Value>) -> Self {
        Self { header: changed(&self.header, name, value.into()), ..self }
    }

    /// Signed as the header says.
    pub(super) fn sign(&self) -> String {
        let header: Value = serde_json::from_str(&self.header).unwrap_or_default();
        self.sign_as(header["alg"].as_str().unwrap_or("EdDSA"))
    }

    /// Signed by this algorithm, whatever the header says.
    pub(super) fn sign_as(&self, algorithm: &str) -> String {
        sign_parts(self.header.as_bytes(), self.claims.as_bytes(), algorithm)
    }
}

fn changed(text: &str, name: &str, value: Value) -> String {
    let mut object: Value = serde_json::from_str(text).unwrap();
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object.to_string()
}

pub(super) fn sign_parts(header: &[u8], claims: &[u8], algorithm: &str) -> String {
    let signed = format!("{}.{}", base64url(header), base64url(claims));
    let signature = keys().sign(algorithm, signed.as_bytes());
    format!("{signed}.{}", base64url(signature))
}

/// Rules that look at every claim.
pub(super) fn rules() -> TokenRules {
    let mut rules = TokenRules::openid(ISSUER, "medsec");
    rules.groups = Some("groups".to_owned());
    rules.second_factor.acr.insert("gold".to_owned());
    rules.second_factor.amr.insert("mfa".to_owned());
    rules.limits.max_authentication_age = Some(Duration::from_secs(3600));
    rules.limits.max_groups = 3;
    rules
}

pub(super) fn judge(rules: TokenRules) -> (TokenAuthenticator, Arc<HandClock>) {
    let clock = HandClock::at(T0);
    let setup = TokenSetup {
        rules,
        keys: Arc::new(FixedKeySet::new(keys().key_set())),
        replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
        clock: clock.clone(),
    };
    (TokenAuthenticator::new(setup).unwrap(), clock)
}

/// One token under the rules, at [`T0`].
pub(super) fn show(rules: TokenRules, token: &str) -> Result<Principal, AuthenticationError> {
    judge(rules).0.authenticate(token.as_bytes())
}
