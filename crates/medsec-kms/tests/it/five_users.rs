//! Five users and three datasets, with the raw files in hand and the program's checks bypassed.

use medsec_crypto::{NotAuthentic, OpenError};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyServiceError, Role, UnlockStoreError};

use crate::support::package::{open, open_with, seal};
use crate::support::raw::{RawWrap, wraps_in};
use crate::support::{Person, Scene, key, spec};

const DATASETS: [&str; 3] = ["ct", "mri", "us"];
/// Who holds what, besides the administrator.
const GRANTS: [(&str, &[&str]); 5] =
    [("ann", &["ct"]), ("bob", &["ct", "mri"]), ("cid", &["us"]), ("dan", &DATASETS), ("eve", &[])];

fn people() -> Vec<Person> {
    GRANTS.iter().map(|(name, _)| Person::new(name)).collect()
}

/// The store, with two versions of `ct` and three of `us`.
fn scene(people: &[Person]) -> Scene {
    let mut scene = Scene::new();
    scene.change(|change| {
        DATASETS.iter().try_for_each(|name| change.create_key(&spec(name)))?;
        for (person, (_, datasets)) in people.iter().zip(GRANTS) {
            change.add_user(person.as_new(Role::User))?;
            datasets.iter().try_for_each(|name| change.grant(&person.name, &key(name)))?;
        }
        Ok(())
    });
    for name in ["us", "ct", "us"] {
        scene.change(|change| change.rotate_key(&key(name)));
    }
    scene
}

fn is_granted(user: &str, dataset: &str) -> bool {
    user == "root" || GRANTS.iter().any(|(name, all)| *name == user && all.contains(&dataset))
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "with the key store's raw files in hand, a user's private key unwraps no key that was not granted",
    polarity = deny,
)]
fn raw_wraps_deny_everyone_else(ev: Ev) -> Proven {
    let people = people();
    let scene = scene(&people);
    let wraps = wraps_in(&scene.state());
    assert_eq!(wraps.len(), 2 * 4 + 3 + 3 * 3);
    for person in people.iter().chain([&scene.root]) {
        let others = wraps.iter().filter(|wrap| wrap.user != person.name.as_str());
        for wrap in others {
            // As it stands, and in the place of every wrap that is this person's own.
            let moved = wraps.iter().map(|place| wrap.in_place_of(place));
            for tried in moved.chain([wrap.clone()]) {
                let unwrapped = tried.unwrap_with(&person.identity);
                ev.denies(unwrapped, |error| *error == NotAuthentic);
            }
        }
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(a)(2)(iv)"],
    claim = "a user of the key store opens packages of exactly the datasets granted",
    polarity = allow,
)]
fn granted_datasets_open_for_their_users(ev: Ev) -> Proven {
    let people = people();
    let scene = scene(&people);
    let wraps = wraps_in(&scene.state());
    for dataset in DATASETS {
        let package = seal(&scene.keys(&scene.root), dataset).unwrap();
        for person in people.iter().chain([&scene.root]) {
            let keys = scene.keys(person);
            let by_raw: Vec<_> =
                wraps.iter().filter_map(|wrap| wrap.kek_of(&person.identity).ok()).collect();
            let opened = by_raw.iter().filter(|kek| open(&package, kek).is_ok()).count();
            if is_granted(person.name.as_str(), dataset) {
                ev.equal("one raw wrap opens the package", &opened, &1);
                ev.allows(open_with(&package, &keys));
            } else {
                ev.equal("no raw wrap opens the package", &opened, &0);
                let refused = open_with(&package, &keys);
                ev.denies(refused, |e| matches!(e, KeyServiceError::NotPermitted));
            }
        }
    }
    ev.proven()
}

#[test]
fn every_version_granted_unwraps_from_raw_files() {
    let people = people();
    let scene = scene(&people);
    for wrap in wraps_in(&scene.state()) {
        let person = people.iter().chain([&scene.root]).find(|p| p.name.as_str() == wrap.user);
        assert!(is_granted(&wrap.user, &wrap.key));
        assert!(wrap.unwrap_with(&person.unwrap().identity).is_ok());
    }
}

#[test]
fn wraps_of_one_version_hold_one_key() {
    let people = people();
    let scene = scene(&people);
    let wraps = wraps_in(&scene.state());
    let kek = |wrap: &RawWrap| {
        let person = people.iter().chain([&scene.root]).find(|p| p.name.as_str() == wrap.user);
        wrap.unwrap_with(&person.unwrap().identity).unwrap()
    };
    for one in &wraps {
        for other in &wraps {
            let same = (&one.key, one.version) == (&other.key, other.version);
            assert_eq!(kek(one) == kek(other), same);
        }
    }
}

#[evidence(
    hipaa2013::["164.308(a)(3)(ii)(C)", "164.312(a)(1)"],
    claim = "whose access ended opens nothing sealed afterwards, with every state file and all earlier copies",
    polarity = deny,
)]
fn offboarded_user_opens_nothing_sealed_afterwards(ev: Ev) -> Proven {
    let people = people();
    let mut scene = scene(&people);
    let dan = &people[3];
    let before: Vec<_> = DATASETS.map(|name| seal(&scene.keys(dan), name).unwrap()).into();
    let mut copies = wraps_in(&scene.state());
    let held = scene.change(|change| change.offboard(&dan.name));
    assert_eq!(held, [(key("ct"), vec![1, 2]), (key("mri"), vec![1]), (key("us"), vec![1, 2, 3])]);
    let mut after = Vec::new();
    for round in 0..4 {
        copies.extend(wraps_in(&scene.state()));
        after.extend(DATASETS.map(|name| seal(&scene.keys(&scene.root), name).unwrap()));
        let rotated = key(DATASETS[round % 3]);
        scene.change(|change| change.rotate_key(&rotated));
    }
    copies.extend(wraps_in(&scene.state()));
    let keks: Vec<_> = copies.iter().filter_map(|wrap| wrap.kek_of(&dan.identity).ok()).collect();
    ev.equal("the earlier copy gives what was held then", &keks.len(), &6);
    for package in &after {
        for kek in &keks {
            ev.denies(open(package, kek), |e| matches!(e, OpenError::Expectation(_)));
        }
    }
    ev.denies(scene.store.unlock(dan.identity()), |e| *e == UnlockStoreError::Offboarded);
    // What cannot be taken back: an earlier copy still opens what was sealed before.
    for package in &before {
        ev.holds("an earlier copy opens", keks.iter().any(|kek| open(package, kek).is_ok()));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.308(a)(3)(ii)(C)",
    claim = "whose access to one dataset was revoked opens nothing of it sealed afterwards, and keeps the others",
    polarity = deny,
)]
fn revoked_user_opens_only_what_is_left(ev: Ev) -> Proven {
    let people = people();
    let mut scene = scene(&people);
    let bob = &people[1];
    let held = scene.change(|change| change.revoke(&bob.name, &key("ct")));
    assert_eq!(held, [1, 2]);
    let keys = scene.keys(bob);
    let (ct, mri) = (
        seal(&scene.keys(&scene.root), "ct").unwrap(),
        seal(&scene.keys(&scene.root), "mri").unwrap(),
    );
    ev.denies(open_with(&ct, &keys), |e| matches!(e, KeyServiceError::NotPermitted));
    for wrap in wraps_in(&scene.state()).iter().filter(|wrap| wrap.key == "ct") {
        ev.denies(wrap.unwrap_with(&bob.identity), |e| *e == NotAuthentic);
    }
    ev.allows(open_with(&mri, &keys));
    ev.proven()
}
