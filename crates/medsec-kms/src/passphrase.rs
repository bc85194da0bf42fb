//! The passphrase slot: a small secret under a key that Argon2id makes of a passphrase.
//!
//! Identity files and the local key store share it. Encoded:
//!
//! ```text
//! version u8 = 1 ‖ memory in KiB u32 ‖ passes u8 ‖ lanes u8 ‖ salt(16) ‖ sealed_len u16 ‖ sealed
//! sealed = Cobblestone-256 message of the secret under Argon2id(passphrase, salt), 32 bytes, with
//! context = "medsec/passphrase-slot/v1" ‖ 0 ‖ version … salt as above ‖ the holder's context
//! ```

mod kdf;
mod slot;

pub use self::kdf::{Argon2Params, PassphraseKdf};
pub use self::slot::{MAX_SLOT_SECRET_LEN, PassphraseSlot};

use std::fmt;

use medsec_crypto::{NotAuthentic, RandomError};
use zeroize::{Zeroize, Zeroizing};

/// A passphrase: 1 to 1,024 bytes of UTF-8, taken as they are. Erased on drop.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// Longest passphrase in bytes.
    pub const MAX_LEN: usize = 1024;

    /// Takes over a passphrase and erases the caller's copy, also when it is refused.
    ///
    /// # Errors
    /// [`InvalidPassphrase`] if it is empty, too long or not UTF-8.
    pub fn take_from(bytes: &mut [u8]) -> Result<Self, InvalidPassphrase> {
        let fits = (1..=Self::MAX_LEN).contains(&bytes.len()) && str::from_utf8(bytes).is_ok();
        let copy = fits.then(|| Self(Zeroizing::new(bytes.to_vec())));
        bytes.zeroize();
        copy.ok_or(InvalidPassphrase)
    }

    fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether both are the same, for a passphrase that was asked for twice.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

/// A passphrase is empty, too long or not UTF-8. The bytes given were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a passphrase must be 1 to 1,024 bytes of UTF-8")]
pub struct InvalidPassphrase;

/// Why a slot was not made, read or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// Not a passphrase slot of a kind this version reads.
    #[error("not a passphrase slot that this version reads")]
    Format,
    /// Argon2id parameters outside their limits.
    #[error("the Argon2id parameters are outside their limits")]
    Parameters,
    /// The secret does not fit a slot.
    #[error("a slot holds a secret of 1 to {MAX_SLOT_SECRET_LEN} bytes")]
    SecretLength,
    /// There is not the memory that the parameters demand.
    #[error("there is not enough memory for Argon2id with these parameters")]
    Memory,
    /// The operating system gave no randomness; nothing was sealed.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Wrong passphrase or altered slot; which of them is not told.
    #[error("wrong passphrase, or altered")]
    NotAuthentic,
}

impl From<NotAuthentic> for SlotError {
    fn from(_: NotAuthentic) -> Self {
        Self::NotAuthentic
    }
}
