//! What the policy demands of packages that are sealed: each demand with the package that does not meet it.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use medsec::{Custodian, CustodianError, Demand, Parts, Refused, SealWish, SessionLogin};
use medsec_audit::{Action, Denial, Failure, Origin, Outcome, Retention};
use medsec_crypto::{
    Execution, HpkeIdentity, HpkeKind, Identity as _, OutputOptions, Recipient, SigningKey,
};
use medsec_kms::{KeyName, Keyring, PublicKey};
use medsec_policy::{RecipientKey, Signature};
use medsec_testkit::Asked;

use crate::support::{DATASET, Scene, content, header, key, open, request, seal, seal_wish, wish};

/// Seals as ada, which must be refused before a data key is made.
#[track_caller]
fn refused(scene: &Scene, request: medsec::SealRequest, wish: &SealWish<'_>) -> Refused {
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let granted = pollster::block_on(scene.custodian().seal(&login, request, wish));
    let why = granted.map(drop).unwrap_err();
    assert_eq!(keys.asked(), []);
    assert_eq!(told.denial(), (Action::Seal, Denial::Policy));
    why
}

#[test]
fn seal_rejects_unsigned_packages() {
    let scene = Scene::new();
    let key = key();
    let why = refused(&scene, request(), &seal_wish(&[&key], false));
    assert!(matches!(why, Refused::Demand(Demand::Signature)), "{why:?}");
    // Somebody else's signature is none.
    for other in [scene.bela.signer(), SigningKey::generate().unwrap()] {
        let session = scene.session_signing(&scene.ada, scene.keyring(&scene.ada), Some(other));
        let login = SessionLogin::new(session, Origin::Local);
        let why = seal(&scene.custodian(), &login, true).map(drop).unwrap_err();
        assert!(matches!(why, Refused::Demand(Demand::Signature)), "{why:?}");
    }
    let free = Scene::set(|settings| settings.sealing.signature = Signature::Optional);
    drop(seal(&free.custodian(), &free.ada(), false).unwrap());
}

#[test]
fn session_without_a_signing_key_signs_nothing() {
    let scene = Scene::new();
    let session = scene.session_signing(&scene.ada, scene.keyring(&scene.ada), None);
    let login = SessionLogin::new(session, Origin::Local);
    let told = scene.trail();
    let why = seal(&scene.custodian(), &login, true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::NoSigner), "{why:?}");
    assert_eq!(told.failure(), (Action::Seal, Failure::KeyUnknown));
}

#[test]
fn seal_rejects_packages_of_no_data_set() {
    let scene = Scene::new();
    let key = key();
    let mut nameless = request();
    nameless.spec.dataset = None;
    let why = refused(&scene, nameless, &seal_wish(&[&key], true));
    assert!(matches!(why, Refused::Demand(Demand::Dataset)), "{why:?}");
}

#[test]
fn seal_rejects_keys_that_are_not_allowed() {
    let scene = Scene::set(|settings| {
        let other = medsec_policy::KeyName::new("ct-2026").unwrap();
        settings.sealing.allowed_keys = Some([other].into());
    });
    let key = key();
    let why = refused(&scene, request(), &seal_wish(&[&key], true));
    assert!(matches!(why, Refused::Demand(Demand::Key)), "{why:?}");
    // Nor without any key of the service.
    let keyless = SealWish { keys: &[], ..seal_wish(&[], true) };
    let why = refused(&scene, request(), &keyless);
    assert!(matches!(why, Refused::Demand(Demand::Key)), "{why:?}");
    let allowing = Scene::set(|settings| {
        let own = medsec_policy::KeyName::new(DATASET).unwrap();
        settings.sealing.allowed_keys = Some([own].into());
    });
    drop(seal(&allowing.custodian(), &allowing.ada(), true).unwrap());
}

#[test]
fn seal_rejects_keys_that_are_too_old() {
    let scene = Scene::set(|settings| settings.sealing.max_key_age_days = Some(30));
    let key = key();
    let day = Duration::from_secs(86_400);
    scene.clock.advance(30 * day - Duration::from_secs(60));
    let custodian = scene.custodian();
    drop(seal(&custodian, &scene.ada(), true).unwrap());
    custodian.close();
    scene.clock.advance(Duration::from_secs(120));
    let why = refused(&scene, request(), &seal_wish(&[&key], true));
    assert!(matches!(why, Refused::Demand(Demand::KeyAge)), "{why:?}");
    // What was sealed under it opens nevertheless.
    let free = Scene::set(|settings| settings.sealing.max_key_age_days = None);
    free.clock.advance(4000 * day);
    drop(seal(&free.custodian(), &free.ada(), true).unwrap());
}

