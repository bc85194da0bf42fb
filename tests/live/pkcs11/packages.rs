//! A package sealed to a token and to others opens through each alone.

use std::io::Cursor;
use std::sync::Arc;

use medsec_crypto::{
    Checked, Draft, Execution, Expectation, HpkeIdentity, HpkeKind, KeyRef, Limits, PackageSpec,
    PolicyExpectation, Recipient as _, SignerExpectation, SigningKey, Timestamp,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    KeyAdmin as _, KeyContext, KeyName, KeyService, KeyServices, KeySpec, Keyring, ServiceName,
};
use pollster::block_on;

use super::token::{Token, name};

fn token_with(key: &str) -> (Token, Arc<dyn KeyService>) {
    let token = Token::new();
    let spec = KeySpec { name: name(key), max_age_days: None };
    block_on(token.admin().create_key(&spec)).unwrap();
    let keys = token.keys(&[key]);
    (token, Arc::new(keys))
}

fn open(keys: &dyn KeyService, package: &[u8], key: &KeyRef) -> Vec<u8> {
    let expectation = Expectation {
        policy: PolicyExpectation::Any,
        signer: SignerExpectation::NotRequired,
        keys: vec![key.clone()],
        reproduced: medsec_crypto::Context::new(),
        limits: Limits::default(),
    };
    let mut source = Cursor::new(package);
    let checked = Checked::read(&mut source, expectation).unwrap();
    let stanza = checked.candidates().next().unwrap().clone();
    let context = KeyContext { bind: checked.bind(), dataset: None };
    let dek = block_on(keys.unwrap_dek(&stanza, &context)).unwrap();
    let unlocked = checked.unlock(dek).unwrap();
    unlocked.open_to_memory(source, 1024, &Execution::default()).unwrap().0.to_vec()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a package sealed to two tokens and a private key opens through each of them alone",
    polarity = allow,
)]
fn package_opens_through_each_recipient_alone(ev: Ev) -> Proven {
    let ((_, first), (_, second)) = (token_with("mri"), token_with("mri"));
    let own = Arc::new(HpkeIdentity::generate(HpkeKind::X25519).unwrap());
    let service = |text: &str| ServiceName::new(text).unwrap();
    let ring: Arc<dyn KeyService> = Arc::new(Keyring::new(vec![own.clone()], None));
    let all = KeyServices::new(Some(ring.clone()))
        .with(service("hsm"), first.clone())
        .and_then(|all| all.with(service("backup"), second.clone()))
        .unwrap();
    let signer = Arc::new(SigningKey::generate().unwrap());
    let draft = Draft::new(
        PackageSpec::default(),
        Timestamp::from_unix_seconds(1_800_000_000),
        Some(signer),
    );
    let draft = draft.unwrap();
    let context = KeyContext { bind: draft.bind(), dataset: None };
    let key = |text: &str| KeyName::new(text).unwrap();
    let (dek, hsm) = ev.allows(block_on(all.generate_dek(&key("hsm:mri"), &context)));
    let backup = ev.allows(block_on(all.wrap_dek(&key("backup:mri"), &dek, &context)));
    let partner = own.recipient().wrap_dek(&dek, &context.bind).unwrap();
    let stanzas = vec![hsm.clone(), backup.clone(), partner.clone()];
    let package = draft.address(dek, stanzas).unwrap().seal_bytes(b"a finding").unwrap();
    for (keys, stanza) in [(&first, &hsm), (&second, &backup), (&ring, &partner)] {
        let content = open(keys.as_ref(), &package, stanza.key_ref());
        ev.equal("alone", &content.as_slice(), &b"a finding".as_slice());
        let content = open(&all, &package, stanza.key_ref());
        ev.equal("among all", &content.as_slice(), &b"a finding".as_slice());
    }
    let moved = ev.allows(block_on(all.rewrap_dek(&hsm, &key("backup:mri"), &context)));
    ev.holds("the other token's", moved.key_ref() == backup.key_ref());
    ev.proven()
}
