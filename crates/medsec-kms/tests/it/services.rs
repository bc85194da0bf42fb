//! Names and stanzas go to the service they name, and to no other.

mod claims;

use std::sync::Arc;

use medsec_crypto::{Bind, KeyRef, Stanza, StanzaKind};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyContext, KeyService, KeyServiceError, KeyServices, ServiceName};
use medsec_testkit::OneKey;
use pollster::block_on;

use crate::support::key as name;

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([5; 32]), dataset: None }
}

fn service(text: &str) -> ServiceName {
    ServiceName::new(text).unwrap()
}

/// `mri` of the local service and `alias/mri` of `bao`.
fn two() -> (Arc<OneKey>, Arc<OneKey>, KeyServices) {
    let (local, bao) = (Arc::new(OneKey::new("mri", 1)), Arc::new(OneKey::new("alias/mri", 2)));
    let services = KeyServices::new(Some(local.clone())).with(service("bao"), bao.clone());
    (local, bao, services.unwrap())
}

#[test]
fn name_goes_to_the_service_before_the_colon() {
    let (local, bao, services) = two();
    block_on(services.generate_dek(&name("mri"), &context())).unwrap();
    assert_eq!((local.calls(), bao.calls()), (1, 0));
    block_on(services.generate_dek(&name("bao:alias/mri"), &context())).unwrap();
    assert_eq!((local.calls(), bao.calls()), (1, 1));
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key of a key service that is missing or fails is not taken from another key service",
    polarity = deny,
)]
fn missing_or_failing_service_is_never_replaced(ev: Ev) -> Proven {
    let (local, bao, services) = two();
    let generate = |key: &str| block_on(services.generate_dek(&name(key), &context()));
    for key in ["aws:mri", "arn:aws:kms:eu:1:key/mri", ":mri"] {
        ev.denies(generate(key), |e| matches!(e, KeyServiceError::NoSuchService));
    }
    ev.denies(generate("bao:mri"), |e| matches!(e, KeyServiceError::NoSuchKey));
    ev.denies(generate("bao:"), |e| matches!(e, KeyServiceError::NoSuchKey));
    let (_, stanza) = ev.allows(generate("bao:alias/mri"));
    bao.fail(true);
    let calls = local.calls();
    ev.denies(generate("bao:alias/mri"), |e| matches!(e, KeyServiceError::TimedOut));
    ev.denies(block_on(services.unwrap_dek(&stanza, &context())), |e| {
        matches!(e, KeyServiceError::TimedOut)
    });
    ev.equal("the local service was not asked", &local.calls(), &calls);
    let alone = KeyServices::new(None);
    ev.denies(block_on(alone.generate_dek(&name("mri"), &context())), |e| {
        matches!(e, KeyServiceError::NoSuchService)
    });
    ev.proven()
}

#[test]
fn stanza_goes_to_the_service_whose_key_it_is() {
    let (local, bao, services) = two();
    let (dek, stanza) =
        block_on(services.generate_dek(&name("bao:alias/mri"), &context())).unwrap();
    let found = block_on(services.unwrap_dek(&stanza, &context())).unwrap();
    assert_eq!(found.expose_secret(), dek.expose_secret());
    assert_eq!((local.calls(), bao.calls()), (0, 2));
    assert!(services.admits(stanza.key_ref()).is_ok());
}

#[test]
fn stanza_of_no_service_is_refused() {
    let (local, bao, services) = two();
    let key_ref = KeyRef::new(StanzaKind::HpkeX25519, &[9; 32]).unwrap();
    let stanza = Stanza::new(key_ref, vec![0; 80]).unwrap();
    let refused = block_on(services.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::ForeignStanza)), "{refused:?}");
    assert_eq!((local.calls(), bao.calls()), (0, 0));
}

#[test]
fn stanza_that_two_services_claim_is_refused() {
    let (_, bao, services) = two();
    let services = services.with(service("again"), bao.clone()).unwrap();
    let (_, stanza) = block_on(bao.generate_dek(&name("alias/mri"), &context())).unwrap();
    let calls = bao.calls();
    let refused = block_on(services.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::Ambiguous)), "{refused:?}");
    assert_eq!(bao.calls(), calls);
}

