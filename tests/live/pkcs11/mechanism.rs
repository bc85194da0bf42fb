//! What a token wraps, another implementation of RFC 5649 unwraps, and the other way round.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded as _};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use medsec_crypto::{Bind, Stanza};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyContext, KeyService as _, KeyServiceError};
use pollster::block_on;

use super::token::{Token, name};

const KEK: [u8; 32] = [0x42; 32];

/// A key whose value the test knows; the token gives it to nobody.
pub(crate) fn import(token: &Token, label: &str, id: &[u8], changes: &[Attribute]) {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Id(id.to_vec()),
        Attribute::Value(KEK.to_vec()),
    ];
    for change in changes {
        let kind = change.attribute_type();
        template.retain(|attribute| attribute.attribute_type() != kind);
        template.push(change.clone());
    }
    token.session().create_object(&template).unwrap();
}

fn context() -> KeyContext {
    KeyContext { bind: Bind::from_bytes([0x17; 32]), dataset: None }
}

fn kek() -> AesKek {
    AesKek::new(&AES_256, &KEK).unwrap()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a data key wrapped on a PKCS#11 token is AES-KWP of RFC 5649 as AWS-LC computes it",
    polarity = allow,
)]
fn token_wraps_as_another_implementation_does(ev: Ev) -> Proven {
    let token = Token::new();
    import(&token, "imported", b"any id", &[]);
    let keys = token.keys(&["imported"]);
    let (dek, stanza) = ev.allows(block_on(keys.generate_dek(&name("imported"), &context())));
    let mut room = [0; 80];
    let content = ev.allows(kek().unwrap_with_padding(stanza.wrapped(), &mut room));
    let expected = [dek.expose_secret().as_slice(), &[0x17; 32]].concat();
    ev.holds("data key and bind", *content == expected);
    let reference = [token.0.as_str().as_bytes(), b"\0any id"].concat();
    ev.equal("it names token and object", &stanza.key_ref().as_bytes(), &reference.as_slice());

    let mut room = [0; 80];
    let theirs = ev.allows(kek().wrap_with_padding(&[[0x55; 32], [0x17; 32]].concat(), &mut room));
    let theirs = Stanza::new(stanza.key_ref().clone(), theirs.to_vec()).unwrap();
    let opened = ev.allows(block_on(keys.unwrap_dek(&theirs, &context())));
    ev.holds("the token unwraps theirs", *opened.expose_secret() == [0x55; 32]);
    ev.proven()
}

#[test]
fn content_of_another_length_is_not_authentic() {
    let token = Token::new();
    import(&token, "imported", b"any id", &[]);
    let keys = token.keys(&["imported"]);
    let (_, stanza) = block_on(keys.generate_dek(&name("imported"), &context())).unwrap();
    // Lengths from 57 to 64 all wrap to 72 bytes.
    for len in 57..64 {
        let mut content = [[0x55; 32], [0x17; 32]].concat();
        content.truncate(len);
        let mut room = [0; 80];
        let short = kek().wrap_with_padding(&content, &mut room).unwrap();
        let short = Stanza::new(stanza.key_ref().clone(), short.to_vec()).unwrap();
        let refused = block_on(keys.unwrap_dek(&short, &context()));
        assert!(matches!(refused, Err(KeyServiceError::NotAuthentic)), "{len}: {refused:?}");
    }
}
