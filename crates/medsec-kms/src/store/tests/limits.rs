//! What is too large is refused before memory is taken for it.

use std::fs::File;

use super::super::administrators::Step;
use super::super::state::{MAX_GENERATION, MAX_RECENT, MAX_USERS, User};
use super::*;
use crate::text_value::Base64;

/// A state of a new store, changed, and signed as the store would.
fn signed(edit: impl FnOnce(&mut State)) -> Result<State, StoreError> {
    let root = Keys::new(1);
    let mut state = State::found(&user("root"), &root.identity, &root.signer, at(0)).unwrap();
    edit(&mut state);
    text::parse(&text::render(&state, &root.signer).unwrap())
}

#[test]
fn oversize_state_is_not_read() {
    let home = home();
    let _store = create(home.path()).unwrap();
    let path = home.path().join("store/state");
    // No disk holds it: sparse.
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(MAX_STORE_LEN as u64 + 1).unwrap();
    let opened = LocalStore::open(place_in(home.path()));
    assert!(matches!(opened, Err(StoreError::TooLong)));
    assert!(matches!(contents_of_copy(&path), Err(CopyError::TooLong)));
    file.set_len(1 << 50).unwrap_or_default();
    assert!(matches!(contents_of_copy(&path), Err(CopyError::TooLong)));
}

#[test]
fn state_that_is_no_file_is_refused() {
    let home = home();
    let store = create(home.path()).unwrap();
    let path = home.path().join("store/state");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(LocalStore::open(store.place().clone()).is_err());
    assert!(contents_of_copy(Path::new("/dev/null")).is_err());
}

#[test]
fn too_many_users_are_refused() {
    let added = |number: usize| {
        let mut secret = [0; 32];
        secret[8..16].copy_from_slice(&(number as u64).to_le_bytes());
        let identity = HpkeIdentity::take_from(HpkeKind::X25519, &mut secret).unwrap();
        let recipient = PublicKey::from(identity.recipient().clone());
        let user = User { recipient, signer: None, added: at(0).into(), offboarded: None };
        (UserName::new(&format!("u{number}")).unwrap(), user)
    };
    let with = |count: usize| signed(|state| state.users.extend((1..count).map(added)));
    assert!(with(MAX_USERS).is_ok());
    assert!(matches!(with(MAX_USERS + 1), Err(StoreError::Format)));
}

#[test]
fn user_beyond_the_limit_is_not_added() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(1)).unwrap();
    // 64 administrators, and no more.
    for number in 2..=64 {
        let new = Keys::new(number).as_new(&format!("u{number}"), Role::Administrator);
        change.add_user(new).unwrap();
    }
    let one_more = Keys::new(65).as_new("u65", Role::Administrator);
    assert!(matches!(change.add_user(one_more), Err(ChangeError::Full { .. })));
    change.create_key(&spec("ct")).unwrap();
    change.commit().unwrap();
    assert_eq!((store.administrators().len(), store.users().count()), (64, 64));
}

#[test]
fn unsound_states_are_refused_though_signed() {
    type Edit = fn(&mut State);
    let digest = Digest::from_bytes([7; 32]);
    let edits: [Edit; 5] = [
        |state| state.generation = 0,
        |state| state.generation = MAX_GENERATION + 1,
        |state| state.generation = u64::MAX,
        |state| {
            let root = state.users.values().next().unwrap().clone();
            state.users.insert(UserName::new("twin").unwrap(), root);
        },
        |state| {
            state.users.values_mut().for_each(|user| user.recipient = user.signer.clone().unwrap())
        },
    ];
    for (number, edit) in edits.into_iter().enumerate() {
        let refused = signed(edit);
        let named = matches!(refused, Err(StoreError::Format | StoreError::NotAuthentic));
        assert!(named, "{number}");
    }
    let recent = |count| {
        signed(|state| {
            state.generation = 1000;
            state.recent = vec![digest; count];
        })
    };
    assert!(recent(MAX_RECENT).is_ok());
    assert!(matches!(recent(MAX_RECENT + 1), Err(StoreError::Format)));
}

#[test]
fn chain_with_steps_out_of_place_is_not_believed() {
    type Edit = fn(&mut State);
    let edits: [Edit; 3] = [
        |state| state.administrators.clear(),
        |state| {
            let first = state.administrators[0].clone();
            state.administrators.push(first);
        },
        |state| state.store = StoreId::from_bytes([1; 16]),
    ];
    for edit in edits {
        assert!(matches!(signed(edit), Err(StoreError::NotAuthentic)));
    }
}