/// Its own service says that it is of no use; that another one would take it changes nothing.
#[test]
fn key_of_no_use_is_not_looked_for_elsewhere() {
    let (_, bao, services) = two();
    let (_, stanza) = block_on(bao.generate_dek(&name("alias/mri"), &context())).unwrap();
    bao.disable();
    let refused = block_on(services.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::Disabled)), "{refused:?}");
    let services = services.with(service("twin"), Arc::new(OneKey::new("x", 2))).unwrap();
    let refused = block_on(services.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::Ambiguous)), "{refused:?}");
}

#[test]
fn rewrap_across_services_unwraps_at_one_and_wraps_at_the_other() {
    let (local, bao, services) = two();
    let (dek, stanza) = block_on(services.generate_dek(&name("mri"), &context())).unwrap();
    let to = name("bao:alias/mri");
    let moved = block_on(services.rewrap_dek(&stanza, &to, &context())).unwrap();
    assert_eq!((local.calls(), bao.calls()), (2, 1));
    let found = block_on(services.unwrap_dek(&moved, &context())).unwrap();
    assert_eq!(found.expose_secret(), dek.expose_secret());
    assert_eq!(moved.key_ref(), &bao.key_ref());
}

#[test]
fn rewrap_within_a_service_is_its_own() {
    let (local, bao, services) = two();
    let to = name("bao:alias/mri");
    let (_, stanza) = block_on(services.generate_dek(&to, &context())).unwrap();
    block_on(services.rewrap_dek(&stanza, &to, &context())).unwrap();
    assert_eq!((local.calls(), bao.calls(), bao.rewraps()), (0, 2, 1));
}

#[test]
fn description_carries_the_name_it_was_asked_by() {
    let (_, _, services) = two();
    for key in ["mri", "bao:alias/mri"] {
        let told = block_on(services.describe_key(&name(key))).unwrap();
        assert_eq!(told.name.as_str(), key);
    }
}

#[test]
fn two_services_do_not_share_a_name() {
    let (_, bao, services) = two();
    assert!(services.with(service("bao"), bao).is_err());
}

#[test]
fn assurance_is_that_of_the_weakest() {
    let (local, _, services) = two();
    assert_eq!(services.assurance(), local.assurance());
    let weak = Arc::new(OneKey::new("weak", 7).not_approved());
    let services = services.with(service("weak"), weak.clone()).unwrap();
    assert_eq!(services.assurance(), weak.assurance());
    assert!(weak.assurance() < local.assurance());
    assert_eq!(KeyServices::new(None).assurance(), weak.assurance());
}

#[test]
fn batch_goes_to_each_service_and_keeps_its_order() {
    let (local, bao, services) = two();
    let (mri, to) = (name("mri"), name("bao:alias/mri"));
    let mut items = Vec::new();
    let mut deks = Vec::new();
    for key in [&to, &mri, &to, &mri] {
        let (dek, stanza) = block_on(services.generate_dek(key, &context())).unwrap();
        items.push((stanza, context()));
        deks.push(dek);
    }
    let foreign = KeyRef::new(StanzaKind::HpkeX25519, &[9; 32]).unwrap();
    items.push((Stanza::new(foreign, vec![0; 80]).unwrap(), context()));
    let answers = block_on(services.rewrap_deks(&items, &to));
    assert!(matches!(answers[4], Err(KeyServiceError::ForeignStanza)), "{:?}", answers[4]);
    for (answer, dek) in answers.iter().zip(&deks) {
        let stanza = answer.as_ref().unwrap();
        assert_eq!(stanza.key_ref(), &bao.key_ref());
        let found = block_on(bao.unwrap_dek(stanza, &context())).unwrap();
        assert_eq!(found.expose_secret(), dek.expose_secret());
    }
    assert_eq!((answers.len(), bao.rewraps(), local.rewraps()), (5, 2, 0));
    assert!(!services.rewraps_unseen(&local.key_ref(), &to));
}
