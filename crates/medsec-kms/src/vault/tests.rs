//! What is decided without a server.

use medsec_crypto::{KeyRef, StanzaKind};

use super::fault::{Asked, refused};
use super::place::VaultPlace;
use super::wire::Said;
use super::{SecretText, wrapped};
use crate::name::KeyName;
use crate::service::KeyServiceError;

fn name(text: &str) -> KeyName {
    KeyName::new(text).unwrap()
}

fn said(status: u16, errors: &str) -> Said {
    let body = format!("{{\"errors\":[{errors:?}]}}").into_bytes();
    Said { status, retry_after: None, body: body.into() }
}

#[test]
fn places_that_could_be_read_in_two_ways_are_refused() {
    for (namespace, mount) in [
        ("", ""),
        ("", "a/b"),
        ("", ".."),
        ("a//b", "t"),
        ("/a", "t"),
        ("a/../b", "t"),
        ("a b", "t"),
    ] {
        assert!(VaultPlace::new(namespace, mount).is_err(), "{namespace:?} {mount:?}");
    }
    let place = VaultPlace::new("clinic/radiology", "transit").unwrap();
    let key_ref = place.key_ref(&name("ct")).unwrap();
    assert_eq!(key_ref.as_bytes(), b"clinic/radiology/transit/ct");
    let root = VaultPlace::new("", "transit").unwrap().key_ref(&name("ct")).unwrap();
    assert_eq!(root, KeyRef::new(StanzaKind::VaultTransit, b"/transit/ct").unwrap());
}

#[test]
fn names_that_a_path_would_change_are_refused() {
    let place = VaultPlace::new("", "transit").unwrap();
    for text in ["a/b", "..", ".a", "a.", "a?b", "a%2Fb", "a#b", "-a", &"a".repeat(129)] {
        let refused = place.key_ref(&name(text));
        let named = matches!(refused, Err(KeyServiceError::Unacceptable { field: "key name" }));
        assert!(named, "{text}: {refused:?}");
    }
}

#[test]
fn texts_that_the_server_would_read_as_others_are_refused() {
    let good = format!("vault:v12:{}", "A".repeat(80));
    assert_eq!(wrapped::text(good.as_bytes()).unwrap(), good);
    let bad = [
        good.replace("v12", "v012"),
        good.replace("v12", "v+12"),
        good.replace("v12", "v0"),
        good.replace("v12", "v"),
        good.replace("v12", "v1234567890"),
        good.replace("vault", "bault"),
        good.replace("AAAA", "AA\nAA"),
        format!("{good}\n"),
        format!("{good}AAAA"),
        "vault:v1:".to_owned(),
        String::new(),
    ];
    for text in bad {
        let refused = wrapped::text(text.as_bytes());
        assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{text:?}");
    }
}

#[test]
fn tampering_is_told_whatever_status_it_comes_with() {
    for status in [400, 500] {
        let error = refused(&said(status, "cipher: message authentication failed"), Asked::Wrapped);
        assert!(matches!(error, KeyServiceError::NotAuthentic), "{status}: {error:?}");
        assert!(!error.is_retryable());
    }
    let other = refused(&said(500, "storage failed"), Asked::Wrapped);
    assert!(matches!(other, KeyServiceError::Unavailable(_)), "{other:?}");
}

#[test]
fn secrets_are_plain_words_and_print_as_nothing() {
    for text in ["", "  \n", "two words", "ümlaut", "line\r\nX-Other: 1"] {
        assert!(SecretText::new(text.to_owned()).is_err(), "{text:?}");
    }
    let token = SecretText::new("s.token\n".to_owned()).unwrap();
    assert_eq!(token.expose_secret(), "s.token");
    assert_eq!(format!("{token:?}"), "SecretText(..)");
}