#[test]
fn step_that_no_administrator_signed_is_not_believed() {
    let stranger = Keys::new(9);
    let keys = |all: &[&Keys]| -> Vec<PublicKey> {
        all.iter().map(|keys| keys.signer.verifying_key().into()).collect()
    };
    for signers in [keys(&[&stranger]), keys(&[&Keys::new(1), &stranger])] {
        let joined = signed(|state| {
            state.generation = 2;
            let step = Step::next(&state.administrators, 2, signers, &stranger.signer);
            state.administrators.push(step);
            state.signed_by = Keys::new(1).signer.verifying_key().into();
        });
        assert!(matches!(joined, Err(StoreError::NotAuthentic)));
    }
    let joined = signed(|state| {
        state.generation = 2;
        let signers = keys(&[&Keys::new(1), &stranger]);
        let step = Step::next(&state.administrators, 2, signers, &Keys::new(1).signer);
        state.administrators.push(step);
        let user_of = |keys: &Keys| User {
            recipient: keys.identity.recipient().clone().into(),
            signer: Some(keys.signer.verifying_key().into()),
            added: at(0).into(),
            offboarded: None,
        };
        state.users.insert(user("stranger"), user_of(&stranger));
    });
    assert!(joined.is_ok());
}

#[test]
fn signer_that_is_no_present_users_is_refused_though_signed() {
    let key = |number: u8| PublicKey::from(Keys::new(number).signer.verifying_key());
    let user_of = |number: u8, signer: Option<PublicKey>| User {
        recipient: Keys::new(number).identity.recipient().clone().into(),
        signer,
        added: at(0).into(),
        offboarded: None,
    };
    let with = |second: Option<User>| {
        signed(|state| {
            state.generation = 2;
            let (root, keys) = (Keys::new(1), vec![key(1), key(2)]);
            state.administrators.push(Step::next(&state.administrators, 2, keys, &root.signer));
            state.users.extend(second.map(|second| (user("second"), second)));
        })
    };
    let present = user_of(2, Some(key(2)));
    let gone = User { offboarded: Some(at(1).into()), ..present.clone() };
    for stray in [None, Some(gone), Some(user_of(2, None)), Some(user_of(3, Some(key(3))))] {
        assert!(matches!(with(stray), Err(StoreError::Format)));
    }
    assert!(with(Some(present)).is_ok());
}

#[test]
fn numbers_of_versions_out_of_order_are_refused() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let root = Keys::new(1);
    for seconds in 1..3 {
        let mut change = store.change(root.administrator(), at(seconds)).unwrap();
        change.create_key(&spec("ct")).or_else(|_| change.rotate_key(&name("ct"))).unwrap();
        change.commit().unwrap();
    }
    let with = |numbers: [u32; 2], next: u32| {
        let mut state = store.state.clone();
        let key = state.keys.get_mut(&name("ct")).unwrap();
        key.versions.iter_mut().zip(numbers).for_each(|(version, number)| version.number = number);
        key.next_version = next;
        text::parse(&text::render(&state, &root.signer).unwrap())
    };
    for (numbers, next) in
        [([0, 1], 2), ([1, 1], 2), ([2, 1], 3), ([1, 2], 2), ([1, 2], 0), ([1, u32::MAX], 3)]
    {
        assert!(matches!(with(numbers, next), Err(StoreError::Format)), "{numbers:?} {next}");
    }
    for (numbers, next) in [([1, 2], 3), ([1, 2], u32::MAX), ([7, 4_000_000], 4_000_001)] {
        assert!(with(numbers, next).is_ok());
    }
}

#[test]
fn key_without_numbers_left_is_not_rotated() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(1)).unwrap();
    change.create_key(&spec("ct")).unwrap();
    change.commit().unwrap();
    let mut change = store.change(root.administrator(), at(2)).unwrap();
    change.state.keys.get_mut(&name("ct")).unwrap().next_version = u32::MAX;
    let refused = change.rotate_key(&name("ct"));
    assert!(matches!(refused, Err(ChangeError::Full { what: "versions" })));
}

#[test]
fn state_of_too_many_bytes_is_told_as_full() {
    let home = home();
    let mut store = create(home.path()).unwrap();
    let before = std::fs::read(home.path().join("store/state")).unwrap();
    let root = Keys::new(1);
    let mut change = store.change(root.administrator(), at(1)).unwrap();
    change.create_key(&spec("ct")).unwrap();
    let key = change.state.keys.get_mut(&name("ct")).unwrap();
    key.versions[0].wraps.insert(user("root"), Base64(vec![0; MAX_STORE_LEN]));
    assert!(matches!(change.commit(), Err(ChangeError::Full { what: "bytes" })));
    assert!(std::fs::read(home.path().join("store/state")).unwrap() == before);
}
