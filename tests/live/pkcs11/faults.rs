//! What goes wrong with tokens, and how it is told.

use std::io::Write as _;
use std::path::PathBuf;

use medsec_crypto::Bind;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    KeyAdmin as _, KeyContext, KeyService as _, KeyServiceError, KeySpec, Pkcs11Keys,
    Pkcs11Settings, TokenFault, TokenSerial,
};
use pollster::block_on;

use super::token::{PIN, Token, name, raw};

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([0x17; 32]), dataset: None }
}

fn open(settings: Pkcs11Settings) -> Result<Pkcs11Keys, KeyServiceError> {
    block_on(Pkcs11Keys::open(settings, []))
}

fn with_key(token: &Token) {
    let spec = KeySpec { name: name("mri"), max_age_days: None };
    block_on(token.admin().create_key(&spec)).unwrap();
}

#[track_caller]
fn fault(opened: Result<impl std::fmt::Debug, KeyServiceError>) -> TokenFault {
    match opened {
        Err(KeyServiceError::Token(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn module_that_is_missing_is_named_as_such() {
    let token = Token::new();
    for path in ["/nowhere/libsofthsm2.so", "libsofthsm2.so", "/etc/passwd", "/"] {
        let settings = Pkcs11Settings { module: PathBuf::from(path), ..token.settings() };
        assert_eq!(fault(open(settings)), TokenFault::Module, "{path}");
    }
    let mut garbage = tempfile::NamedTempFile::new().unwrap();
    garbage.write_all(&[0; 4096]).unwrap();
    let settings = Pkcs11Settings { module: garbage.path().into(), ..token.settings() };
    assert_eq!(fault(open(settings)), TokenFault::Module);
}

#[test]
fn token_that_is_not_there_is_named_as_such() {
    let token = Token::new();
    let settings =
        Pkcs11Settings { token: TokenSerial::new("0000000000000000").unwrap(), ..token.settings() };
    assert_eq!(fault(open(settings)), TokenFault::Missing);
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(d)"],
    claim = "a wrong PIN gives no key of a token and is tried once, so that it does not lock the token",
    polarity = deny,
)]
fn wrong_pin_is_refused_and_tried_once(ev: Ev) -> Proven {
    let token = Token::new();
    let opened = open(token.settings_with("not the pin"));
    ev.denies(opened, |e| matches!(e, KeyServiceError::Unauthenticated));
    ev.allows(open(token.settings_with(PIN)));
    ev.proven()
}

/// Another part of the process ends the module, and with it every session.
#[test]
fn sessions_that_were_ended_are_opened_again() {
    let token = Token::new();
    with_key(&token);
    let keys = token.keys(&["mri"]);
    let (dek, stanza) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    for _ in 0..3 {
        raw().finalize().unwrap();
        let found = block_on(keys.unwrap_dek(&stanza, &context())).unwrap();
        assert!(found.expose_secret() == dek.expose_secret());
    }
}

/// Somebody logs out below the service: the login is the process's.
#[test]
fn login_that_was_ended_is_made_again() {
    let token = Token::new();
    with_key(&token);
    let keys = token.keys(&["mri"]);
    let (dek, stanza) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    token.session().logout().unwrap();
    let found = block_on(keys.unwrap_dek(&stanza, &context())).unwrap();
    assert!(found.expose_secret() == dek.expose_secret());
}

/// A second service of the process finds the module initialised and the user logged in.
#[test]
fn two_services_share_one_module() {
    let (one, other) = (Token::new(), Token::new());
    with_key(&one);
    with_key(&other);
    let (first, second, third) = (one.keys(&["mri"]), one.keys(&["mri"]), other.keys(&["mri"]));
    let (dek, stanza) = block_on(first.generate_dek(&name("mri"), &context())).unwrap();
    drop(first);
    let found = block_on(second.unwrap_dek(&stanza, &context())).unwrap();
    assert!(found.expose_secret() == dek.expose_secret());
    let refused = block_on(third.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::ForeignStanza)), "{refused:?}");
}

/// More callers than sessions wait for each other.
#[test]
fn forty_callers_share_four_sessions() {
    let token = Token::new();
    with_key(&token);
    let keys = token.keys(&["mri"]);
    std::thread::scope(|scope| {
        for number in 0..40_u8 {
            let keys = &keys;
            scope.spawn(move || {
                let context = KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None };
                let (dek, stanza) = block_on(keys.generate_dek(&name("mri"), &context)).unwrap();
                let found = block_on(keys.unwrap_dek(&stanza, &context)).unwrap();
                assert!(found.expose_secret() == dek.expose_secret());
            });
        }
    });
    let module = raw();
    let open = module.get_token_info(token.slot(&module)).unwrap().session_count();
    // Some tokens do not count.
    assert!(open.is_none_or(|open| open <= 4), "{open:?}");
}

/// A call that its caller gives up is done to its end and hurts nobody.
#[test]
fn abandoned_call_leaves_the_service_whole() {
    let token = Token::new();
    with_key(&token);
    let keys = token.keys(&["mri"]);
    for _ in 0..20 {
        let (key, context) = (name("mri"), context());
        let mut call = keys.generate_dek(&key, &context);
        let waker = std::task::Waker::noop();
        let polled = call.as_mut().poll(&mut std::task::Context::from_waker(waker));
        drop(polled);
        drop(call);
    }
    assert!(block_on(keys.generate_dek(&name("mri"), &context())).is_ok());
}
