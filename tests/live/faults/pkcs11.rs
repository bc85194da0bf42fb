//! Tokens of SoftHSM2.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cryptoki::object::Attribute;
use medsec_crypto::{Bind, Dek, Stanza};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    KeyAdmin as _, KeyContext, KeyService as _, KeyServiceError, KeySpec, Pkcs11Keys,
    Pkcs11Settings, TokenFault, TokenSerial,
};
use medsec_testkit::{CountingKeys, ScriptedKeys};
use pollster::block_on;

use crate::pkcs11::mechanism::import;
use crate::pkcs11::token::{PIN, Token, is_started, name, raw};

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([0x17; 32]), dataset: None }
}

/// A key, a data key under it, and a service that was told of the key.
fn wrapped(token: &Token) -> (Pkcs11Keys, Dek, Stanza) {
    with_key(token);
    let keys = token.keys(&["mri"]);
    let (dek, stanza) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    (keys, dek, stanza)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a data key wrapped on a PKCS#11 token for one package is not unwrapped for another",
    polarity = deny,
)]
fn wrong_context_is_not_authentic(ev: Ev) -> Proven {
    let (keys, _, stanza) = wrapped(&Token::new());
    for number in [0x16, 0x18] {
        let other = KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None };
        let refused = block_on(keys.unwrap_dek(&stanza, &other));
        ev.denies(refused, |e| matches!(e, KeyServiceError::NotAuthentic));
    }
    ev.allows(block_on(keys.unwrap_dek(&stanza, &context())));
    ev.proven()
}

#[test]
fn ciphertext_of_another_key_is_not_authentic() {
    let (one, other) = (Token::new(), Token::new());
    let ((keys, _, stanza), (_, _, foreign)) = (wrapped(&one), wrapped(&other));
    let moved = Stanza::new(stanza.key_ref().clone(), foreign.wrapped().to_vec()).unwrap();
    let refused = block_on(keys.unwrap_dek(&moved, &context()));
    assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{refused:?}");
}

#[test]
fn disabled_key_is_told() {
    let token = Token::new();
    let (keys, _, stanza) = wrapped(&token);
    let admin = token.admin();
    block_on(admin.disable_key(&name("mri"))).unwrap();
    let refused = block_on(keys.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::Disabled)), "{refused:?}");
    let refused = block_on(keys.generate_dek(&name("mri"), &context()));
    assert!(matches!(refused, Err(KeyServiceError::Disabled)), "{refused:?}");
    block_on(admin.enable_key(&name("mri"))).unwrap();
    assert!(block_on(keys.unwrap_dek(&stanza, &context())).is_ok());
}

#[test]
fn rotated_key_opens_what_older_versions_sealed() {
    let token = Token::new();
    let (keys, dek, stanza) = wrapped(&token);
    block_on(token.admin().rotate_key(&name("mri"))).unwrap();
    let (_, new) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    assert_ne!(new.key_ref(), stanza.key_ref());
    let found = block_on(keys.unwrap_dek(&stanza, &context())).unwrap();
    assert!(found.expose_secret() == dek.expose_secret());
}

/// The token is pulled out in a batch and put back.
#[test]
fn server_killed_in_a_batch_loses_nothing_and_the_rest_resumes() {
    let token = Token::new();
    let (keys, _, _) = wrapped(&token);
    let keys = Arc::new(keys);
    let mut items = Vec::new();
    let mut deks = Vec::new();
    for number in 0..30_u8 {
        let context = KeyContext { bind: Bind::from_bytes([number; 32]), dataset: None };
        let (dek, stanza) = block_on(keys.generate_dek(&name("mri"), &context)).unwrap();
        items.push((stanza, context));
        deks.push(dek);
    }
    block_on(token.admin().rotate_key(&name("mri"))).unwrap();
    let (asked, pulled) = (AtomicUsize::new(0), Mutex::new(None));
    let (slot, held) = (token.clone(), Arc::new(pulled));
    let out = Arc::clone(&held);
    let watched = CountingKeys::watched(keys.clone(), move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) == 10 {
            *out.lock().unwrap() = Some(slot.pull_out());
        }
    });
    // Item by item, as a service without batches of its own does.
    let batch = ScriptedKeys::new(Arc::new(watched), []);
    let first = block_on(batch.rewrap_deks(&items, &name("mri")));
    assert_eq!(first.iter().filter(|answer| answer.is_ok()).count(), 10);
    for failed in first.iter().filter_map(|answer| answer.as_ref().err()) {
        let told = matches!(failed, KeyServiceError::Token(_)) && !failed.is_retryable();
        assert!(told, "{failed:?}");
    }
    drop(held.lock().unwrap().take());
    for (item, answer) in items.iter_mut().zip(first) {
        item.0 = match answer {
            Ok(stanza) => stanza,
            Err(_) => block_on(keys.rewrap_dek(&item.0, &name("mri"), &item.1)).unwrap(),
        };
    }
    let (_, fresh) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    for ((stanza, context), dek) in items.iter().zip(&deks) {
        assert_eq!(stanza.key_ref(), fresh.key_ref());
        let found = block_on(keys.unwrap_dek(stanza, context)).unwrap();
        assert!(found.expose_secret() == dek.expose_secret());
    }
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
fn module_that_is_missing_is_told() {
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
fn token_that_is_not_there_is_told() {
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
    let refused = |ev: &Ev| {
        let opened = open(token.settings_with("not the pin"));
        ev.denies(opened, |e| matches!(e, KeyServiceError::Unauthenticated));
    };
    refused(&ev);
    ev.holds("the token has counted it", token.is_pin_count_low());
    // The right one ends the count. From here on the token would show every further wrong one.
    ev.allows(open(token.settings_with(PIN)));
    ev.holds("the count begins anew", !token.is_pin_count_low());
    for _ in 0..2 {
        refused(&ev);
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let _thread = scope.spawn(|| open(token.settings_with("not the pin")).unwrap_err());
        }
    });
    ev.holds("none of them was shown to the token", !token.is_pin_count_low());
    // Another one that is wrong, from several threads of one service.
    let wrong = block_on(Pkcs11Keys::open(token.settings_with("also wrong"), []));
    ev.denies(wrong, |e| matches!(e, KeyServiceError::Unauthenticated));
    ev.holds("that one was", token.is_pin_count_low());
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

