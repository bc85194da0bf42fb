//! Which key a name means, and which keys are used at all.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{AwsKeys, KeyAdmin as _, KeyService as _, KeyServiceError, KeyState};

use super::emulator::{Emulator, Kind, REGION, context, name, wait};

fn point(emulator: &Emulator, action: &str, alias: &str, key: &str) {
    let (_, id) = key.split_once('/').unwrap();
    let body = format!("{{\"AliasName\":\"{alias}\",\"TargetKeyId\":\"{id}\"}}");
    emulator.call(REGION, action, &body);
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "an alias of AWS KMS that is pointed at another key changes nothing for a service that runs",
    polarity = deny,
)]
fn alias_pointed_elsewhere_changes_nothing_until_the_service_is_made_anew(ev: Ev) -> Proven {
    for kind in [Kind::Moto, Kind::LocalStack] {
        let emulator = Emulator::new(kind);
        let (one, other) = (emulator.create("one").name, emulator.create("other").name);
        let alias = name("alias/records");
        point(&emulator, "CreateAlias", alias.as_str(), one.as_str());
        let keys = emulator.keys(std::slice::from_ref(&alias));
        let pinned: Vec<_> = keys.keys().map(|key| key.arn.to_string()).collect();
        ev.equal("the alias means the key", &pinned, &vec![one.as_str().to_owned()]);
        point(&emulator, "UpdateAlias", alias.as_str(), other.as_str());

        let (_, stanza) = ev.allows(wait(keys.generate_dek(&alias, &context(1))));
        ev.equal_bytes("the key is still it", stanza.key_ref().as_bytes(), one.as_str().as_bytes());
        ev.allows(wait(keys.unwrap_dek(&stanza, &context(1))));
        let anew = emulator.keys(std::slice::from_ref(&alias));
        let (_, new) = ev.allows(wait(anew.generate_dek(&alias, &context(1))));
        let to = new.key_ref().as_bytes();
        ev.equal_bytes("made anew it is the other", to, other.as_str().as_bytes());
        let refused = wait(anew.unwrap_dek(&stanza, &context(1)));
        ev.denies(refused, |e| matches!(e, KeyServiceError::ForeignStanza));
    }
    ev.proven()
}

#[test]
fn administration_takes_no_alias() {
    let emulator = Emulator::new(Kind::LocalStack);
    let key = emulator.create("one").name;
    point(&emulator, "CreateAlias", "alias/one", key.as_str());
    let refused = wait(emulator.admin().disable_key(&name("alias/one"))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Unacceptable { .. }), "{refused:?}");
    let keys = emulator.keys(&[key]);
    let state = keys.keys().next().unwrap().state;
    assert_eq!(state, KeyState::Enabled);
}

#[test]
fn key_that_is_disabled_at_start_is_told() {
    let emulator = Emulator::new(Kind::LocalStack);
    let (one, other) = (emulator.create("one").name, emulator.create("other").name);
    assert!(emulator.keys(&[one.clone(), other.clone()]).check_enabled().is_ok());
    wait(emulator.admin().disable_key(&other)).unwrap();
    let keys = emulator.keys(&[one, other.clone()]);
    let told = keys.check_enabled().unwrap_err();
    assert_eq!(told.key, other);
    assert!(matches!(told.source, KeyServiceError::Disabled));
}

#[test]
fn key_that_is_missing_takes_none_of_the_others_away() {
    let emulator = Emulator::new(Kind::LocalStack);
    let (key, missing) = (emulator.create("one").name, name("alias/missing"));
    let names = [missing.clone(), key.clone()];
    let refused = wait(AwsKeys::pin(emulator.connection_in(REGION), &names)).unwrap_err();
    assert!(refused.key == missing && matches!(refused.source, KeyServiceError::NoSuchKey));
    let keys = wait(AwsKeys::pin_usable(emulator.connection_in(REGION), &names)).unwrap();
    wait(keys.generate_dek(&key, &context(1))).unwrap();
    let refused = wait(keys.generate_dek(&missing, &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::NoSuchKey), "{refused:?}");
}
