//! What all modules share: people with keys, a store of theirs, and its files as anyone finds them.

pub(crate) mod package;
pub(crate) mod raw;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use medsec_crypto::{HpkeIdentity, HpkeKind, SigningKey, Timestamp};
use medsec_kms::{
    Administrator, Change, ChangeError, KeyName, KeySpec, LocalStore, NewUser, Role, StorePlace,
    UserKeys, UserName,
};
use tempfile::TempDir;

/// The time, so many seconds after the store was made.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(1_800_000_000 + seconds)
}

pub(crate) fn key(name: &str) -> KeyName {
    KeyName::new(name).unwrap()
}

pub(crate) fn spec(name: &str) -> KeySpec {
    KeySpec { name: key(name), max_age_days: None }
}

/// Somebody with a key to open with and one to sign with.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: UserName,
    pub(crate) identity: HpkeIdentity,
    pub(crate) signer: SigningKey,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: UserName::new(name).unwrap(),
            identity: HpkeIdentity::generate(HpkeKind::X25519).unwrap(),
            signer: SigningKey::generate().unwrap(),
        }
    }

    /// The founder of a scene again, in another process.
    pub(crate) fn of(mut identity: [u8; 32], mut seed: [u8; 32]) -> Self {
        Self {
            name: UserName::new("root").unwrap(),
            identity: HpkeIdentity::take_from(HpkeKind::X25519, &mut identity).unwrap(),
            signer: SigningKey::take_from(&mut seed).unwrap(),
        }
    }

    pub(crate) const fn administrator(&self) -> Administrator<'_> {
        Administrator { identity: &self.identity, signer: &self.signer }
    }

    /// The same identity once more.
    pub(crate) fn identity(&self) -> HpkeIdentity {
        let mut secret = *self.identity.expose_secret();
        HpkeIdentity::take_from(self.identity.recipient().kind(), &mut secret).unwrap()
    }

    pub(crate) fn signer(&self) -> SigningKey {
        SigningKey::take_from(&mut self.signer.expose_seed().to_vec()).unwrap()
    }

    pub(crate) fn as_new(&self, role: Role) -> NewUser {
        NewUser {
            name: self.name.clone(),
            recipient: self.identity.recipient().clone(),
            signer: Some(self.signer.verifying_key()),
            role,
        }
    }
}

/// A store on disk, and its founder.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) home: TempDir,
    pub(crate) root: Person,
    pub(crate) store: LocalStore,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let root = Person::new("root");
        let place = place_in(home.path());
        let store =
            LocalStore::create(place, &root.name, &root.identity, &root.signer, at(0)).unwrap();
        Self { home, root, store }
    }

    /// A store with one key, and users who hold it.
    pub(crate) fn with(name: &str, users: &[&Person]) -> Self {
        let mut scene = Self::new();
        scene.change(|change| {
            change.create_key(&spec(name))?;
            users.iter().try_for_each(|user| {
                change.add_user(user.as_new(Role::User))?;
                change.grant(&user.name, &key(name))
            })
        });
        scene
    }

    pub(crate) fn place(&self) -> StorePlace {
        place_in(self.home.path())
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join("store")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder().join("state")
    }

    pub(crate) fn mark(&self) -> PathBuf {
        self.home.path().join("mark")
    }

    /// Changes the store as its founder.
    #[track_caller]
    pub(crate) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Change<'_>) -> Result<T, ChangeError>,
    ) -> T {
        change_as(&mut self.store, &self.root, change).unwrap()
    }

    /// The keys of a user as the store on disk is now.
    #[track_caller]
    pub(crate) fn keys(&self, person: &Person) -> UserKeys {
        LocalStore::open(self.place()).unwrap().unlock(person.identity()).unwrap()
    }

    /// All files below the scene's folder.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.home.path(), &mut files);
        files
    }
}

pub(crate) fn change_as<T>(
    store: &mut LocalStore,
    by: &Person,
    change: impl FnOnce(&mut Change<'_>) -> Result<T, ChangeError>,
) -> Result<T, ChangeError> {
    let mut begun = store.change(by.administrator(), at(store.generation() * 60))?;
    let done = change(&mut begun)?;
    begun.commit()?;
    Ok(done)
}

pub(crate) fn place_in(home: &Path) -> StorePlace {
    StorePlace { folder: home.join("store"), mark: Some(home.join("mark")), expected: None }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}
