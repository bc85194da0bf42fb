//! The compact form of RFC 7515 section 7.1: three parts, each in base64url without padding.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::authenticate::RefusedBecause;

/// Longest token in bytes.
pub(crate) const MAX_LEN: usize = 16 * 1024;

/// A token, taken apart.
pub(crate) struct Compact<'t> {
    /// What is signed: the first two parts with their point, as they came.
    pub(crate) signed: &'t [u8],
    pub(crate) header: Vec<u8>,
    pub(crate) claims: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'t> Compact<'t> {
    /// Takes a token apart. Nothing is decoded of one that is too long or not of three parts.
    pub(crate) fn parse(token: &'t [u8]) -> Result<Self, RefusedBecause> {
        if token.len() > MAX_LEN {
            return Err(RefusedBecause::TokenTooLong);
        }
        let mut parts = token.split(|byte| *byte == b'.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(RefusedBecause::NotThreeParts);
        };
        if signature.is_empty() {
            return Err(RefusedBecause::SignatureMissing);
        }
        let signed_len = token.len().saturating_sub(signature.len()).saturating_sub(1);
        let signed = token.get(..signed_len).ok_or(RefusedBecause::NotThreeParts)?;
        let [header, claims, signature] = [decode(header)?, decode(claims)?, decode(signature)?];
        Ok(Self { signed, header, claims, signature })
    }
}

/// Decodes the one canonical form: the bits that are left over are zero.
fn decode(part: &[u8]) -> Result<Vec<u8>, RefusedBecause> {
    if part.contains(&b'=') {
        return Err(RefusedBecause::Padding);
    }
    URL_SAFE_NO_PAD.decode(part).map_err(|_| RefusedBecause::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_not_compact_are_refused() {
        let long = "a".repeat(MAX_LEN);
        let cases = [
            ("", RefusedBecause::NotThreeParts),
            ("e30.e30", RefusedBecause::NotThreeParts),
            ("e30.e30.AA.AA", RefusedBecause::NotThreeParts),
            ("e30.e30.AA.", RefusedBecause::NotThreeParts),
            ("e30.e30.AA.AA.AA", RefusedBecause::NotThreeParts),
            ("e30.e30.", RefusedBecause::SignatureMissing),
            ("e30=.e30.AA", RefusedBecause::Padding),
            ("e30.e30.AB", RefusedBecause::Encoding),
            ("e30.e30.A", RefusedBecause::Encoding),
            ("e30.e 30.AA", RefusedBecause::Encoding),
            ("e30.e30.A+", RefusedBecause::Encoding),
            ("é30.e30.AA", RefusedBecause::Encoding),
            (&format!("{long}."), RefusedBecause::TokenTooLong),
        ];
        for (token, because) in cases {
            assert_eq!(Compact::parse(token.as_bytes()).err(), Some(because));
        }
    }

    #[test]
    fn signed_is_what_came() {
        let token = Compact::parse(b"e30.e30.AA").unwrap();
        assert_eq!(token.signed, b"e30.e30");
        assert_eq!((token.header, token.signature), (b"{}".to_vec(), vec![0]));
    }
}
