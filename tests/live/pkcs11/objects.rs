//! What lies on the token, and what may not.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use medsec_crypto::Bind;
use medsec_kms::{
    KeyAdmin as _, KeyContext, KeyService as _, KeyServiceError, KeySpec, KeyState, Pkcs11Keys,
};
use pollster::block_on;

use super::mechanism::import;
use super::token::{Token, name};

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([0x17; 32]), dataset: None }
}

fn spec(text: &str) -> KeySpec {
    KeySpec { name: name(text), max_age_days: None }
}

#[test]
fn key_of_another_kind_is_refused() {
    let token = Token::new();
    import(&token, "generic", b"1", &[Attribute::KeyType(KeyType::GENERIC_SECRET)]);
    let refused = token.try_keys(&["generic"]);
    assert!(matches!(refused, Err(KeyServiceError::Unsuitable(_))), "{refused:?}");
    let missing = token.try_keys(&["nothing"]);
    assert!(matches!(missing, Err(KeyServiceError::NoSuchKey)), "{missing:?}");
}

#[test]
fn two_objects_of_one_version_are_refused() {
    let token = Token::new();
    import(&token, "mri", b"1", &[]);
    let keys = token.keys(&["mri"]);
    import(&token, "mri", b"2", &[]);
    let refused = block_on(keys.generate_dek(&name("mri"), &context()));
    assert!(matches!(refused, Err(KeyServiceError::Unsuitable(_))), "{refused:?}");
}

#[test]
fn key_made_here_can_neither_be_read_nor_taken_away() {
    let token = Token::new();
    block_on(token.admin().create_key(&spec("mri"))).unwrap();
    let session = token.session();
    let found = session.find_objects(&[Attribute::Label(b"mri".to_vec())]).unwrap();
    let wanted = [
        AttributeType::Sensitive,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
        AttributeType::Local,
        AttributeType::Private,
    ];
    let told = session.get_attributes(found[0], &wanted).unwrap();
    let all = [
        Attribute::Sensitive(true),
        Attribute::AlwaysSensitive(true),
        Attribute::NeverExtractable(true),
        Attribute::Local(true),
        Attribute::Private(true),
    ];
    assert_eq!((found.len(), told.as_slice()), (1, all.as_slice()));
    assert!(session.get_attributes(found[0], &[AttributeType::Value]).unwrap().is_empty());
    assert!(session.update_attributes(found[0], &[Attribute::Extractable(true)]).is_err());
}

/// A key of another program's goes on under versions of this one's.
#[test]
fn imported_key_is_rotated_and_still_unwraps() {
    let token = Token::new();
    import(&token, "mri", b"from elsewhere", &[]);
    let before = token.keys(&["mri"]);
    let (dek, old) = block_on(before.generate_dek(&name("mri"), &context())).unwrap();
    let told = block_on(token.admin().rotate_key(&name("mri"))).unwrap();
    assert_eq!(told.version, Some(2));
    let (_, new) = block_on(before.generate_dek(&name("mri"), &context())).unwrap();
    assert_ne!(old.key_ref(), new.key_ref());
    for keys in [&before, &token.keys(&["mri"])] {
        assert!(keys.admits(old.key_ref()).is_ok() && keys.admits(new.key_ref()).is_ok());
        let found = block_on(keys.unwrap_dek(&old, &context())).unwrap();
        assert!(found.expose_secret() == dek.expose_secret());
    }
}

#[test]
fn disabled_key_is_refused_by_the_token_itself() {
    let token = Token::new();
    import(&token, "mri", b"1", &[]);
    let told = block_on(token.admin().disable_key(&name("mri"))).unwrap();
    assert_eq!(told.state, KeyState::Disabled);
    let session = token.session();
    let key = session.find_objects(&[Attribute::Label(b"mri".to_vec())]).unwrap()[0];
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Extractable(true),
        Attribute::Value(vec![1; 64]),
    ];
    let content = session.create_object(&template).unwrap();
    let mechanism = cryptoki::mechanism::Mechanism::AesKeyWrapPad;
    let refused = session.wrap_key(&mechanism, key, content);
    let named = cryptoki::error::RvError::KeyFunctionNotPermitted;
    assert!(
        matches!(&refused, Err(cryptoki::error::Error::Pkcs11(value, _)) if *value == named),
        "{refused:?}"
    );
}

/// Nothing of a call is left among the session's objects.
#[test]
fn no_object_outlives_its_call() {
    let token = Token::new();
    block_on(token.admin().create_key(&spec("mri"))).unwrap();
    let keys = token.keys(&["mri"]);
    let session = token.session();
    for number in 0..20_u8 {
        let (_, stanza) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
        block_on(keys.unwrap_dek(&stanza, &context())).unwrap();
        let other = KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None };
        block_on(keys.unwrap_dek(&stanza, &other)).unwrap_err();
    }
    assert_eq!(session.find_objects(&[Attribute::Token(false)]).unwrap().len(), 0);
    assert_eq!(session.find_objects(&[Attribute::Token(true)]).unwrap().len(), 1);
}

#[test]
fn key_that_is_missing_takes_none_of_the_others_away() {
    let token = Token::new();
    block_on(token.admin().create_key(&spec("mri"))).unwrap();
    import(&token, "generic", b"1", &[Attribute::KeyType(KeyType::GENERIC_SECRET)]);
    let names = ["nothing", "mri", "generic"].map(name);
    let keys = block_on(Pkcs11Keys::open_usable(token.settings(), names)).unwrap();
    let (_, stanza) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    block_on(keys.unwrap_dek(&stanza, &context())).unwrap();
    let missing = block_on(keys.generate_dek(&name("nothing"), &context()));
    assert!(matches!(missing, Err(KeyServiceError::NoSuchKey)), "{missing:?}");
    let unsuitable = block_on(keys.generate_dek(&name("generic"), &context()));
    assert!(matches!(unsuitable, Err(KeyServiceError::Unsuitable(_))), "{unsuitable:?}");
}
