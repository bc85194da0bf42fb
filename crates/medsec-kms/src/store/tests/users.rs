//! Random sequences of changes against a model of who holds what.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::state::Condition;
use super::super::wrap::{self, Place};
use super::*;

const USERS: [&str; 3] = ["ann", "bob", "cid"];
const KEYS: [&str; 3] = ["ct", "mri", "us"];

#[derive(Clone, Copy, Debug)]
enum Step {
    AddUser(usize),
    Offboard(usize),
    Appoint(usize),
    Dismiss(usize),
    Create(usize),
    Rotate(usize),
    Destroy(usize),
    DestroyFirst(usize),
    Disable(usize),
    Enable(usize),
    Grant(usize, usize),
    Revoke(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..12_u8, 0..3_usize, 0..3_usize).prop_map(|(kind, user, key)| match kind {
        0 => Step::AddUser(user),
        1 => Step::Offboard(user),
        2 => Step::Appoint(user),
        3 => Step::Dismiss(user),
        4 => Step::Create(key),
        5 => Step::Rotate(key),
        6 if user == 0 => Step::Destroy(key),
        6 => Step::DestroyFirst(key),
        7 => Step::Disable(key),
        8 => Step::Enable(key),
        9 => Step::Revoke(user, key),
        _ => Step::Grant(user, key),
    });
    proptest::collection::vec(step, 0..40)
}

/// What a store should hold.
#[derive(Clone, Debug, Default)]
struct Model {
    /// Users ever added; `true` while present.
    users: BTreeMap<usize, bool>,
    administrators: BTreeSet<usize>,
    keys: BTreeMap<usize, ModelKey>,
}

#[derive(Clone, Debug, Default)]
struct ModelKey {
    /// Versions that are there, and the newest number.
    present: BTreeSet<u32>,
    newest: u32,
    holders: BTreeSet<usize>,
    enabled: bool,
    destroyed: bool,
}

impl ModelKey {
    fn renew(&mut self) {
        self.newest += 1;
        self.present.insert(self.newest);
    }
}

impl Model {
    fn is_present(&self, user: usize) -> bool {
        self.users.get(&user) == Some(&true)
    }

    /// Does the step; `false` if it is refused.
    fn take(&mut self, step: Step) -> bool {
        match step {
            Step::AddUser(user) => {
                let new = !self.users.contains_key(&user);
                self.users.entry(user).or_insert(true);
                new
            }
            Step::Offboard(user) => self.is_present(user) && self.offboard(user),
            Step::Appoint(user) => self.is_present(user) && self.appoint(user),
            Step::Dismiss(user) => self.is_present(user) && self.administrators.remove(&user),
            Step::Create(key) => self.create(key),
            Step::Grant(user, key) => self.is_present(user) && self.grant(user, key),
            Step::Revoke(user, key) => self.is_present(user) && self.revoke(user, key),
            Step::Rotate(key) => {
                self.change(key, |key| key.enabled && !key.destroyed, ModelKey::renew)
            }
            Step::Disable(key) => {
                self.change(key, |key| key.enabled && !key.destroyed, |key| key.enabled = false)
            }
            Step::Enable(key) => {
                self.change(key, |key| !key.enabled && !key.destroyed, |key| key.enabled = true)
            }
            Step::Destroy(key) => self.change(
                key,
                |key| !key.destroyed,
                |key| {
                    key.destroyed = true;
                    key.present.clear();
                    key.holders.clear();
                },
            ),
            Step::DestroyFirst(key) => {
                let may = |key: &ModelKey| key.newest > 1 && key.present.contains(&1);
                self.change(key, may, |key| key.present.retain(|number| *number != 1))
            }
        }
    }

    fn change(
        &mut self,
        key: usize,
        may: impl Fn(&ModelKey) -> bool,
        then: impl FnOnce(&mut ModelKey),
    ) -> bool {
        let found = self.keys.get_mut(&key).filter(|key| may(key));
        found.map(then).is_some()
    }

    fn create(&mut self, key: usize) -> bool {
        if self.keys.contains_key(&key) {
            return false;
        }
        let holders = self.administrators.clone();
        let mut new = ModelKey { holders, enabled: true, ..ModelKey::default() };
        new.renew();
        self.keys.insert(key, new);
        true
    }

    fn grant(&mut self, user: usize, key: usize) -> bool {
        let found = self.keys.get_mut(&key).filter(|key| !key.destroyed);
        found.is_some_and(|key| key.holders.insert(user))
    }

    fn revoke(&mut self, user: usize, key: usize) -> bool {
        let administers = self.administrators.contains(&user);
        let found = self.keys.get_mut(&key).filter(|_| !administers);
        found.is_some_and(|key| {
            key.holders.remove(&user) && {
                key.renew();
                true
            }
        })
    }

