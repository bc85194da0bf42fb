//! Emergency keys: a recipient's private key that exists only as shares among custodians.
//!
//! The public half is added to packages beforehand. The private half is drawn, split into N shares of which any M
//! make it again (Shamir over GF(256)), and erased. A share is written as a file under its custodian's passphrase,
//! or printed. The forms are described in `docs/formats/emergency-share.md`, what they are for and what they do not
//! do in `docs/emergency.md`.
//!
//! ```
//! use medsec_crypto::Timestamp;
//! use medsec_kms::{EmergencySet, EmergencyShares, KeyKind, ShareScheme, ShareText};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = Timestamp::from(std::time::SystemTime::now());
//! let set = EmergencySet::stage(KeyKind::X25519, ShareScheme::new(2, 3)?, now)?;
//! let papers: Vec<_> = set.shares().map(|share| share.printed().render()).collect();
//!
//! let mut shares = EmergencyShares::of(set.public_key().clone());
//! for paper in papers.iter().take(2) {
//!     shares.add(&ShareText::parse(paper.as_bytes())?, None)?;
//! }
//! assert_eq!(shares.combine()?.public_key(), *set.public_key());
//! # Ok(())
//! # }
//! ```

mod collect;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod head;
mod printed;
mod protected;
mod split;
mod text;

pub use self::collect::{AddShareError, CombineError, EmergencyShares};
pub use self::file::LoadShareError;
pub use self::text::{MAX_SHARE_LEN, ShareFormatError, ShareText};

use std::fmt;

use medsec_crypto::{RandomError, Timestamp};
use zeroize::Zeroizing;

use self::head::Head;
use crate::identity::ProtectError;
use crate::name::EmergencySetId;
use crate::passphrase::{Argon2Params, Passphrase};
use crate::private_key::PrivateKey;
use crate::public_key::{KeyKind, PublicKey};

/// Length of a share's secret: that of the private key.
const SECRET_LEN: usize = 32;
type ShareSecret = Zeroizing<[u8; SECRET_LEN]>;

/// How many shares there are and how many of them make the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareScheme {
    needed: u8,
    count: u8,
}

impl ShareScheme {
    /// Most shares of a key.
    pub const MAX_COUNT: u8 = 16;
    /// Fewest shares that may make a key: with one, each custodian would hold the key alone.
    pub const MIN_NEEDED: u8 = 2;

    /// `needed` of `count`.
    ///
    /// # Errors
    /// [`InvalidScheme`] unless 2 ≤ `needed` ≤ `count` ≤ 16.
    pub fn new(needed: u8, count: u8) -> Result<Self, InvalidScheme> {
        let fits = (Self::MIN_NEEDED..=count).contains(&needed) && count <= Self::MAX_COUNT;
        fits.then_some(Self { needed, count }).ok_or(InvalidScheme)
    }

    /// How many make the key.
    #[must_use]
    pub const fn needed(self) -> u8 {
        self.needed
    }

    /// How many there are.
    #[must_use]
    pub const fn count(self) -> u8 {
        self.count
    }
}

/// Not so many of so many shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an emergency key needs at least 2 of at most 16 shares")]
pub struct InvalidScheme;

/// All shares of a fresh key, as long as they are being handed out. Erased on drop.
pub struct EmergencySet {
    public_key: PublicKey,
    head: Head,
    secrets: Vec<ShareSecret>,
}

impl EmergencySet {
    /// Draws a key, splits it and erases it.
    ///
    /// # Errors
    /// [`StageError`]; nothing was made.
    pub fn stage(
        kind: KeyKind,
        scheme: ShareScheme,
        created_at: Timestamp,
    ) -> Result<Self, StageError> {
        if kind == KeyKind::Ed25519 {
            return Err(StageError::Kind);
        }
        Self::of_key(&PrivateKey::generate(kind)?, scheme, created_at)
    }

    fn of_key(
        key: &PrivateKey,
        scheme: ShareScheme,
        created_at: Timestamp,
    ) -> Result<Self, StageError> {
        let set = EmergencySetId::generate()?;
        let secrets = split::split(key.expose_secret(), scheme)?;
        let public_key = key.public_key();
        let head = Head::new(set, scheme, &public_key, created_at.into(), &secrets);
        Ok(Self { public_key, head, secrets })
    }

    /// The public half: what packages are sealed to.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Names the set.
    #[must_use]
    pub const fn id(&self) -> EmergencySetId {
        self.head.set
    }

    /// The shares, in their order.
    pub fn shares(&self) -> impl Iterator<Item = NewShare<'_>> {
        (1..).zip(&self.secrets).map(|(index, secret)| NewShare { of: self, index, secret })
    }
}

impl fmt::Debug for EmergencySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("EmergencySet");
        shown.field("id", &self.head.set).field("scheme", &self.head.scheme).finish_non_exhaustive()
    }
}

/// One share that is to be handed out.
pub struct NewShare<'a> {
    of: &'a EmergencySet,
    index: u8,
    secret: &'a ShareSecret,
}

impl NewShare<'_> {
    /// Which: from 1.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// For a file, under the passphrase of its custodian.
    ///
    /// # Errors
    /// [`ProtectError`]; nothing was made.
    pub fn protected(
        &self,
        passphrase: &Passphrase,
        params: Argon2Params,
    ) -> Result<ShareText, ProtectError> {
        let (head, public_key) = (self.of.head.clone(), self.of.public_key.clone());
        ShareText::protected(head, public_key, self.index, self.secret, (passphrase, params))
    }

    /// To be printed: who reads the paper has the share.
    #[must_use]
    pub fn printed(&self) -> ShareText {
        ShareText::printed(self.of.head.clone(), self.index, self.secret.clone())
    }
}

impl fmt::Debug for NewShare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewShare({}, redacted)", self.index)
    }
}

/// Why no emergency key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// A key of this kind opens nothing.
    #[error("an emergency key must be of a kind that opens packages")]
    Kind,
    /// The operating system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

#[cfg(test)]
mod tests;
