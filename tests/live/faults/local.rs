//! The local key store, which has no server: its disk does what goes wrong.

use std::fs;

use medsec_crypto::{Bind, Dek, HpkeIdentity, HpkeKind, SigningKey, Stanza, Timestamp};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    Administrator, Change, ChangeError, KeyContext, KeyName, KeyService, KeyServiceError, KeySpec,
    LocalStore, StoreError, StorePlace, UserKeys, UserName,
};
use pollster::block_on;
use tempfile::TempDir;

/// A store with the key `mri`, and a data key under it.
struct Scene {
    home: TempDir,
    secret: [u8; 32],
    signer: SigningKey,
    dek: Dek,
    stanza: Stanza,
}

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([0x17; 32]), dataset: None }
}

fn mri() -> KeyName {
    KeyName::new("mri").unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

impl Scene {
    fn new() -> Self {
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let (identity, signer) =
            (HpkeIdentity::generate(HpkeKind::X25519).unwrap(), SigningKey::generate().unwrap());
        let user = UserName::new("root").unwrap();
        LocalStore::create(place(&home), &user, &identity, &signer, at(0)).unwrap();
        let mut made = Self {
            home,
            secret: *identity.expose_secret(),
            signer,
            dek: Dek::generate().unwrap(),
            stanza: Stanza::new(medsec_crypto::Identity::key_ref(&identity), vec![0; 80]).unwrap(),
        };
        made.change(1, |change| change.create_key(&KeySpec { name: mri(), max_age_days: None }));
        let (keys, key, context) = (made.keys(), mri(), context());
        let wrapped = KeyService::wrap_dek(&keys, &key, &made.dek, &context);
        made.stanza = block_on(wrapped).unwrap();
        made
    }

    fn identity(&self) -> HpkeIdentity {
        let mut secret = self.secret;
        HpkeIdentity::take_from(HpkeKind::X25519, &mut secret).unwrap()
    }

    fn keys(&self) -> UserKeys {
        LocalStore::open(place(&self.home)).unwrap().unlock(self.identity()).unwrap()
    }

    fn change(&self, time: u64, change: impl FnOnce(&mut Change<'_>) -> Result<(), ChangeError>) {
        let identity = self.identity();
        let by = Administrator { identity: &identity, signer: &self.signer };
        let mut store = LocalStore::open(place(&self.home)).unwrap();
        let mut begun = store.change(by, at(time)).unwrap();
        change(&mut begun).unwrap();
        begun.commit().unwrap();
    }

    fn unwrap(&self) -> Result<Dek, KeyServiceError> {
        self.unwrap_as(&self.stanza, &context())
    }

    fn unwrap_as(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        block_on(KeyService::unwrap_dek(&self.keys(), stanza, context))
    }
}

fn place(home: &TempDir) -> StorePlace {
    let folder = home.path().join("store");
    StorePlace { folder, mark: Some(home.path().join("mark")), expected: None }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a data key wrapped by the local store for one package is not unwrapped for another",
    polarity = deny,
)]
fn wrong_context_is_not_authentic(ev: Ev) -> Proven {
    let scene = Scene::new();
    let refused = scene.unwrap_as(
        &scene.stanza,
        &KeyContext { bind: Bind::from_bytes([0x18; 32]), dataset: None },
    );
    ev.denies(refused, |e| matches!(e, KeyServiceError::NotAuthentic));
    ev.allows(scene.unwrap());
    ev.proven()
}

#[test]
fn ciphertext_of_another_key_is_not_authentic() {
    let (scene, other) = (Scene::new(), Scene::new());
    let reference = scene.stanza.key_ref().clone();
    let moved = Stanza::new(reference, other.stanza.wrapped().to_vec()).unwrap();
    let refused = scene.unwrap_as(&moved, &context());
    assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
}

#[test]
fn disabled_key_is_told() {
    let scene = Scene::new();
    scene.change(2, |change| change.disable_key(&mri()));
    let refused = scene.unwrap();
    assert!(matches!(refused, Err(KeyServiceError::Disabled)), "{refused:?}");
    scene.change(3, |change| change.enable_key(&mri()));
    assert!(scene.unwrap().unwrap().expose_secret() == scene.dek.expose_secret());
}

#[test]
fn key_that_is_to_be_destroyed_is_told() {
    let scene = Scene::new();
    scene.change(2, |change| change.schedule_destruction(&mri(), at(7 * 86_400)));
    let refused = scene.unwrap();
    assert!(matches!(refused, Err(KeyServiceError::PendingDestruction)), "{refused:?}");
}

#[test]
fn trimmed_version_does_not_come_back() {
    let scene = Scene::new();
    scene.change(2, |change| change.rotate_key(&mri()));
    let (dek, new) = block_on(scene.keys().generate_dek(&mri(), &context())).unwrap();
    scene.change(3, |change| change.destroy_version(&mri(), 1));
    let refused = scene.unwrap();
    assert!(matches!(refused, Err(KeyServiceError::Destroyed)), "{refused:?}");
    let found = block_on(scene.keys().unwrap_dek(&new, &context())).unwrap();
    assert!(found.expose_secret() == dek.expose_secret());
}

/// Destroyed when its time has come, with the next change of the store.
#[test]
fn destroyed_key_is_no_key() {
    let scene = Scene::new();
    scene.change(2, |change| change.schedule_destruction(&mri(), at(7 * 86_400)));
    let other = KeySpec { name: KeyName::new("ct").unwrap(), max_age_days: None };
    scene.change(8 * 86_400, |change| change.create_key(&other));
    let refused = scene.unwrap();
    assert!(matches!(refused, Err(KeyServiceError::Destroyed)), "{refused:?}");
}

#[test]
fn batch_with_a_bad_item_keeps_the_good_ones() {
    let scene = Scene::new();
    let other = KeyContext { bind: Bind::from_bytes([0x18; 32]), dataset: None };
    let item = |context| (scene.stanza.clone(), context);
    let items = [item(context()), item(other), item(context())];
    let (keys, key) = (scene.keys(), mri());
    let answers = block_on(keys.rewrap_deks(&items, &key));
    let found: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(found, [true, false, true]);
    assert!(matches!(answers[1], Err(KeyServiceError::NotAuthentic)), "{:?}", answers[1]);
}

#[test]
fn rotated_key_opens_what_older_versions_sealed() {
    let scene = Scene::new();
    scene.change(2, |change| change.rotate_key(&mri()));
    assert!(scene.unwrap().unwrap().expose_secret() == scene.dek.expose_secret());
}

#[test]
fn restored_older_state_is_told() {
    let scene = Scene::new();
    let state = scene.home.path().join("store").join("state");
    let older = fs::read(&state).unwrap();
    scene.change(2, |change| change.rotate_key(&mri()));
    fs::write(&state, older).unwrap();
    let opened = LocalStore::open(place(&scene.home)).map(drop);
    assert!(matches!(opened, Err(StoreError::RolledBack { .. })), "{opened:?}");
}

#[test]
fn altered_state_is_not_believed() {
    let scene = Scene::new();
    let state = scene.home.path().join("store").join("state");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(&state, text.replacen("mri", "mrx", 1)).unwrap();
    let opened = LocalStore::open(place(&scene.home)).map(drop);
    assert!(matches!(opened, Err(StoreError::NotAuthentic)), "{opened:?}");
}
