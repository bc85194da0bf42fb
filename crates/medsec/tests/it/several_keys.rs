//! Sealing under several keys of the key service: one data key, wrapped once for each further key.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use medsec::{Demand, Refused, SealWish, WantedRecipients};
use medsec_audit::{Action, Denial, Outcome};
use medsec_crypto::{Execution, KeyRef, OutputOptions};
use medsec_kms::{KeyName, KeySpec};
use medsec_testkit::Asked;

use crate::rewrapping::granted;
use crate::support::{DATASET, Scene, content, header, key, open, request, seal_wish, wish};

fn named(name: &str) -> KeyName {
    KeyName::new(name).unwrap()
}

/// A scene whose store has three keys.
fn three(scene: Scene) -> (Scene, [KeyName; 3]) {
    let mut scene = scene;
    let [second, third] = ["ct-2026", "us-2026"].map(named);
    scene.change(|change| {
        [&second, &third].into_iter().try_for_each(|name| {
            change.create_key(&KeySpec { name: name.clone(), max_age_days: None })
        })
    });
    (scene, [key(), second, third])
}

/// What packages call the newest version of a key.
fn key_ref(scene: &Scene, name: &KeyName) -> KeyRef {
    scene.store.key(name).unwrap().newest().unwrap()
}

#[test]
fn data_key_is_made_once_and_wrapped_once_for_each_further_key() {
    let (scene, [first, second, third]) = three(Scene::new());
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let names = [&first, &second, &third];
    let wish_to_seal = seal_wish(&names, true);
    let custodian = scene.custodian();
    let grant = custodian.seal(&login, request(), &wish_to_seal);
    let (path, options) = (scene.path("package"), OutputOptions::default());
    let grant = pollster::block_on(grant).unwrap();
    grant.seal_to_file(&content(500)[..], &path, options, &Execution::default()).unwrap();
    assert_eq!(keys.asked(), [Asked::Generate, Asked::Wrap, Asked::Wrap]);
    let found = header(&path).unwrap();
    let refs: Vec<_> = found.stanzas().iter().map(|stanza| stanza.key_ref().clone()).collect();
    assert_eq!(refs, names.map(|name| key_ref(&scene, name)), "in their order");
    assert_eq!(told.operations(), [(Action::Seal, Some(Outcome::Success))]);
    let subject = told.events().remove(0).subject;
    assert_eq!(subject.key.unwrap().name.as_str(), DATASET, "the log names the first");
    let grant = open(&custodian, &scene.ada(), &path, &wish()).unwrap();
    let source = File::open(&path).unwrap();
    let (opened, _) = grant.open_to_memory(source, 1 << 20, &Execution::default()).unwrap();
    assert_eq!(*opened, content(500));
}

#[test]
fn key_that_is_named_twice_is_asked_once() {
    let (scene, [first, second, _]) = three(Scene::new());
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let names = [&first, &second, &first, &second];
    let wish = seal_wish(&names, true);
    let granted = pollster::block_on(scene.custodian().seal(&login, request(), &wish));
    drop(granted.unwrap());
    assert_eq!(keys.asked(), [Asked::Generate, Asked::Wrap]);
}

#[test]
fn one_key_that_fails_keeps_the_package_from_being_sealed() {
    let (mut scene, [first, second, third]) = three(Scene::new());
    scene.change(|change| change.disable_key(&second));
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let names = [&first, &second, &third];
    let wish = seal_wish(&names, true);
    let granted = pollster::block_on(scene.custodian().seal(&login, request(), &wish));
    let why = granted.map(drop).unwrap_err();
    assert!(matches!(why, Refused::Key(_)), "{why:?}");
    assert_eq!(keys.asked(), [Asked::Generate, Asked::Wrap], "the third is not asked");
    let denied = Outcome::Denied(Denial::KeyDisabled);
    assert_eq!(told.operations(), [(Action::Seal, Some(denied))]);
}

#[test]
fn each_key_must_be_one_that_the_policy_allows() {
    let allowing = |names: &[&str]| {
        let names = names.iter().map(|name| medsec_policy::KeyName::new(name).unwrap()).collect();
        three(Scene::set(|settings| settings.sealing.allowed_keys = Some(names)))
    };
    for (allowed, may) in [
        (&[DATASET][..], false),
        (&["ct-2026"], false),
        (&["ct-2026", DATASET], true),
        (&["ct-2026", DATASET, "us-2026"], true),
    ] {
        let (scene, [first, second, _]) = allowing(allowed);
        let names = [&first, &second];
        let wish = seal_wish(&names, true);
        let granted = pollster::block_on(scene.custodian().seal(&scene.ada(), request(), &wish));
        match granted.map(drop) {
            Ok(()) => assert!(may, "{allowed:?}"),
            Err(Refused::Demand(Demand::Key)) => assert!(!may, "{allowed:?}"),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_key_must_be_young_enough() {
    let set = |settings: &mut medsec_policy::Settings| {
        settings.sealing.max_key_age_days = Some(30);
    };
    let (mut scene, [first, second, _]) = three(Scene::set(set));
    scene.clock.advance(Duration::from_secs(31 * 86_400));
    scene.change(|change| change.rotate_key(&first));
    let custodian = scene.custodian();
    let young = [&first];
    let wish = seal_wish(&young, true);
    drop(pollster::block_on(custodian.seal(&scene.ada(), request(), &wish)).unwrap());
    let refused = |wish: &SealWish<'_>| {
        let granted = pollster::block_on(custodian.seal(&scene.ada(), request(), wish));
        granted.map(drop).unwrap_err()
    };
    for names in [[&first, &second], [&second, &first]] {
        let why = refused(&seal_wish(&names, true));
        assert!(matches!(why, Refused::Demand(Demand::KeyAge)), "{why:?}");
    }
}

#[test]
fn package_is_rewrapped_to_several_keys() {
    let (scene, [first, second, third]) = three(Scene::new());
    let package = scene.sealed(10);
    let (custodian, login) = (scene.custodian(), scene.ada());
    let counted = scene.keys(&scene.ada);
    let counting = scene.login(&scene.ada, Arc::clone(&counted) as _);
    let grant = granted(&scene, &package).unwrap();
    let keys = [&second, &third, &second];
    let kept = grant.header().stanzas().to_vec();
    let wanted = WantedRecipients { kept, added: Vec::new(), keys: &keys };
    let list = pollster::block_on(custodian.list_for(&counting, &grant, wanted)).unwrap();
    assert_eq!(counted.asked(), [Asked::Wrap, Asked::Wrap]);
    let mut locked = medsec_crypto::LockedPackage::open(&package).unwrap();
    let confirm = |found: &medsec_crypto::Header| pollster::block_on(grant.confirm(&login, found));
    let result = grant.rewrap(&mut locked, &list, confirm);
    grant.finish(result.as_ref()).unwrap();
    result.unwrap();
    let refs: Vec<_> =
        header(&package).unwrap().stanzas().iter().map(|s| s.key_ref().clone()).collect();
    assert_eq!(refs, [&first, &second, &third].map(|name| key_ref(&scene, name)));
}
