//! What is told apart when keys are not given, and what is not.

use std::fs;

use medsec_crypto::{KeyRef, StanzaKind};
use medsec_kms::{
    Argon2Params, IdentityFile, KeyKind, LoadError, LocalStore, Passphrase, PrivateKey, Standing,
    UnlockError, UnlockStoreError,
};

use crate::support::{Person, Scene, at, key};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
}

#[test]
fn wrong_passphrase_and_altered_file_are_one_error() {
    let params = Argon2Params::new(8, 1, 1).unwrap();
    let key = PrivateKey::generate(KeyKind::X25519).unwrap();
    let file = IdentityFile::protected(&key, at(0), &passphrase("right"), params).unwrap();
    let wrong = file.unlock(Some(&passphrase("wrong"))).unwrap_err();
    let text = file.render().replace("2027-01-15T08:00:00Z", "2027-01-15T08:00:01Z");
    let altered = IdentityFile::parse(text.as_bytes()).unwrap();
    let altered = altered.unlock(Some(&passphrase("right"))).unwrap_err();
    assert_eq!((&wrong, &altered), (&UnlockError::NotAuthentic, &UnlockError::NotAuthentic));
    assert_eq!(format!("{wrong} {wrong:?}"), format!("{altered} {altered:?}"));
}

#[test]
fn missing_file_is_told_as_such() {
    let scene = Scene::new();
    let missing = IdentityFile::load(&scene.home.path().join("nobody.identity")).unwrap_err();
    assert!(matches!(missing, LoadError::Io(e) if e.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn identity_of_another_store_is_nobody_here() {
    let (scene, other) = (Scene::new(), Scene::new());
    let refused = scene.store.unlock(other.root.identity()).unwrap_err();
    assert_eq!(refused, UnlockStoreError::NoSuchUser);
    let never = scene.store.unlock(Person::new("nobody").identity()).unwrap_err();
    assert_eq!(refused, never);
}

#[test]
fn only_recipients_of_the_store_stand_under_its_keys() {
    let (mut scene, other) = (Scene::with("ct", &[]), Scene::with("ct", &[]));
    let newest = |scene: &Scene| scene.store.key(&key("ct")).unwrap().newest().unwrap();
    let first = newest(&scene);
    let mut unknown = first.as_bytes().to_vec();
    unknown[16] ^= 1;
    let unknown = KeyRef::new(StanzaKind::LocalKek, &unknown).unwrap();
    let elsewhere = KeyRef::new(StanzaKind::HpkeX25519, &[9; 32]).unwrap();
    for none in [newest(&other), unknown, elsewhere] {
        assert_eq!(scene.store.standing(&none), None);
    }
    scene.change(|change| change.rotate_key(&key("ct")));
    for (recipient, version) in [(first, 1), (newest(&scene), 2)] {
        let standing = Standing { key: key("ct"), version: Some(version) };
        assert_eq!(scene.store.standing(&recipient), Some(standing));
    }
}

#[test]
fn wrap_for_somebody_else_is_no_key_of_the_users() {
    // An administrator who writes rubbish in a user's place is noticed when the key is used, and not before.
    let ann = Person::new("ann");
    let scene = Scene::with("ct", &[&ann]);
    let text = fs::read_to_string(scene.state()).unwrap();
    let wraps = crate::support::raw::wraps_in(&scene.state());
    let (for_ann, for_root) = (&wraps[0].text, &wraps[1].text);
    let body = text.splitn(3, '\n').nth(2).unwrap().replace(for_ann.as_str(), for_root);
    fs::write(scene.state(), crate::forgery::signed(&body, &scene.root.signer)).unwrap();
    fs::remove_file(scene.mark()).unwrap();
    let store = LocalStore::open(scene.place()).unwrap();
    let keys = store.unlock(ann.identity()).unwrap();
    let refused = keys.newest(&key("ct"));
    assert!(matches!(refused, Err(medsec_kms::KeyServiceError::Untrusted)));
}
