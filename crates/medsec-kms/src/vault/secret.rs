//! Text that nobody should see: tokens, secret ids.

use std::fmt;

use medsec_crypto::InvalidValue;
use zeroize::Zeroizing;

/// A token, a secret id or a signed token of another service. Up to 16 KiB of visible ASCII; erased when dropped, and
/// printed as nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Longest text in bytes.
    pub const MAX_LEN: usize = 16 * 1024;

    /// Takes a text; white space around it (a file's last line break) is left out.
    ///
    /// # Errors
    /// [`InvalidValue`] if it is empty, too long or has a character that is not visible ASCII. It is erased all the
    /// same.
    pub fn new(text: String) -> Result<Self, InvalidValue> {
        let text = Zeroizing::new(text);
        let trimmed = text.trim();
        let fits = (1..=Self::MAX_LEN).contains(&trimmed.len());
        if !fits || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidValue { field: "secret" });
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// The text.
    pub(crate) fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}