    fn appoint(&mut self, user: usize) -> bool {
        self.administrators.insert(user);
        self.keys.values_mut().filter(|key| !key.destroyed).for_each(|key| {
            key.holders.insert(user);
        });
        true
    }

    fn offboard(&mut self, user: usize) -> bool {
        self.administrators.remove(&user);
        for key in 0..KEYS.len() {
            self.revoke(user, key);
        }
        self.users.insert(user, false);
        true
    }
}

/// The same step on the store.
fn apply(change: &mut Change<'_>, step: Step) -> Result<(), ChangeError> {
    let (u, k) = (|at: usize| user(USERS[at]), |at: usize| name(KEYS[at]));
    match step {
        Step::AddUser(at) => change.add_user(keys_of(at).as_new(USERS[at], Role::User)),
        Step::Offboard(at) => change.offboard(&u(at)).map(drop),
        Step::Appoint(at) => change.appoint(&u(at)),
        Step::Dismiss(at) => change.dismiss(&u(at)),
        Step::Create(at) => change.create_key(&spec(KEYS[at])),
        Step::Rotate(at) => change.rotate_key(&k(at)),
        Step::Destroy(at) => change.destroy_key(&k(at)),
        Step::DestroyFirst(at) => change.destroy_version(&k(at), 1),
        Step::Disable(at) => change.disable_key(&k(at)),
        Step::Enable(at) => change.enable_key(&k(at)),
        Step::Grant(user, key) => change.grant(&u(user), &k(key)),
        Step::Revoke(user, key) => change.revoke(&u(user), &k(key)).map(drop),
    }
}

fn keys_of(user: usize) -> Keys {
    Keys::new(10 + u8::try_from(user).unwrap())
}

/// What views, unlocked keys and raw wraps show must be what the model says.
fn compare(store: &LocalStore, model: &Model) {
    for (at, text) in USERS.iter().enumerate() {
        let view = store.users().find(|view| view.name().as_str() == *text);
        let present = view.is_some_and(|view| view.offboarded().is_none());
        assert_eq!(present, model.is_present(at));
        let administers = view.is_some_and(|view| view.is_administrator());
        assert_eq!(administers, model.administrators.contains(&at));
        for (number, key_text) in KEYS.iter().enumerate() {
            let Some(key) = model.keys.get(&number) else {
                assert!(store.key(&name(key_text)).is_none());
                continue;
            };
            let held = key.holders.contains(&at);
            let granted =
                view.is_some_and(|view| view.grants().any(|key| key.as_str() == *key_text));
            assert_eq!(granted, held);
            let versions: Vec<u32> = store.key(&name(key_text)).unwrap().versions().collect();
            assert!(versions.iter().eq(&key.present));
            let raw = raw_versions(store, at, key_text);
            assert!(if held { raw.iter().eq(&key.present) } else { raw.is_empty() });
            let usable = held && key.enabled && !key.destroyed;
            let unlocked = store.unlock(keys_of(at).identity);
            assert_eq!(unlocked.is_ok(), present);
            let newest = unlocked.is_ok_and(|keys| keys.newest(&name(key_text)).is_ok());
            assert_eq!(newest, usable);
        }
    }
}

/// Versions that the user's private key unwraps from what stands in the store, whatever it says of the key.
fn raw_versions(store: &LocalStore, at: usize, key_text: &str) -> Vec<u32> {
    let key = &store.state.keys[&name(key_text)];
    let mut found = Vec::new();
    for version in &key.versions {
        let number = version.number;
        let place = Place { store: store.id(), key: key.id, version: number };
        let identity = keys_of(at).identity;
        let opens = |wrapped| wrap::unwrap(wrapped, &place, &user(USERS[at]), &identity).is_ok();
        if version.wraps.values().any(opens) {
            found.push(number);
        }
    }
    assert!(!matches!(key.condition, Condition::Destroyed { .. }) || found.is_empty());
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_changes_leaves_what_the_model_says(steps in steps()) {
        let home = tempfile::tempdir().unwrap();
        let mut store = create(home.path()).unwrap();
        let (root, mut model, mut commits) = (Keys::new(1), Model::default(), 1);
        for step in steps {
            let mut change = store.change(root.administrator(), at(commits)).unwrap();
            let expected = model.take(step);
            let done = apply(&mut change, step);
            prop_assert_eq!(done.is_ok(), expected, "{:?}: {:?}", step, done);
            // Refused or not: what is committed is what the model says.
            commits += u64::from(change.is_changed());
            change.commit().unwrap();
            compare(&store, &model);
        }
        let read = LocalStore::open(place_in(home.path())).unwrap();
        prop_assert_eq!(read.generation(), commits);
        compare(&read, &model);
    }
}
