//! The rewrap itself, on slots in place.

use std::io::{self, SeekFrom};

use subtle::ConstantTimeEq;

use crate::error::FormatError;
use crate::header::core::RecipientProfile;
use crate::header::slot::{Recipients, encode_slot};
use crate::header::slots::Place;
use crate::header::stanza::Stanza;
use crate::header::{Header, SlotCondition};
use crate::ids::SlotDigest;
use crate::rewrap::{LockedPackage, PackageFile, RewrapError, UnlockedRecipients};
use crate::seal::recipients_mac_key;
use crate::secret::Dek;
use crate::strided::read_full;

/// Who is to open the package from now on. Stanzas must wrap its data key for
/// [`Header::bind`]; to keep a recipient, pass its stanza again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NewRecipients<'a> {
    /// For packages whose recipient list carries a MAC: needs the data key.
    Authenticated {
        /// The recipients as unlocked by a present one.
        unlocked: &'a UnlockedRecipients,
        /// The new list.
        stanzas: Vec<Stanza>,
    },
    /// For blind packages: nobody saw the data key.
    Blind {
        /// The new list.
        stanzas: Vec<Stanza>,
    },
}

/// What trying the new recipients showed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Confirmation {
    /// One new stanza was unwrapped and gave this. Unless it is the package's data key (which nobody knows
    /// of a blind package), the rewrap is undone.
    Unwrapped(Dek),
    /// The caller may unwrap none of them, and takes the key service's word that it wrapped them.
    NotPermitted,
    /// None could be unwrapped. The rewrap is undone.
    Failed,
}

/// A finished rewrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rewrapped {
    /// The new generation of the recipient list.
    pub generation: u64,
    /// Digest of the slot before, for the audit trail.
    pub old_slot: SlotDigest,
    /// Digest of the slot now in use.
    pub new_slot: SlotDigest,
}

impl NewRecipients<'_> {
    /// Encodes the slot of the next generation; refuses what does not fit the package.
    pub(super) fn encode(&self, header: &Header, slot_len: usize) -> Result<Vec<u8>, RewrapError> {
        let generation = next_generation(header)?;
        let profile = header.core().profile;
        match self {
            Self::Authenticated { unlocked, stanzas } => {
                if profile != RecipientProfile::Authenticated {
                    return Err(RewrapError::Profile);
                }
                let found = unlocked.header();
                let same =
                    found.hash() == header.hash() && found.slot_digest() == header.slot_digest();
                if !same {
                    return Err(RewrapError::Changed);
                }
                let key = recipients_mac_key(profile, unlocked.dek(), &header.hash())?;
                encode(slot_len, generation, stanzas, key.as_deref())
            }
            Self::Blind { stanzas } => {
                if profile != RecipientProfile::Blind {
                    return Err(RewrapError::Profile);
                }
                encode(slot_len, generation, stanzas, None)
            }
        }
    }

    /// The slot length a copy needs, at least the present one.
    pub(super) fn slot_len(&self, header: &Header) -> Result<usize, RewrapError> {
        let (Self::Authenticated { stanzas, .. } | Self::Blind { stanzas }) = self;
        let preferred = Recipients::new(stanzas.clone())?.preferred_slot_len()?;
        Ok(preferred.max(header.slot_len()))
    }

    /// The data key that the new recipients must give, where it is known.
    pub(super) const fn dek(&self) -> Option<&Dek> {
        match self {
            Self::Authenticated { unlocked, .. } => Some(unlocked.dek()),
            Self::Blind { .. } => None,
        }
    }
}

impl Confirmation {
    /// Whether what trying them showed is good enough to give up the old ones.
    pub(super) fn is_enough(&self, expected: Option<&Dek>) -> bool {
        match (self, expected) {
            (Self::Failed, _) => false,
            (Self::NotPermitted, _) | (Self::Unwrapped(_), None) => true,
            (Self::Unwrapped(found), Some(expected)) => {
                bool::from(found.expose_secret().ct_eq(expected.expose_secret()))
            }
        }
    }
}

fn encode(
    slot_len: usize,
    generation: u64,
    stanzas: &[Stanza],
    mac_key: Option<&[u8; 32]>,
) -> Result<Vec<u8>, RewrapError> {
    let recipients = Recipients::new(stanzas.to_vec())?;
    if !recipients.fits(slot_len) {
        return Err(RewrapError::DoesNotFit);
    }
    Ok(encode_slot(slot_len, generation, &recipients, mac_key)?)
}

