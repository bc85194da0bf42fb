//! Which keys are used at all.

use medsec_crypto::{KeyRef, Stanza, StanzaKind};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{AwsKeys, KeyAdmin as _, KeyService as _, KeyServiceError};

use crate::aws::emulator::{Emulator, Kind, REGION, context, name, plain_url, wait};

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key that a package names and the caller has not listed is refused without a request to AWS KMS",
    polarity = deny,
)]
fn unlisted_key_is_never_asked_for(ev: Ev) -> Proven {
    let emulator = Emulator::new(Kind::Moto);
    let (ours, theirs) = (emulator.create("ours").name, emulator.create("theirs").name);
    let both = emulator.keys(&[ours.clone(), theirs.clone()]);
    let (_, stanza) = ev.allows(wait(both.generate_dek(&theirs, &context(1))));
    let proxy = emulator.proxy();
    let keys = emulator.keys_through(&plain_url(&proxy), std::slice::from_ref(&ours));
    proxy.recording().clear();

    let foreign = |e: &KeyServiceError| matches!(e, KeyServiceError::ForeignStanza);
    ev.denies(keys.admits(stanza.key_ref()), foreign);
    ev.denies(wait(keys.unwrap_dek(&stanza, &context(1))), foreign);
    ev.denies(wait(keys.rewrap_dek(&stanza, &ours, &context(1))), foreign);
    let invented = "arn:aws:kms:us-east-1:999999999999:key/00000000-0000-0000-0000-000000000000";
    let invented = KeyRef::new(StanzaKind::AwsKms, invented.as_bytes()).unwrap();
    let invented = Stanza::new(invented, vec![1; 100]).unwrap();
    ev.denies(wait(keys.unwrap_dek(&invented, &context(1))), foreign);
    ev.equal("nothing was asked", &proxy.recording().exchanges().len(), &0);
    ev.allows(wait(keys.generate_dek(&ours, &context(1))));
    ev.equal("what is ours is asked for", &proxy.recording().exchanges().len(), &1);
    ev.proven()
}

#[test]
fn unsuitable_key_is_refused_at_start() {
    for kind in [Kind::Moto, Kind::LocalStack] {
        let emulator = Emulator::new(kind);
        let made = |body: &str| {
            let answer = emulator.call(REGION, "CreateKey", body);
            let (_, rest) = answer.split_once("\"arn:aws:kms:").unwrap();
            name(&format!("arn:aws:kms:{}", rest.split_once('"').unwrap().0))
        };
        for body in [
            r#"{"KeySpec":"RSA_2048","KeyUsage":"ENCRYPT_DECRYPT"}"#,
            r#"{"KeySpec":"HMAC_256","KeyUsage":"GENERATE_VERIFY_MAC"}"#,
        ] {
            let key = made(body);
            let refused =
                wait(AwsKeys::pin(emulator.connection(), std::slice::from_ref(&key))).unwrap_err();
            assert_eq!(refused.key, key);
            assert!(matches!(refused.source, KeyServiceError::Unsuitable(_)), "{refused:?}");
            let rotated = wait(emulator.admin().rotate_key(&key)).unwrap_err();
            assert!(matches!(rotated, KeyServiceError::Unsuitable(_)), "{rotated:?}");
        }
        for unknown in ["alias/never-made", "never-made"] {
            let refused = wait(AwsKeys::pin(emulator.connection(), &[name(unknown)])).unwrap_err();
            assert!(matches!(refused.source, KeyServiceError::NoSuchKey), "{refused:?}");
        }
    }
}
