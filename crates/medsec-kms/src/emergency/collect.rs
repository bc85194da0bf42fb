//! Shares coming together again.

use std::fmt;

use zeroize::Zeroize as _;

use super::head::Head;
use super::split::join;
use super::{ShareSecret, ShareText};
use crate::passphrase::{Passphrase, SlotError};
use crate::private_key::PrivateKey;
use crate::public_key::PublicKey;

/// The shares that have come so far. Erased on drop.
#[derive(Default)]
pub struct EmergencyShares {
    expected: Option<PublicKey>,
    /// That of the first share accepted; those that follow have the same.
    head: Option<Head>,
    // INVARIANT: each number once, each secret that of its commitment.
    shares: Vec<(u8, ShareSecret)>,
}

impl EmergencyShares {
    /// Waits for the shares of whichever key the first one is of.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits for the shares of this key. To be preferred: a policy states which key it is.
    #[must_use]
    pub fn of(public_key: PublicKey) -> Self {
        Self { expected: Some(public_key), ..Self::default() }
    }

    /// Takes a share. A printed one needs no passphrase and ignores it. A refused share changes nothing.
    ///
    /// # Errors
    /// [`AddShareError`]. What can be told without the passphrase is told before it is tried.
    pub fn add(
        &mut self,
        share: &ShareText,
        passphrase: Option<&Passphrase>,
    ) -> Result<(), AddShareError> {
        self.check_set(share)?;
        let number = share.index;
        if self.shares.iter().any(|(known, _)| *known == number) {
            return Err(AddShareError::Duplicate { share: number });
        }
        let secret = share.unlock(passphrase)?.ok_or(AddShareError::PassphraseNeeded)?;
        if !share.head.fits(number, &secret) {
            return Err(AddShareError::Altered { share: number });
        }
        self.head.get_or_insert_with(|| share.head.clone());
        self.shares.push((number, secret));
        Ok(())
    }

    fn check_set(&self, share: &ShareText) -> Result<(), AddShareError> {
        if self.expected.as_ref().is_some_and(|key| !share.is_of(key)) {
            return Err(AddShareError::Foreign);
        }
        match &self.head {
            Some(head) if head.set != share.head.set => Err(AddShareError::Foreign),
            Some(head) if *head != share.head => {
                Err(AddShareError::Contradicts { share: share.index })
            }
            _ => Ok(()),
        }
    }

    /// The numbers of the shares that have come, in the order in which they came.
    pub fn present(&self) -> impl Iterator<Item = u8> {
        self.shares.iter().map(|(number, _)| *number)
    }

    /// How many are still needed; not known before the first one.
    #[must_use]
    pub fn missing(&self) -> Option<u8> {
        let needed = self.head.as_ref()?.scheme.needed;
        let present = u8::try_from(self.shares.len()).unwrap_or(u8::MAX);
        Some(needed.saturating_sub(present))
    }

    /// Makes the key. The shares are erased, whatever comes of it.
    ///
    /// # Errors
    /// [`CombineError`]; there is no key.
    pub fn combine(self) -> Result<PrivateKey, CombineError> {
        let missing = self.missing();
        let head = self.head.as_ref().ok_or(CombineError::TooFew { missing })?;
        if missing != Some(0) {
            return Err(CombineError::TooFew { missing });
        }
        let used = self.shares.iter().take(head.scheme.needed.into());
        let mut secret =
            join(used.map(|(number, secret)| (*number, secret))).ok_or(CombineError::NotTheKey)?;
        let key = PrivateKey::take_from(head.kind, &mut secret);
        secret.zeroize();
        let key = key.map_err(|_| CombineError::NotTheKey)?;
        let same = super::head::fingerprint(&key.public_key()) == head.fingerprint;
        same.then_some(key).ok_or(CombineError::NotTheKey)
    }
}

impl fmt::Debug for EmergencyShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmergencyShares({} present, redacted)", self.shares.len())
    }
}

/// Why a share was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddShareError {
    /// It is under a passphrase and none was given.
    #[error("the share is under a passphrase and none was given")]
    PassphraseNeeded,
    /// There is not the memory that its parameters demand.
    #[error("there is not enough memory for the Argon2id parameters of the share")]
    Memory,
    /// Wrong passphrase. The file's checksum fits, so that damage by accident is excluded; a file altered on
    /// purpose looks the same.
    #[error("wrong passphrase; or the share was altered on purpose")]
    WrongPassphrase,
    /// It does not fit its own commitment.
    #[error("share {share} was altered: it is not the one that was made")]
    Altered {
        /// Its number.
        share: u8,
    },
    /// A share of this number is there already.
    #[error("share {share} is there already")]
    Duplicate {
        /// Its number.
        share: u8,
    },
    /// It is a share of another key, or of another set.
    #[error("the share belongs to another emergency key")]
    Foreign,
    /// It names the same set and says something else about it: it, or one that came before, was altered.
    #[error("share {share} contradicts those before it: one of them was altered")]
    Contradicts {
        /// Its number.
        share: u8,
    },
}

impl From<SlotError> for AddShareError {
    fn from(error: SlotError) -> Self {
        match error {
            SlotError::Memory => Self::Memory,
            _ => Self::WrongPassphrase,
        }
    }
}

/// Why shares made no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// There are too few.
    #[error("{}", too_few(*missing))]
    TooFew {
        /// How many are missing; not known if there is none.
        missing: Option<u8>,
    },
    /// They make another key than the one they are said to make.
    #[error("these shares do not make the key that they are said to make")]
    NotTheKey,
}

fn too_few(missing: Option<u8>) -> String {
    match missing {
        None => "there is no share yet".to_owned(),
        Some(1) => "1 share is missing".to_owned(),
        Some(missing) => format!("{missing} shares are missing"),
    }
}
