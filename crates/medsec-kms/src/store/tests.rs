use medsec_crypto::{HpkeKind, Kek};

use super::*;
use crate::service::KeySpec;

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn user(text: &str) -> UserName {
    UserName::new(text).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

struct Keys {
    identity: HpkeIdentity,
    signer: SigningKey,
}

impl Keys {
    fn new() -> Self {
        let identity = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
        Self { identity, signer: SigningKey::generate().unwrap() }
    }

    fn administrator(&self) -> Administrator<'_> {
        Administrator { identity: &self.identity, signer: &self.signer }
    }

    fn again(&self) -> HpkeIdentity {
        let mut secret = *self.identity.expose_secret();
        HpkeIdentity::take_from(HpkeKind::X25519, &mut secret).unwrap()
    }
}

#[test]
fn user_holds_exactly_what_was_granted() {
    let folder = tempfile::tempdir().unwrap();
    let place = StorePlace {
        folder: folder.path().join("store"),
        mark: Some(folder.path().join("mark")),
        expected: None,
    };
    let (admin, ann) = (Keys::new(), Keys::new());
    let mut store =
        LocalStore::create(place.clone(), &user("root"), &admin.identity, &admin.signer, at(0))
            .unwrap();
    let mut change = store.change(admin.administrator(), at(1)).unwrap();
    for key in ["ct", "mri"] {
        change.create_key(&KeySpec { name: name(key), max_age_days: Some(365) }).unwrap();
    }
    change
        .add_user(NewUser {
            name: user("ann"),
            recipient: ann.identity.recipient().clone(),
            signer: None,
            role: Role::User,
        })
        .unwrap();
    change.grant(&user("ann"), &name("ct")).unwrap();
    change.commit().unwrap();
    let store = LocalStore::open(place).unwrap();
    assert_eq!(store.generation(), 2);
    let keys = store.unlock(ann.again()).unwrap();
    assert!(keys.newest(&name("ct")).is_ok());
    assert!(keys.newest(&name("mri")).is_err());
    let _ = Kek::generate();
}
