//! Packages that partners sealed to somebody's public key: bound to a policy of the partner's, or to none.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use medsec::{Demand, OpenWish, Refused};
use medsec_audit::{Action, Denial, Failure};
use medsec_crypto::{
    DatasetId, Draft, Execution, ExpectationError, HpkeIdentity, HpkeKind, HpkeRecipient,
    Identity as _, OpenError, PackageSpec, PolicyHash, Recipient, SignerExpectation, SigningKey,
    Timestamp,
};
use medsec_kms::Keyring;
use medsec_policy::Refusal;

use crate::rewrapping::add;
use crate::support::{DATASET, Person, Scene, content, key, open, wish};

/// A package that a partner sealed to a person, for the data set.
fn from_partner(scene: &Scene, to: &Person, signer: SigningKey) -> PathBuf {
    named(scene, DATASET, to, signer)
}

/// The same under the partner's own name of a data set.
fn named(scene: &Scene, dataset: &str, to: &Person, signer: SigningKey) -> PathBuf {
    signed(scene, dataset, &[to.identity().recipient()], signer)
}

fn to_keys(scene: &Scene, dataset: &str, to: &[&HpkeRecipient]) -> PathBuf {
    signed(scene, dataset, to, SigningKey::generate().unwrap())
}

fn signed(scene: &Scene, dataset: &str, to: &[&HpkeRecipient], signer: SigningKey) -> PathBuf {
    let mut spec = PackageSpec::default();
    spec.dataset = Some(DatasetId::new(dataset).unwrap());
    spec.policy = Some(PolicyHash::from_bytes([0x50; 32]));
    let now = Timestamp::from(std::time::SystemTime::now());
    let draft = Draft::new(spec, now, Some(Arc::new(signer))).unwrap();
    let to: Vec<&dyn Recipient> = to.iter().map(|key| *key as &dyn Recipient).collect();
    let sealer = draft.seal_to(&to).unwrap();
    let path = scene.path("from-partner");
    std::fs::write(&path, sealer.seal_bytes(&content(1000)).unwrap()).unwrap();
    path
}

#[test]
fn partner_package_opens_for_whom_it_was_sealed_to() {
    let scene = Scene::new();
    let partner = SigningKey::generate().unwrap();
    let signer = SignerExpectation::OneOf(vec![partner.verifying_key()]);
    let package = from_partner(&scene, &scene.ada, partner);
    let told = scene.trail();
    let wish = OpenWish { signer, ..wish() };
    let grant = open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap();
    let source = File::open(&package).unwrap();
    let (found, _) = grant.open_to_memory(source, 1 << 20, &Execution::default()).unwrap();
    assert_eq!(*found, content(1000));
    assert_eq!(told.events().len(), 2, "partners' packages are decided and recorded as others are");
}

#[test]
fn partner_package_is_refused_to_others_without_a_key() {
    let scene = Scene::new();
    let package = from_partner(&scene, &scene.bela, SigningKey::generate().unwrap());
    let told = scene.trail();
    let why = open(&scene.custodian(), &scene.ada(), &package, &wish()).map(drop).unwrap_err();
    let expected =
        matches!(why, Refused::Open(OpenError::Expectation(ExpectationError::NotARecipient)));
    assert!(expected, "{why:?}");
    assert_eq!(told.failure(), (Action::Open, Failure::Expectation));
}

#[test]
fn own_key_beside_a_partners_does_not_excuse_from_the_policy() {
    // Sealed to a public key of ada's and under the store's key, bound to somebody else's policy.
    let scene = Scene::new();
    let package = scene.sealed(10);
    let mut stranger = scene.policy.clone();
    stranger.decider = Arc::new(crate::refusals::Renamed {
        decider: Arc::clone(&scene.policy.decider),
        policy: medsec_policy::PolicyHash::from_bytes([9; 32]),
    });
    let custodian =
        medsec::Custodian::new(medsec::Parts { policy: stranger, ..scene.parts() }).unwrap();
    let own = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    add(&scene, &package, own.recipient());
    let key_ref = own.key_ref();
    let store = scene.store.unlock(scene.ada.identity()).unwrap();
    let both = Arc::new(Keyring::new(vec![Arc::new(own)], Some(store)));
    assert!(medsec_kms::KeyService::admits(&*both, &key_ref).is_ok());
    let login = scene.login(&scene.ada, both);
    let why = open(&custodian, &login, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Demand(Demand::Bound)), "{why:?}");
}

