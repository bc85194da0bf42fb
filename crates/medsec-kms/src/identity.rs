//! The identity file: one private key, plain or under a passphrase.
//!
//! ```text
//! medsec identity v1
//! public: msp-x25519:…
//! created: 2026-11-03T12:00:00Z
//! protection: plain | argon2id m=65536 t=3 p=4 salt=…
//! secret: …
//! ```
//!
//! The form is canonical: what parses is exactly what would be written. Under a passphrase every byte
//! before `secret: ` is context of the sealed secret, so that no line can be changed; in a plain file
//! a checksum over the same bytes shows accidents.

mod load;
mod replace;
mod text;

pub use self::load::LoadError;
pub use self::replace::ReplaceError;
pub use self::text::IdentityFormatError;
pub(crate) use self::text::{parse_protection, render_kdf};

use medsec_crypto::{RandomError, Timestamp};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::passphrase::{Argon2Params, Passphrase, PassphraseKdf, PassphraseSlot, SlotError};
use crate::private_key::PrivateKey;
use crate::public_key::PublicKey;
use crate::utc::UtcTime;

/// Longest identity file that is read, in bytes.
pub const MAX_IDENTITY_LEN: usize = 64 * 1024;
const CHECK_LEN: usize = 8;
const SECRET_LEN: usize = 32;

/// An identity file in memory. Erased on drop.
#[derive(Debug)]
pub struct IdentityFile {
    public_key: PublicKey,
    created_at: UtcTime,
    protection: Protection,
}

#[derive(Debug)]
enum Protection {
    /// The private key itself.
    Plain(PrivateKey),
    /// The private key under a passphrase.
    Passphrase(PassphraseSlot),
}

impl IdentityFile {
    /// The file for `key` without a passphrase: who reads the file has the key.
    #[must_use]
    pub fn plain(key: PrivateKey, created_at: Timestamp) -> Self {
        Self {
            public_key: key.public_key(),
            created_at: created_at.into(),
            protection: Protection::Plain(key),
        }
    }

    /// The file for `key` under a passphrase.
    ///
    /// # Errors
    /// [`ProtectError`]; nothing was made.
    pub fn protected(
        key: &PrivateKey,
        created_at: Timestamp,
        passphrase: &Passphrase,
        params: Argon2Params,
    ) -> Result<Self, ProtectError> {
        let public_key = key.public_key();
        let created_at = UtcTime::from(created_at);
        let kdf = PassphraseKdf::generate(params)?;
        let head = text::head(&public_key, created_at, Some(&kdf));
        let slot = PassphraseSlot::seal(kdf, passphrase, head.as_bytes(), key.expose_secret())
            .map_err(|error| match error {
                SlotError::Random(error) => ProtectError::Random(error),
                _ => ProtectError::Memory,
            })?;
        Ok(Self { public_key, created_at, protection: Protection::Passphrase(slot) })
    }

    /// The public half. In a file under a passphrase it is authentic only after [`Self::unlock`].
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// When the key was made, by its maker's clock.
    #[must_use]
    pub const fn created_at(&self) -> UtcTime {
        self.created_at
    }

    /// What the passphrase's key costs; none for a plain file.
    #[must_use]
    pub const fn passphrase_params(&self) -> Option<Argon2Params> {
        match &self.protection {
            Protection::Plain(_) => None,
            Protection::Passphrase(slot) => Some(slot.kdf().params()),
        }
    }

    /// Gives the private key. A plain file needs no passphrase and ignores one.
    ///
    /// # Errors
    /// [`UnlockError::NotAuthentic`] if the passphrase is wrong or the file was changed.
    pub fn unlock(&self, passphrase: Option<&Passphrase>) -> Result<PrivateKey, UnlockError> {
        let kind = self.public_key.kind();
        let mut secret = match &self.protection {
            Protection::Plain(key) => Zeroizing::new(key.expose_secret().to_vec()),
            Protection::Passphrase(slot) => {
                let passphrase = passphrase.ok_or(UnlockError::PassphraseNeeded)?;
                let head = text::head(&self.public_key, self.created_at, Some(slot.kdf()));
                slot.open(passphrase, head.as_bytes())?
            }
        };
        let key =
            PrivateKey::take_from(kind, &mut secret).map_err(|_| UnlockError::NotAuthentic)?;
        let belongs = key.public_key() == self.public_key;
        belongs.then_some(key).ok_or(UnlockError::NotAuthentic)
    }
}

/// Accidental damage of a plain file shows here.
fn plain_check(head: &str, secret: &[u8]) -> [u8; CHECK_LEN] {
    let digest: [u8; 32] = Sha256::new().chain_update(head).chain_update(secret).finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Why a file under a passphrase was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtectError {
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// There is not the memory that the parameters demand.
    #[error("there is not enough memory for Argon2id with these parameters")]
    Memory,
}

/// Why an identity file gave no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The file is under a passphrase and none was given.
    #[error("the identity file is under a passphrase and none was given")]
    PassphraseNeeded,
    /// There is not the memory that the file's parameters demand.
    #[error("there is not enough memory for the Argon2id parameters of the identity file")]
    Memory,
    /// Wrong passphrase or altered file; which of them is not told.
    #[error("wrong passphrase, or altered identity file")]
    NotAuthentic,
}

impl From<SlotError> for UnlockError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Memory => Self::Memory,
            _ => Self::NotAuthentic,
        }
    }
}

#[cfg(test)]
mod tests;
