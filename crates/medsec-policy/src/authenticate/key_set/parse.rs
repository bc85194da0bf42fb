//! From JSON to keys.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;

use super::key::{KeyType, TokenKey};
use super::{KeySet, KeySetError};
use crate::authenticate::json::{self, Json, JsonError, Members};
use crate::authenticate::token_rules::TokenAlgorithm;

/// Members of private and symmetric keys (RFC 7518 section 6, and `priv` of later types).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// Longest name of a key in bytes, as tokens may state it.
const MAX_KEY_ID_LEN: usize = 256;

const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

pub(super) fn keys(bytes: &[u8]) -> Result<BTreeMap<String, TokenKey>, KeySetError> {
    if bytes.len() > KeySet::MAX_LEN {
        return Err(KeySetError::TooLong);
    }
    let set = json::object(bytes).map_err(|error| match error {
        JsonError::Duplicate => KeySetError::DuplicateMember,
        JsonError::Malformed => KeySetError::Malformed,
    })?;
    let list = set.get("keys").and_then(Json::list).ok_or(KeySetError::Malformed)?;
    if list.len() > KeySet::MAX_KEYS {
        return Err(KeySetError::TooManyKeys);
    }
    let mut named = BTreeSet::new();
    let mut keys = BTreeMap::new();
    for value in list {
        let members = value.object().ok_or(KeySetError::Malformed)?;
        let Some(id) = key_id(members)? else { continue };
        if !named.insert(id) {
            return Err(KeySetError::DuplicateKeyId);
        }
        if let Some(key) = key(members)? {
            keys.insert(id.to_owned(), key);
        }
    }
    if keys.is_empty() {
        return Err(KeySetError::NoUsableKey);
    }
    Ok(keys)
}

/// The key's name, if it has one. A private key is refused whatever it is called.
fn key_id(members: &Members) -> Result<Option<&str>, KeySetError> {
    let is_secret = text(members, "kty")? == Some("oct");
    if is_secret || PRIVATE.into_iter().any(|name| members.contains_key(name)) {
        return Err(KeySetError::PrivateKey);
    }
    let id = text(members, "kid")?;
    if id.is_some_and(|id| !(1..=MAX_KEY_ID_LEN).contains(&id.len())) {
        return Err(KeySetError::KeyForm);
    }
    Ok(id)
}

/// The key; none, if it is of a type that is not used, or not for signatures of tokens.
fn key(members: &Members) -> Result<Option<TokenKey>, KeySetError> {
    if !verifies(members)? {
        return Ok(None);
    }
    let algorithm = match text(members, "alg")?.map(str::parse::<TokenAlgorithm>) {
        None => None,
        Some(Ok(algorithm)) => Some(algorithm),
        Some(Err(_)) => return Ok(None),
    };
    let kty = text(members, "kty")?.ok_or(KeySetError::KeyForm)?;
    let (kind, key) = match (kty, text(members, "crv")?) {
        ("RSA", _) => (KeyType::Rsa, rsa(members)?),
        ("EC", Some("P-256")) => (KeyType::P256, elliptic::<32>(members)?),
        ("EC", Some("P-384")) => (KeyType::P384, elliptic::<48>(members)?),
        ("OKP", Some("Ed25519")) => {
            let x = bytes(members, "x")?;
            let x = <[u8; 32]>::try_from(x).map_err(|_| KeySetError::KeyForm)?;
            (KeyType::Ed25519, DecodingKey::from_ed_der(&x))
        }
        ("EC" | "OKP", None) => return Err(KeySetError::KeyForm),
        _ => return Ok(None),
    };
    Ok(Some(TokenKey { kind, algorithm, key }))
}

/// Whether the key is for verifying signatures: `use` and `key_ops` must not say otherwise.
fn verifies(members: &Members) -> Result<bool, KeySetError> {
    let by_use = text(members, "use")?.is_none_or(|purpose| purpose == "sig");
    let operations = match members.get("key_ops") {
        None => return Ok(by_use),
        Some(list) => list.texts(16).ok_or(KeySetError::KeyForm)?,
    };
    Ok(by_use && operations.contains(&"verify"))
}

fn rsa(members: &Members) -> Result<DecodingKey, KeySetError> {
    let (modulus, exponent) = (bytes(members, "n")?, bytes(members, "e")?);
    let top = modulus.first().filter(|top| **top != 0).ok_or(KeySetError::KeyForm)?;
    let unused = usize::try_from(top.leading_zeros()).unwrap_or_default();
    let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
    if !RSA_BITS.contains(&bits) {
        return Err(KeySetError::KeySize);
    }
    if exponent.first().is_none_or(|top| *top == 0) {
        return Err(KeySetError::KeyForm);
    }
    let value = exponent.iter().try_fold(0u32, |value, byte| {
        let shifted = value.checked_mul(256)?;
        shifted.checked_add(u32::from(*byte))
    });
    if value.is_none_or(|value| value < 65_537 || value & 1 == 0) {
        return Err(KeySetError::KeySize);
    }
    Ok(DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

/// A point: both coordinates in their full length (RFC 7518 section 6.2.1.2). That it is on the curve is checked
/// when it is used.
fn elliptic<const LEN: usize>(members: &Members) -> Result<DecodingKey, KeySetError> {
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(members, name)?;
        if coordinate.len() != LEN {
            return Err(KeySetError::KeyForm);
        }
        point.extend_from_slice(&coordinate);
    }
    Ok(DecodingKey::from_ec_der(&point))
}

/// A text, if the member is there.
fn text<'m>(members: &'m Members, name: &str) -> Result<Option<&'m str>, KeySetError> {
    members.get(name).map(|value| value.text().ok_or(KeySetError::KeyForm)).transpose()
}

fn bytes(members: &Members, name: &str) -> Result<Vec<u8>, KeySetError> {
    let text = text(members, name)?.ok_or(KeySetError::KeyForm)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KeySetError::KeyForm)
}
