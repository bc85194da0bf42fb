//! The text of a share, in either of its forms.

use std::fmt;

use zeroize::Zeroizing;

use super::head::{Head, fingerprint};
use super::{SECRET_LEN, ShareScheme, ShareSecret, printed, protected};
use crate::identity::ProtectError;
use crate::name::EmergencySetId;
use crate::passphrase::{Argon2Params, Passphrase, PassphraseKdf, PassphraseSlot, SlotError};
use crate::public_key::{KeyKind, PublicKey, PublicKeyError};
use crate::utc::UtcTime;

/// Longest text of a share that is read, in bytes.
pub const MAX_SHARE_LEN: usize = 8 * 1024;
pub(super) const FIRST_LINE: &str = "medsec emergency share v1";
const PRINTED: &str = "medsec emergency share v1, printed";

/// One share as text: under its custodian's passphrase, or to be printed. Erased on drop.
pub struct ShareText {
    pub(super) head: Head,
    pub(super) index: u8,
    form: Form,
}

enum Form {
    Printed(ShareSecret),
    Protected { public_key: Box<PublicKey>, slot: PassphraseSlot },
}

impl ShareText {
    pub(super) const fn printed(head: Head, index: u8, secret: ShareSecret) -> Self {
        Self { head, index, form: Form::Printed(secret) }
    }

    pub(super) fn protected(
        head: Head,
        public_key: PublicKey,
        index: u8,
        secret: &ShareSecret,
        (passphrase, params): (&Passphrase, Argon2Params),
    ) -> Result<Self, ProtectError> {
        let kdf = PassphraseKdf::generate(params)?;
        let context = protected::before_secret(&head, index, &public_key, &kdf);
        let slot = PassphraseSlot::seal(kdf, passphrase, context.as_bytes(), secret.as_slice())
            .map_err(|error| match error {
                SlotError::Random(error) => ProtectError::Random(error),
                _ => ProtectError::Memory,
            })?;
        Ok(Self::of_file(head, index, public_key, slot))
    }

    /// As read from a file.
    pub(super) fn of_file(
        head: Head,
        index: u8,
        public_key: PublicKey,
        slot: PassphraseSlot,
    ) -> Self {
        let public_key = Box::new(public_key);
        Self { head, index, form: Form::Protected { public_key, slot } }
    }

    /// Names the set it belongs to.
    #[must_use]
    pub const fn set(&self) -> EmergencySetId {
        self.head.set
    }

    /// Which share it is: from 1.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// How many there are and are needed.
    #[must_use]
    pub const fn scheme(&self) -> ShareScheme {
        self.head.scheme
    }

    /// The kind of key that the shares make.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.head.kind
    }

    /// When the key was made, by its maker's clock.
    #[must_use]
    pub const fn created_at(&self) -> UtcTime {
        self.head.created_at
    }

    /// Whether it is a share of this key, as it says itself.
    #[must_use]
    pub fn is_of(&self, public_key: &PublicKey) -> bool {
        self.head.fingerprint == fingerprint(public_key)
    }

    /// The public key that the shares make; none on paper, where only its fingerprint stands.
    #[must_use]
    pub const fn public_key(&self) -> Option<&PublicKey> {
        match &self.form {
            Form::Printed(_) => None,
            Form::Protected { public_key, .. } => Some(&**public_key),
        }
    }

    /// What the passphrase's key costs; none for a printed share, which needs none.
    #[must_use]
    pub const fn passphrase_params(&self) -> Option<Argon2Params> {
        match &self.form {
            Form::Printed(_) => None,
            Form::Protected { slot, .. } => Some(slot.kdf().params()),
        }
    }

    /// Gives the share's secret, not yet compared with its commitment; none if a passphrase is needed.
    pub(super) fn unlock(
        &self,
        passphrase: Option<&Passphrase>,
    ) -> Result<Option<ShareSecret>, SlotError> {
        let (public_key, slot) = match &self.form {
            Form::Printed(secret) => return Ok(Some(secret.clone())),
            Form::Protected { public_key, slot } => (public_key, slot),
        };
        let Some(passphrase) = passphrase else { return Ok(None) };
        let context = protected::before_secret(&self.head, self.index, public_key, slot.kdf());
        let opened = slot.open(passphrase, context.as_bytes())?;
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        for (to, from) in secret.iter_mut().zip(opened.iter()) {
            *to = *from;
        }
        Ok(Some(secret))
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> Zeroizing<String> {
        match &self.form {
            Form::Printed(secret) => printed::render(&self.head, self.index, secret),
            Form::Protected { public_key, slot } => {
                Zeroizing::new(protected::render(&self.head, self.index, public_key, slot))
            }
        }
    }

    /// Reads the text of a share, in either form. No passphrase is needed and none is tried.
    ///
    /// # Errors
    /// [`ShareFormatError`], with the line that is not as it must be where that can be told.
    pub fn parse(bytes: &[u8]) -> Result<Self, ShareFormatError> {
        if bytes.len() > MAX_SHARE_LEN {
            return Err(ShareFormatError::TooLong);
        }
        let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (first, rest) = bytes.split_at_checked(end).unwrap_or_default();
        if first == FIRST_LINE.as_bytes() {
            return protected::parse(bytes);
        }
        if !first.trim_ascii().eq_ignore_ascii_case(PRINTED.as_bytes()) {
            return Err(ShareFormatError::NotAShare);
        }
        let (head, index, secret) = printed::parse(rest)?;
        Ok(Self::printed(head, index, secret))
    }
}

impl fmt::Debug for ShareText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShareText({} of {}, redacted)", self.index, self.head.set)
    }
}

/// A text is not a share of a kind this version reads. Nothing of its content is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShareFormatError {
    /// The first line is missing, or that of another version.
    #[error("not a share of an emergency key")]
    NotAShare,
    /// Longer than a share can be.
    #[error("longer than the {MAX_SHARE_LEN} bytes the share of an emergency key may have")]
    TooLong,
    /// A line is missing or not as it must be. On paper it is counted as printed.
    #[error("line {line} of the share is missing or not as it must be")]
    Line {
        /// Its number, from 1.
        line: u8,
    },
    /// The checksum of a printed line does not fit.
    #[error("line {line} of the printed share was mistyped: its checksum does not fit")]
    Mistyped {
        /// Its printed number.
        line: u8,
    },
    /// Each line of a printed share is right, but there are too few or they are of no share.
    #[error("lines of the printed share are missing, or they are of no share")]
    Incomplete,
    /// The public key is malformed.
    #[error(transparent)]
    PublicKey(#[from] PublicKeyError),
    /// The Argon2id parameters are outside their limits.
    #[error("the Argon2id parameters of the share are outside their limits")]
    Parameters,
    /// Further lines, blanks or other line ends.
    #[error("the share has lines, blanks or line ends that do not belong there")]
    NotCanonical,
    /// The checksum over all of it does not fit.
    #[error("the share is damaged: its checksum does not fit")]
    Damaged,
}
