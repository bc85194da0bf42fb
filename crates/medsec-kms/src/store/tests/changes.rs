//! What one change does, what it refuses, and what time does to it.

use medsec_crypto::HpkeRecipient;

use super::*;
use crate::KeyServiceError;
use crate::service::KeyState;

/// Runs `act` in a change that is then committed.
fn change<T>(store: &mut LocalStore, now: u64, act: impl FnOnce(&mut Change<'_>) -> T) -> T {
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(now)).unwrap();
    let done = act(&mut change);
    change.commit().unwrap();
    done
}

fn state_of(store: &LocalStore) -> KeyState {
    store.key(&name("ct")).unwrap().describe().state
}

#[test]
fn user_with_key_of_low_order_is_refused() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    change(&mut store, 1, |change| {
        // Points of X25519 on which every private key agrees.
        let mut one = [0; 32];
        one[0] = 1;
        for point in [[0; 32], one] {
            let Ok(recipient) = HpkeRecipient::new(HpkeKind::X25519, &point) else { continue };
            let signer = Some(Keys::new(9).signer.verifying_key());
            let new = NewUser { name: user("low"), recipient, signer, role: Role::Administrator };
            assert!(matches!(change.add_user(new), Err(ChangeError::PublicKey)));
        }
        // Nothing of it was kept.
        change.create_key(&spec("ct")).unwrap();
    });
    assert_eq!((store.users().count(), store.administrators().len()), (1, 1));
}

#[test]
fn refused_step_leaves_nothing_in_the_change() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    change(&mut store, 1, |change| {
        change.create_key(&spec("ct")).unwrap();
        change.add_user(Keys::new(2).as_new("ann", Role::User)).unwrap();
        let unsigned = NewUser { signer: None, ..Keys::new(3).as_new("bob", Role::Administrator) };
        assert!(matches!(change.add_user(unsigned), Err(ChangeError::NoSigner)));
        assert!(matches!(change.grant(&user("bob"), &name("ct")), Err(ChangeError::NoSuchUser)));
        assert!(matches!(change.revoke(&user("ann"), &name("ct")), Err(ChangeError::NotGranted)));
        assert!(matches!(change.revoke(&user("root"), &name("ct")), Err(ChangeError::HoldsAll)));
        assert!(matches!(change.dismiss(&user("root")), Err(ChangeError::Oneself)));
        assert!(matches!(change.offboard(&user("root")), Err(ChangeError::Oneself)));
        assert!(matches!(change.dismiss(&user("ann")), Err(ChangeError::NotAdministrator)));
        assert!(matches!(change.create_key(&spec("ct")), Err(ChangeError::KeyExists)));
        assert!(matches!(change.create_key(&spec("a:b")), Err(ChangeError::Name)));
    });
    assert_eq!(store.users().count(), 2);
    assert_eq!(store.key(&name("ct")).unwrap().versions().count(), 1);
}

#[test]
fn name_and_keys_of_a_past_user_are_not_given_again() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    change(&mut store, 1, |change| {
        change.add_user(Keys::new(2).as_new("ann", Role::User)).unwrap();
        change.offboard(&user("ann")).unwrap();
        let (same_name, same_keys) = (Keys::new(3).as_new("ann", Role::User), Keys::new(2));
        assert!(matches!(change.add_user(same_name), Err(ChangeError::UserExists)));
        let renamed = same_keys.as_new("anne", Role::User);
        assert!(matches!(change.add_user(renamed), Err(ChangeError::UserExists)));
        assert!(matches!(change.appoint(&user("ann")), Err(ChangeError::NoSuchUser)));
    });
}

#[test]
fn dropped_change_changes_nothing() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let before = std::fs::read(home.path().join("store/state")).unwrap();
    let root = Keys::new(1);
    let mut dropped = store.change(root.administrator(), at(1)).unwrap();
    dropped.create_key(&spec("ct")).unwrap();
    drop(dropped);
    assert!(std::fs::read(home.path().join("store/state")).unwrap() == before);
}

#[test]
fn second_writer_is_told_to_wait() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let mut other = store.clone();
    let root = Keys::new(1);
    let held = store.change(root.administrator(), at(1)).unwrap();
    let refused = other.change(root.administrator(), at(1)).map(drop);
    assert!(matches!(refused, Err(ChangeError::Locked)));
    drop(held);
    other.change(root.administrator(), at(1)).unwrap();
}

#[test]
fn clock_set_back_destroys_nothing_early() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    // A clock that was a year ahead, once.
    change(&mut store, 31_536_000, |change| change.create_key(&spec("ct")).unwrap());
    change(&mut store, 100, |change| {
        change.schedule_destruction(&name("ct"), at(100 + 604_800)).unwrap();
    });
    assert!(matches!(state_of(&store), KeyState::PendingDestruction { .. }));
    change(&mut store, 604_000, |change| change.create_key(&spec("mri")).unwrap());
    assert!(matches!(state_of(&store), KeyState::PendingDestruction { .. }));
    change(&mut store, 700_000, |change| change.create_key(&spec("us")).unwrap());
    assert!(matches!(state_of(&store), KeyState::Destroyed { .. }));
}

#[test]
fn store_never_says_it_was_changed_earlier_than_before() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    change(&mut store, 1000, |change| change.create_key(&spec("ct")).unwrap());
    change(&mut store, 10, |change| change.create_key(&spec("mri")).unwrap());
    assert_eq!(store.changed(), at(1000).into());
    let copy = home.path().join("copy");
    store.back_up(&copy).unwrap();
    let root = Keys::new(1);
    let by = root.administrator();
    let restored =
        LocalStore::restore(place_in(home.path()), &copy, Present::GiveUp, by, at(5)).unwrap();
    assert_eq!(restored.store.changed(), at(1000).into());
}

#[test]
fn key_whose_time_has_come_goes_with_any_change() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    change(&mut store, 1, |change| {
        change.create_key(&spec("ct")).unwrap();
        change.schedule_destruction(&name("ct"), at(50)).unwrap();
    });
    change(&mut store, 49, |change| change.create_key(&spec("mri")).unwrap());
    assert!(matches!(state_of(&store), KeyState::PendingDestruction { .. }));
    change(&mut store, 50, |_| ());
    assert!(matches!(state_of(&store), KeyState::Destroyed { .. }));
    let own = HpkeIdentity::take_from(HpkeKind::X25519, &mut [1; 32]).unwrap();
    let refused = store.unlock(own).unwrap().newest(&name("ct"));
    assert!(matches!(refused, Err(KeyServiceError::Destroyed)));
}

#[test]
fn nothing_printed_shows_a_path_or_a_key() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let own = HpkeIdentity::take_from(HpkeKind::X25519, &mut [1; 32]).unwrap();
    let mut said = format!("{store:?} {:#?} {:?}", store.place(), store.unlock(own).unwrap());
    let root = Keys::new(1);
    let change = store.change(root.administrator(), at(1)).unwrap();
    said.push_str(&format!("{change:?} {:?}", root.administrator()));
    assert!(!said.contains('/') && !said.contains("store/"), "{said}");
    assert!(!said.contains("[1, 1") && !said.contains("0101"), "{said}");
}
