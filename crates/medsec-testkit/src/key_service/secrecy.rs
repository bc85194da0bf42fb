//! Nothing that is printed shows a key or what it is bound to.

use std::fmt::{Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use medsec_crypto::{Bind, Stanza};
use medsec_kms::{KeyContext, KeyName, KeyServiceError};

use super::{Deviation, KeyServiceHarness, key};

/// Errors of every kind, and the service itself, printed in every way, hold no secret bytes.
pub async fn errors_and_debug_show_no_secret(harness: &dyn KeyServiceHarness) {
    let key = key(harness, "ct").await;
    // Bytes that no text holds by chance.
    let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 + 16).unwrap_or(0));
    let context = KeyContext { bind: Bind::from_bytes(bytes), dataset: None };
    let service = harness.service();
    let (dek, stanza) = service.generate_dek(&key, &context).await.unwrap();
    let mut said = format!("{:?} {:?} {stanza:?} {dek:?}", harness.service(), harness.admin());
    for error in errors(harness, &key, &context, &stanza).await {
        said.push_str(&printed(&error));
    }
    for secret in [dek.expose_secret(), &bytes] {
        for form in forms(secret) {
            assert!(!said.contains(&form), "a secret is shown");
        }
    }
    // What packages call a key stands in every package, and may have slashes.
    let said = said.replace(&stanza.key_ref().to_string(), "");
    assert!(!said.contains('/'), "a path is shown: {said}");
}

/// As many kinds of error as the service gives.
async fn errors(
    harness: &dyn KeyServiceHarness,
    key: &KeyName,
    context: &KeyContext,
    stanza: &Stanza,
) -> Vec<KeyServiceError> {
    let unknown = KeyName::new("never-made").unwrap();
    let mut wrapped = stanza.wrapped().to_vec();
    wrapped[0] ^= 1;
    let changed = Stanza::new(stanza.key_ref().clone(), wrapped).unwrap();
    let service = harness.service();
    let mut errors = vec![
        service.unwrap_dek(&changed, context).await.unwrap_err(),
        service.generate_dek(&unknown, context).await.unwrap_err(),
        harness.stranger().unwrap_dek(stanza, context).await.unwrap_err(),
    ];
    harness.admin().disable_key(key).await.unwrap();
    if !harness.deviates(Deviation::UsesKeysWhateverTheirState) {
        errors.push(harness.service().unwrap_dek(stanza, context).await.unwrap_err());
    }
    errors.push(harness.admin().disable_key(key).await.unwrap_err());
    errors
}

fn printed(error: &(impl Debug + Display)) -> String {
    format!(" {error} {error:?} {error:#?}")
}

/// The first half of `secret` in the forms in which bytes get printed.
fn forms(secret: &[u8; 32]) -> Vec<String> {
    let half = &secret[..15];
    let hex: String = half.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{half:?}").trim_matches(['[', ']']).to_owned();
    let (plain, url) = (STANDARD_NO_PAD.encode(half), URL_SAFE_NO_PAD.encode(half));
    vec![hex.to_uppercase(), hex, list, plain, url]
}
