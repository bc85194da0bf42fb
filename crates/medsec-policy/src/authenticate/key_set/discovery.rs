//! Where an OpenID provider has its keys: OpenID Connect Discovery 1.0, sections 3 and 4.

use super::KeySet;
use crate::authenticate::json::{self, Json, JsonError};

/// Longest address in bytes.
const MAX_ADDRESS_LEN: usize = 2048;

/// Reads the discovery document of `issuer` and gives the address of its key set, as it stands there.
///
/// The document is at most [`KeySet::MAX_LEN`] long. Its `issuer` must be `issuer` byte by byte (section 4.3): else
/// one provider could bring in the keys of another. What else it says is not heeded.
///
/// # Errors
/// [`DiscoveryError`] if it is not the issuer's document or names no key set.
pub fn key_set_address(document: &[u8], issuer: &str) -> Result<String, DiscoveryError> {
    if document.len() > KeySet::MAX_LEN {
        return Err(DiscoveryError::TooLong);
    }
    let document = json::object(document).map_err(|error| match error {
        JsonError::Duplicate => DiscoveryError::DuplicateMember,
        JsonError::Malformed => DiscoveryError::Malformed,
    })?;
    let text = |name: &str| document.get(name).and_then(Json::text);
    if text("issuer") != Some(issuer) {
        return Err(DiscoveryError::OtherIssuer);
    }
    let fits = |address: &&str| (1..=MAX_ADDRESS_LEN).contains(&address.len());
    text("jwks_uri").filter(fits).map(str::to_owned).ok_or(DiscoveryError::NoKeySet)
}

/// It is not the discovery document of that issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Longer than [`KeySet::MAX_LEN`].
    #[error("the discovery document is too long")]
    TooLong,
    /// Not a JSON object in UTF-8.
    #[error("the discovery document is not a JSON object")]
    Malformed,
    /// A name stands twice in an object.
    #[error("the discovery document has a member twice")]
    DuplicateMember,
    /// It is of another issuer, or does not say of which.
    #[error("the discovery document is of another issuer")]
    OtherIssuer,
    /// It does not say where the key set is, or not in a text of up to 2048 bytes.
    #[error("the discovery document names no key set")]
    NoKeySet,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://idp.example";

    #[test]
    fn documents_of_others_and_broken_ones_are_refused() {
        let long = format!("{{\"issuer\":\"{ISSUER}\",\"x\":\"{}\"}}", "x".repeat(KeySet::MAX_LEN));
        let far = format!("{{\"issuer\":\"{ISSUER}\",\"jwks_uri\":\"{}\"}}", "x".repeat(2049));
        let cases = [
            ("", DiscoveryError::Malformed),
            ("[]", DiscoveryError::Malformed),
            ("{}", DiscoveryError::OtherIssuer),
            (r#"{"issuer":1}"#, DiscoveryError::OtherIssuer),
            (
                r#"{"issuer":"https://idp.example/","jwks_uri":"https://a"}"#,
                DiscoveryError::OtherIssuer,
            ),
            (
                r#"{"issuer":"https://idp.example","issuer":"https://b"}"#,
                DiscoveryError::DuplicateMember,
            ),
            (r#"{"issuer":"https://idp.example"}"#, DiscoveryError::NoKeySet),
            (r#"{"issuer":"https://idp.example","jwks_uri":""}"#, DiscoveryError::NoKeySet),
            (r#"{"issuer":"https://idp.example","jwks_uri":["a"]}"#, DiscoveryError::NoKeySet),
            (&far, DiscoveryError::NoKeySet),
            (&long, DiscoveryError::TooLong),
        ];
        for (document, error) in cases {
            assert_eq!(key_set_address(document.as_bytes(), ISSUER), Err(error), "{document:.80}");
        }
    }

    #[test]
    fn address_is_given_as_it_stands() {
        let document =
            r#"{"issuer":"https://idp.example","jwks_uri":"https://k.example/?p=1","x":[]}"#;
        let address = key_set_address(document.as_bytes(), ISSUER);
        assert_eq!(address.as_deref(), Ok("https://k.example/?p=1"));
    }
}