#[test]
fn own_key_that_is_of_no_use_now_does_not_make_a_package_a_partners() {
    // Bound to no policy, under the store's key, and to a public key of whoever opens it.
    let mut scene = Scene::new();
    let package = scene.sealed(10);
    let own = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    add(&scene, &package, own.recipient());
    scene.change(|change| change.disable_key(&key()));
    let mut policy = scene.policy.clone();
    policy.decider = Arc::new(crate::refusals::Renamed {
        decider: Arc::clone(&scene.policy.decider),
        policy: medsec_policy::PolicyHash::from_bytes([9; 32]),
    });
    let custodian = medsec::Custodian::new(medsec::Parts { policy, ..scene.parts() }).unwrap();
    let store = scene.store.unlock(scene.ada.identity()).unwrap();
    let login = scene.login(&scene.ada, Arc::new(Keyring::new(vec![Arc::new(own)], Some(store))));
    let why = open(&custodian, &login, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Demand(Demand::Bound)), "{why:?}");
    // Nor is it filed under whatever data set is wished.
    let filed = OpenWish { filed_under: DatasetId::new("ct-2026").ok(), ..wish() };
    let told = scene.trail();
    let custodian = scene.custodian();
    drop(open(&custodian, &login, &package, &filed).unwrap());
    assert_eq!(told.events()[0].subject.dataset.as_ref().unwrap().as_str(), DATASET);
}

#[test]
fn partner_package_opens_where_it_is_filed() {
    let scene = Scene::new();
    let signer = || SigningKey::generate().unwrap();
    let package = named(&scene, "their-name-for-it", &scene.ada, signer());
    let (custodian, login) = (scene.custodian(), scene.ada());
    let told = scene.trail();
    let why = open(&custodian, &login, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
    let told = scene.trail();
    let filed = |name: &str| OpenWish { filed_under: DatasetId::new(name).ok(), ..wish() };
    drop(open(&custodian, &login, &package, &filed(DATASET)).unwrap());
    assert_eq!(told.events()[0].subject.dataset.as_ref().unwrap().as_str(), DATASET);
    // Where the person may not work, it does not open.
    let why = open(&custodian, &login, &package, &filed("ct-2026")).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
}

#[test]
fn own_package_opens_under_its_own_data_set_only() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    let elsewhere = OpenWish { filed_under: DatasetId::new("ct-2026").ok(), ..wish() };
    drop(open(&scene.custodian(), &scene.ada(), &package, &elsewhere).unwrap());
    assert_eq!(told.events()[0].subject.dataset.as_ref().unwrap().as_str(), DATASET);
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    let why = open(&scene.custodian(), &bela, &package, &elsewhere).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(_)), "{why:?}");
}

#[test]
fn package_that_a_demanded_key_opens_is_told_where_its_policy_is_unknown() {
    let (emergency, scene) = crate::sealing::demanded();
    let keyring = |own: HpkeIdentity| Arc::new(Keyring::new(vec![Arc::new(own)], None));
    let theirs = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let package = to_keys(&scene, DATASET, &[emergency.recipient(), theirs.recipient()]);
    for (own, is_told) in [(theirs, false), (emergency, true)] {
        let login = scene.login(&scene.ada, keyring(own));
        let told = scene.trail();
        drop(open(&scene.custodian(), &login, &package, &wish()).unwrap());
        let is_on_record = told.events().iter().any(|event| event.action == Action::Verify);
        assert_eq!(is_on_record, is_told);
    }
}