fn next_generation(header: &Header) -> Result<u64, RewrapError> {
    let next = header.generation().checked_add(1);
    next.ok_or(RewrapError::Format(FormatError::Value { field: "slot generation" }))
}

impl<F: PackageFile> LockedPackage<F> {
    /// Replaces the recipients in place. Takes time independent of the payload's size.
    ///
    /// `confirm` is given the header with the new recipients, durable by then; it should unwrap one of
    /// them where it may. Only then is the old slot scrubbed. A rewrap that was killed is finished by the
    /// next one.
    ///
    /// # Errors
    /// [`RewrapError`], whose variants say which recipients are in force.
    pub fn rewrap(
        &mut self,
        recipients: &NewRecipients<'_>,
        confirm: impl FnOnce(&Header) -> Confirmation,
    ) -> Result<Rewrapped, RewrapError> {
        let slot = self.place_new(recipients)?;
        self.file.sync().map_err(RewrapError::Write)?;
        let (written, rewrapped) = self.exchange(&slot, recipients.dek(), confirm)?;
        self.file.sync().map_err(|error| RewrapError::NotScrubbed(rewrapped, error))?;
        self.header = written;
        self.header.slots.scrubbed();
        Ok(rewrapped)
    }

    /// Writes the new slot, which is not durable yet.
    pub(super) fn place_new(
        &mut self,
        recipients: &NewRecipients<'_>,
    ) -> Result<Vec<u8>, RewrapError> {
        let slot = recipients.encode(&self.header, self.header.slot_len())?;
        self.settle().map_err(RewrapError::Write)?;
        let unused = self.header.slots.place().other();
        self.place_slot(unused, &slot).map_err(RewrapError::Write)?;
        Ok(slot)
    }

    /// The new slot is durable: lets the caller try it and scrubs the old one, which is not durable yet; or
    /// takes the new one away again.
    pub(super) fn exchange(
        &mut self,
        slot: &[u8],
        dek: Option<&Dek>,
        confirm: impl FnOnce(&Header) -> Confirmation,
    ) -> Result<(Header, Rewrapped), RewrapError> {
        let old = self.header.slots.place();
        let zeros = vec![0; slot.len()];
        let written = self.read_back(slot).map_err(RewrapError::Write)?;
        let Some(written) = written.filter(|written| confirm(written).is_enough(dek)) else {
            self.write_slot(old.other(), &zeros).map_err(RewrapError::Write)?;
            return Err(RewrapError::NotConfirmed);
        };
        let rewrapped = Rewrapped {
            generation: written.generation(),
            old_slot: self.header.slot_digest(),
            new_slot: written.slot_digest(),
        };
        let scrubbed = self.place_slot(old, &zeros);
        scrubbed.map_err(|error| RewrapError::NotScrubbed(rewrapped, error))?;
        Ok((written, rewrapped))
    }

    /// After an unfinished rewrap the slot in use may be whole only in the page cache: its writer was
    /// killed before the sync, or the sync failed. It is written again and made durable before the other
    /// slot, the one that surely is, is given up.
    fn settle(&mut self) -> io::Result<()> {
        if self.header.slot_condition() != SlotCondition::RewrapUnfinished {
            return Ok(());
        }
        let active = self.header.slots.active().to_bytes();
        self.write_slot(self.header.slots.place(), &active)
    }

    fn slot_offset(&self, place: Place) -> u64 {
        self.header.slots_offset.saturating_add(self.header.slots.offset(place))
    }

    fn write_slot(&mut self, place: Place, slot: &[u8]) -> io::Result<()> {
        self.place_slot(place, slot)?;
        self.file.sync()
    }

    fn place_slot(&mut self, place: Place, slot: &[u8]) -> io::Result<()> {
        let offset = self.slot_offset(place);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.write_all(slot)
    }

    /// The header as it now stands, if the slot reads back as it was written and is in use. Nothing else was written,
    /// and the file is locked.
    fn read_back(&mut self, slot: &[u8]) -> io::Result<Option<Header>> {
        let offset = self.slot_offset(self.header.slots.place().other());
        self.file.seek(SeekFrom::Start(offset))?;
        let mut found = vec![0; slot.len()];
        let read = read_full(&mut self.file, &mut found)?;
        if read < found.len() || found != slot {
            return Ok(None);
        }
        let slots = self.header.slots.written(&found, self.header.core().profile);
        Ok(slots.map(|slots| self.header.with_slots(slots)))
    }
}