/// And told from one that is to come.
#[test]
fn trimmed_version_does_not_come_back() {
    let token = Token::new();
    let admin = token.admin();
    with_key(&token);
    let keys = token.keys(&["mri"]);
    let (_, first) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    block_on(admin.rotate_key(&name("mri"))).unwrap();
    let (_, second) = block_on(keys.generate_dek(&name("mri"), &context())).unwrap();
    let session = token.session();
    let destroy = |reference: &medsec_crypto::KeyRef| {
        let id = reference.as_bytes()[token.0.as_str().len() + 1..].to_vec();
        let found = session.find_objects(&[Attribute::Id(id)]).unwrap();
        session.destroy_object(found[0]).unwrap();
    };
    destroy(first.key_ref());
    let refused = block_on(keys.unwrap_dek(&first, &context()));
    assert!(matches!(refused, Err(KeyServiceError::Destroyed)), "{refused:?}");
    assert!(block_on(keys.unwrap_dek(&second, &context())).is_ok());
    destroy(second.key_ref());
    import(&token, "mri", b"restored", &[]);
    let refused = block_on(keys.unwrap_dek(&second, &context()));
    assert!(matches!(refused, Err(KeyServiceError::NoSuchVersion)), "{refused:?}");
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key of a token that could leave the token, or be used without a login, wraps nothing",
    polarity = deny,
)]
fn unsuitable_key_is_refused_at_start(ev: Ev) -> Proven {
    let changes = [
        ("extractable", Attribute::Extractable(true)),
        ("readable", Attribute::Sensitive(false)),
        ("public", Attribute::Private(false)),
        ("short", Attribute::Value(vec![0x42; 16])),
    ];
    let token = Token::new();
    for (label, change) in changes {
        import(&token, label, b"1", &[change]);
        ev.denies(token.try_keys(&[label]), |e| matches!(e, KeyServiceError::Unsuitable(_)));
        let exists = block_on(token.admin().create_key(&spec(label)));
        ev.denies(exists, |e| matches!(e, KeyServiceError::KeyExists));
    }
    import(&token, "good", b"1", &[]);
    ev.allows(token.try_keys(&["good"]));
    let named: Vec<_> = block_on(token.admin().list_keys()).unwrap();
    ev.equal("only the good one is listed", &named.len(), &1);
    ev.proven()
}

fn spec(text: &str) -> KeySpec {
    KeySpec { name: name(text), max_age_days: None }
}

#[test]
fn destroyed_key_is_no_key() {
    let token = Token::new();
    let (keys, _, stanza) = wrapped(&token);
    let session = token.session();
    for object in session.find_objects(&[Attribute::Label(b"mri".to_vec())]).unwrap() {
        session.destroy_object(object).unwrap();
    }
    let refused = block_on(keys.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::NoSuchKey)), "{refused:?}");
}

/// A package names a key of the token that this service was not told of.
#[test]
fn unlisted_key_is_never_asked_for() {
    let token = Token::new();
    let (_, _, stanza) = wrapped(&token);
    block_on(token.admin().create_key(&spec("ct"))).unwrap();
    let others = token.keys(&["ct"]);
    assert!(matches!(others.admits(stanza.key_ref()), Err(KeyServiceError::ForeignStanza)));
    // Whoever asks the token for anything from here on starts the module again.
    raw().finalize().unwrap();
    let refused = block_on(others.unwrap_dek(&stanza, &context()));
    assert!(matches!(refused, Err(KeyServiceError::NotPermitted)), "{refused:?}");
    let refused = block_on(others.rewrap_dek(&stanza, &name("ct"), &context()));
    assert!(matches!(refused, Err(KeyServiceError::NotPermitted)), "{refused:?}");
    let refused = block_on(others.generate_dek(&name("mri"), &context()));
    assert!(matches!(refused, Err(KeyServiceError::NoSuchKey)), "{refused:?}");
    assert!(!is_started(), "the token was asked");
    block_on(others.generate_dek(&name("ct"), &context())).unwrap();
    assert!(is_started());
}

#[test]
fn batch_with_a_bad_item_keeps_the_good_ones() {
    let (keys, _, stanza) = wrapped(&Token::new());
    let other = KeyContext { bind: Bind::from_bytes([0x18; 32]), dataset: None };
    let items = [(stanza.clone(), context()), (stanza.clone(), other), (stanza, context())];
    let answers = block_on(keys.rewrap_deks(&items, &name("mri")));
    let found: Vec<bool> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(found, [true, false, true]);
    assert!(matches!(answers[1], Err(KeyServiceError::NotAuthentic)), "{:?}", answers[1]);
}
