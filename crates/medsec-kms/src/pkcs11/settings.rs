//! Which token, and how to get in.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use cryptoki::types::AuthPin;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

/// Which token to use, and how.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Pkcs11Settings {
    /// The module: an absolute path. What is there runs in this process, so it is the operator's to name.
    pub module: PathBuf,
    /// The token. Its serial number stands in every package, so it is named by that and not by a slot.
    pub token: TokenSerial,
    /// The user's PIN.
    pub pin: TokenPin,
    /// Most sessions at a time, and as many threads. Tokens have limits of their own; a smart card may take one.
    pub sessions: NonZeroUsize,
}

/// The serial number of a token, as it tells it: 1 to 16 visible ASCII characters, without the blanks at its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenSerial(String);

impl TokenSerial {
    /// Longest serial number in bytes: its field in `CK_TOKEN_INFO`.
    pub const MAX_LEN: usize = 16;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidToken::Serial`] if it is empty, too long or has another character.
    pub fn new(serial: &str) -> Result<Self, InvalidToken> {
        let fits = (1..=Self::MAX_LEN).contains(&serial.len());
        let visible = serial.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && visible).then(|| Self(serial.to_owned())).ok_or(InvalidToken::Serial)
    }

    /// The serial number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TokenSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TokenSerial {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        Self::new(text)
    }
}

/// The user's PIN: 1 to 255 bytes of UTF-8, erased when dropped, not shown. It is kept to log in again where a token ends
/// its sessions; one that the token refused is not tried a second time by this process, whichever service asks.
#[derive(Clone)]
pub struct TokenPin(Zeroizing<Box<str>>);

impl TokenPin {
    /// Longest PIN in bytes.
    pub const MAX_LEN: usize = 255;

    /// Takes a PIN over and erases the caller's copy, also when it is none.
    ///
    /// # Errors
    /// [`InvalidToken::Pin`] if it is empty, too long or no UTF-8.
    pub fn take_from(bytes: &mut [u8]) -> Result<Self, InvalidToken> {
        let fits = (1..=Self::MAX_LEN).contains(&bytes.len());
        let text = std::str::from_utf8(bytes).ok().filter(|_| fits);
        // A box of exactly that length: no other copy stays behind.
        let pin = text.map(|text| Self(Zeroizing::new(Box::from(text))));
        bytes.zeroize();
        pin.ok_or(InvalidToken::Pin)
    }

    /// For one login.
    pub(super) fn expose_secret(&self) -> AuthPin {
        AuthPin::new(self.0.to_string().into_boxed_str())
    }

    /// Whether both are the same PIN; how long that takes tells their lengths alone.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl fmt::Debug for TokenPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPin(redacted)")
    }
}

/// What is said of a token cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// Not a serial number.
    #[error("a token's serial number is 1 to 16 visible ASCII characters")]
    Serial,
    /// Not a PIN.
    #[error("a PIN is 1 to 255 bytes of UTF-8")]
    Pin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_rejects_other_shapes() {
        for bad in ["", "12345678901234567", "a b", "ä", "a\0"] {
            assert_eq!(TokenSerial::new(bad), Err(InvalidToken::Serial), "{bad:?}");
        }
        assert_eq!(TokenSerial::new("9f3c21aa00b1c2d3").unwrap().as_str(), "9f3c21aa00b1c2d3");
    }

    #[test]
    fn pin_erases_its_source_and_is_not_shown() {
        for (mut bytes, good) in
            [(b"4711-geheim".to_vec(), true), (vec![0xFF; 4], false), (vec![b'1'; 256], false)]
        {
            let pin = TokenPin::take_from(&mut bytes);
            assert!(bytes.iter().all(|byte| *byte == 0));
            assert_eq!(pin.is_ok(), good);
            assert!(!format!("{pin:?}").contains("4711"));
        }
    }
}
