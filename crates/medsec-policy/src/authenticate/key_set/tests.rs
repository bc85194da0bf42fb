use serde_json::{Value, json};

use super::*;

/// Coordinates, moduli and keys of the right length; nothing is verified with them here.
fn text(len: usize) -> String {
    use base64::Engine as _;
    let mut bytes = vec![0x55; len];
    bytes[0] = 0xC1;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": text(32), "y": text(32)})
}

fn rsa() -> Value {
    json!({"kty": "RSA", "kid": "r", "n": text(256), "e": "AQAB"})
}

fn with(mut key: Value, name: &str, value: impl Into<Value>) -> Value {
    match value.into() {
        Value::Null => drop(key.as_object_mut().unwrap().remove(name)),
        value => key[name] = value,
    }
    key
}

/// The names of the keys of a set of these, or what is wrong.
fn names(keys: &[Value]) -> Result<Vec<String>, KeySetError> {
    let set = KeySet::parse(json!({"keys": keys}).to_string().as_bytes())?;
    Ok(set.key_ids().map(str::to_owned).collect())
}

#[test]
fn sets_that_are_no_sets_are_refused() {
    let long = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(KeySet::MAX_LEN));
    let cases = [
        ("", KeySetError::Malformed),
        ("[]", KeySetError::Malformed),
        ("{}", KeySetError::Malformed),
        (r#"{"keys":{}}"#, KeySetError::Malformed),
        (r#"{"keys":[1]}"#, KeySetError::Malformed),
        (r#"{"keys":[],"keys":[]}"#, KeySetError::DuplicateMember),
        (r#"{"keys":[{"kty":"EC","kty":"EC"}]}"#, KeySetError::DuplicateMember),
        (r#"{"keys":[]}"#, KeySetError::NoUsableKey),
        (&long, KeySetError::TooLong),
    ];
    for (text, error) in cases {
        assert_eq!(KeySet::parse(text.as_bytes()).err(), Some(error));
    }
    let many: Vec<_> = (0..101).map(|n| with(ec(), "kid", n.to_string())).collect();
    assert_eq!(names(&many), Err(KeySetError::TooManyKeys));
    assert_eq!(names(&many[..100]).unwrap().len(), 100);
}

#[test]
fn private_and_secret_keys_make_the_set_invalid() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        let private = with(with(ec(), "kid", "b"), name, "AAAA");
        assert_eq!(names(&[ec(), private.clone()]), Err(KeySetError::PrivateKey), "{name}");
        let unnamed = with(with(private, "kid", Value::Null), "use", "enc");
        assert_eq!(names(&[ec(), unnamed]), Err(KeySetError::PrivateKey), "{name}");
    }
    let secret = json!({"kty": "oct", "kid": "s"});
    assert_eq!(names(&[ec(), secret]), Err(KeySetError::PrivateKey));
}

#[test]
fn two_keys_of_one_name_make_the_set_invalid() {
    assert_eq!(names(&[ec(), ec()]), Err(KeySetError::DuplicateKeyId));
    let unused = with(with(rsa(), "kid", "a"), "use", "enc");
    assert_eq!(names(&[ec(), unused]), Err(KeySetError::DuplicateKeyId));
}

#[test]
fn keys_with_wrong_parts_make_the_set_invalid() {
    let cases = [
        (with(ec(), "kty", Value::Null), KeySetError::KeyForm),
        (with(ec(), "kty", 1), KeySetError::KeyForm),
        (with(ec(), "kid", ""), KeySetError::KeyForm),
        (with(ec(), "kid", 7), KeySetError::KeyForm),
        (with(ec(), "kid", "k".repeat(257)), KeySetError::KeyForm),
        (with(ec(), "crv", Value::Null), KeySetError::KeyForm),
        (with(ec(), "x", Value::Null), KeySetError::KeyForm),
        (with(ec(), "x", text(31)), KeySetError::KeyForm),
        (with(ec(), "y", text(33)), KeySetError::KeyForm),
        (with(ec(), "y", format!("{}=", text(32))), KeySetError::KeyForm),
        (with(ec(), "key_ops", "verify"), KeySetError::KeyForm),
        (with(ec(), "use", json!(["sig"])), KeySetError::KeyForm),
        (json!({"kty": "OKP", "crv": "Ed25519", "kid": "o", "x": text(33)}), KeySetError::KeyForm),
        (with(rsa(), "n", "AAEB"), KeySetError::KeyForm),
        (with(rsa(), "n", ""), KeySetError::KeyForm),
        (with(rsa(), "e", ""), KeySetError::KeyForm),
        (with(rsa(), "e", "AAEAAQ"), KeySetError::KeyForm),
        (with(rsa(), "n", text(255)), KeySetError::KeySize),
        (with(rsa(), "n", text(128)), KeySetError::KeySize),
        (with(rsa(), "n", text(1025)), KeySetError::KeySize),
        (with(rsa(), "e", "Aw"), KeySetError::KeySize),
        (with(rsa(), "e", "AQAA"), KeySetError::KeySize),
        (with(rsa(), "e", "AQAAAAE"), KeySetError::KeySize),
    ];
    for (key, error) in cases {
        assert_eq!(names(&[with(ec(), "kid", "fine"), key.clone()]), Err(error), "{key}");
    }
}

#[test]
fn keys_for_other_purposes_are_left_out() {
    let others = [
        with(rsa(), "use", "enc"),
        with(rsa(), "key_ops", json!(["encrypt"])),
        with(rsa(), "alg", "RSA-OAEP"),
        with(rsa(), "kid", Value::Null),
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "m", "pub": "AAAA"}),
        json!({"kty": "AKP", "kid": "m", "pub": "AAAA"}),
        json!({"kty": "EC", "crv": "P-521", "kid": "p", "x": text(66), "y": text(66)}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "x", "x": text(32)}),
    ];
    for other in others {
        assert_eq!(names(&[ec(), other.clone()]), Ok(vec!["a".to_owned()]), "{other}");
        assert_eq!(names(std::slice::from_ref(&other)), Err(KeySetError::NoUsableKey));
    }
    let both = with(with(ec(), "use", "sig"), "key_ops", json!(["sign"]));
    assert_eq!(names(&[both]), Err(KeySetError::NoUsableKey));
    let both = with(with(ec(), "use", "enc"), "key_ops", json!(["verify"]));
    assert_eq!(names(&[both]), Err(KeySetError::NoUsableKey));
}

#[test]
fn keys_that_verify_are_there_under_their_names() {
    let p384 = json!({"kty": "EC", "crv": "P-384", "kid": "b", "x": text(48), "y": text(48)});
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "c", "alg": "EdDSA", "x": text(32)});
    let large = with(with(rsa(), "n", text(1024)), "kid", "l");
    let keys = [ec(), p384, ed, rsa(), large];
    assert_eq!(names(&keys), Ok(["a", "b", "c", "l", "r"].map(str::to_owned).to_vec()));
}
