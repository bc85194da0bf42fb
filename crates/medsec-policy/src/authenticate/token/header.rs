//! The header of a token: how it says that it is signed, none of which is believed further than to look up a key.

use super::rules::TokenAlgorithm;
use super::rules::{TokenRules, TokenType};
use crate::authenticate::RefusedBecause;
use crate::authenticate::json::{self, JsonError, Members};

/// Members that bring a key, or say where one is (RFC 7515 sections 4.1.2 to 4.1.6). Whoever made the token would
/// choose what it is verified with.
const EMBEDDED: [&str; 4] = ["jku", "jwk", "x5u", "x5c"];

/// Longest name of a key in bytes.
pub(crate) const MAX_KEY_ID_LEN: usize = 256;

/// What a header says that may be used.
pub(crate) struct TokenHeader {
    pub(crate) algorithm: TokenAlgorithm,
    pub(crate) key_id: String,
}

impl TokenHeader {
    pub(crate) fn parse(bytes: &[u8], rules: &TokenRules) -> Result<Self, RefusedBecause> {
        let members = json::object(bytes).map_err(|error| match error {
            JsonError::Duplicate => RefusedBecause::HeaderDuplicate,
            JsonError::Malformed => RefusedBecause::HeaderJson,
        })?;
        if members.contains_key("crit") {
            return Err(RefusedBecause::CriticalHeader);
        }
        if EMBEDDED.into_iter().any(|name| members.contains_key(name)) {
            return Err(RefusedBecause::EmbeddedKey);
        }
        check_type(&members, rules)?;
        let algorithm = algorithm(&members)?;
        if !rules.algorithms.contains(&algorithm) {
            return Err(RefusedBecause::AlgorithmNotAllowed);
        }
        Ok(Self { algorithm, key_id: key_id(&members)? })
    }
}

fn check_type(members: &Members, rules: &TokenRules) -> Result<(), RefusedBecause> {
    let found = match members.get("typ") {
        None => TokenType::Unstated,
        Some(value) => {
            let text = value.text().and_then(TokenType::named);
            text.ok_or(RefusedBecause::TokenType)?
        }
    };
    rules.types.contains(&found).then_some(()).ok_or(RefusedBecause::TokenType)
}

fn algorithm(members: &Members) -> Result<TokenAlgorithm, RefusedBecause> {
    let name = members.get("alg").and_then(json::Json::text);
    let name = name.ok_or(RefusedBecause::AlgorithmMissing)?;
    if name.eq_ignore_ascii_case("none") {
        return Err(RefusedBecause::AlgorithmNone);
    }
    if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("HS")) {
        return Err(RefusedBecause::AlgorithmSymmetric);
    }
    name.parse().map_err(|_| RefusedBecause::AlgorithmNotAllowed)
}

fn key_id(members: &Members) -> Result<String, RefusedBecause> {
    let text = members.get("kid").and_then(json::Json::text);
    let fits = |text: &&str| (1..=MAX_KEY_ID_LEN).contains(&text.len());
    text.filter(fits).map(str::to_owned).ok_or(RefusedBecause::KeyIdMissing)
}