#[test]
fn seal_rejects_disabled_and_unknown_keys() {
    let mut scene = Scene::set(|settings| settings.sealing.max_key_age_days = None);
    let other = KeyName::new("no-such-key").unwrap();
    let granted = scene.custodian();
    let granted =
        pollster::block_on(granted.seal(&scene.ada(), request(), &seal_wish(&[&other], true)));
    assert!(matches!(granted, Err(Refused::Key(_))));
    scene.change(|change| change.disable_key(&key()));
    let told = scene.trail();
    let why = seal(&scene.custodian(), &scene.ada(), true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Key(_)), "{why:?}");
    let denied = Outcome::Denied(Denial::KeyDisabled);
    assert_eq!(told.operations(), [(Action::Seal, Some(denied))]);
}

/// A recipient that every package must have, as the emergency key is.
pub(crate) fn demanded() -> (HpkeIdentity, Scene) {
    let emergency = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let text = PublicKey::from(emergency.recipient().clone()).to_string();
    let scene = Scene::set(|settings| {
        settings.sealing.required_recipients = [RecipientKey::new(&text).unwrap()].into();
    });
    (emergency, scene)
}

#[test]
fn required_recipient_is_added_and_opens() {
    let (emergency, scene) = demanded();
    let package = scene.sealed(1000);
    let found = header(&package).unwrap();
    assert_eq!(found.stanzas().len(), 2);
    assert!(found.stanzas().iter().any(|s| *s.key_ref() == emergency.key_ref()));
    let keys = Arc::new(Keyring::new(vec![Arc::new(emergency)], None));
    let login = scene.login(&scene.ada, keys);
    let grant = open(&scene.custodian(), &login, &package, &wish()).unwrap();
    let source = File::open(&package).unwrap();
    let (found, _) = grant.open_to_memory(source, 1 << 20, &Execution::default()).unwrap();
    assert_eq!(*found, content(1000));
}

#[test]
fn required_recipient_that_is_named_too_stands_once() {
    let (emergency, scene) = demanded();
    let key = key();
    let keys = [&key];
    let wish = SealWish {
        recipients: &[emergency.recipient() as &dyn Recipient],
        ..seal_wish(&keys, true)
    };
    let granted = pollster::block_on(scene.custodian().seal(&scene.ada(), request(), &wish));
    let path = scene.path("package");
    let options = OutputOptions::default();
    granted.unwrap().seal_to_file(&[][..], &path, options, &Execution::default()).unwrap();
    assert_eq!(header(&path).unwrap().stanzas().len(), 2);
}

#[test]
fn package_is_bound_to_the_policy_whatever_was_asked_for() {
    let scene = Scene::new();
    let key = key();
    let mut request = request();
    request.spec.policy = Some(medsec_crypto::PolicyHash::from_bytes([9; 32]));
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let named = [&key];
    let wish = seal_wish(&named, true);
    let grant = pollster::block_on(scene.custodian().seal(&login, request, &wish)).unwrap();
    let (id, mut package) = (grant.package_id(), Vec::new());
    let bytes = content(5000);
    grant.seal(&bytes[..], &mut package, &Execution::default()).unwrap();
    assert_eq!(keys.asked(), [Asked::Generate]);
    let header = medsec_crypto::Header::read(&mut &package[..]).unwrap();
    let bound = header.core().policy.unwrap();
    assert_eq!(bound.as_bytes(), scene.policy.decider.policy().as_bytes());
    let ended = told.events().remove(1);
    assert_eq!(ended.subject.package.unwrap().to_string(), id.to_string());
    assert_eq!(ended.subject.extent.unwrap().bytes.get(), 5000);
    assert_eq!(ended.subject.key.unwrap().name.as_str(), DATASET);
}

#[test]
fn custodian_rejects_a_log_kept_for_too_short() {
    let scene = Scene::new();
    let retention = Retention::days(2191).unwrap();
    let none = Custodian::new(Parts { retention, ..scene.parts() }).unwrap_err();
    let demanded =
        |e: &CustodianError| matches!(e, CustodianError::Retention { days: 2191, demanded: 2192 });
    assert!(demanded(&none), "{none:?}");
    let shorter = Scene::set(|settings| settings.audit_retention_years = 5);
    Custodian::new(Parts { retention, ..shorter.parts() }).unwrap();
}

#[test]
fn custodian_rejects_a_demanded_recipient_that_is_none() {
    for text in ["no-key", &PublicKey::from(Scene::new().ada.signer().verifying_key()).to_string()]
    {
        let scene = Scene::set(|settings| {
            settings.sealing.required_recipients = [RecipientKey::new(text).unwrap()].into();
        });
        let none = Custodian::new(scene.parts()).unwrap_err();
        assert!(matches!(none, CustodianError::Recipient(_)), "{none:?}");
    }
}
