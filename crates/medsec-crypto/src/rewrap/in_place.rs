//! The rewrap itself, on slots in place.

use std::io::SeekFrom;

use crate::error::{FormatError, Part};
use crate::header::{Header, SlotCondition};
use crate::header::core::RecipientProfile;
use crate::header::slot::{Recipients, encode_slot};
use crate::header::stanza::Stanza;
use crate::ids::SlotDigest;
use crate::rewrap::{LockedPackage, PackageFile, RewrapError, UnlockedRecipients};
use crate::seal::recipients_mac_key;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Confirmation {
    /// One new stanza was unwrapped and gave the data key.
    Unwrapped,
    /// The caller may unwrap none of them, and takes the key service's word that it wrapped them.
    NotPermitted,
    /// None gave the data key. The old recipients are kept.
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
    next.ok_or(RewrapError::Format(FormatError::Value {
        field: "slot generation",
    }))
}

impl<F: PackageFile> LockedPackage<F> {
    /// Replaces the recipients in place. Takes time independent of the payload's size.
    ///
    /// `confirm` is given the header with the new recipients, durable by then; it should unwrap one of
    /// them where it may. Only then is the old slot scrubbed. An interrupted rewrap is finished by the
    /// next one.
    ///
    /// # Errors
    /// [`RewrapError`]; unless [`RewrapError::Unfinished`] or [`RewrapError::Io`] the package is as it
    /// was, and in these two cases it opens with the old or the new recipients.
    pub fn rewrap(
        mut self,
        recipients: &NewRecipients<'_>,
        confirm: impl FnOnce(&Header) -> Confirmation,
    ) -> Result<Rewrapped, RewrapError> {
        let slot = recipients.encode(&self.header, self.header.slot_len())?;
        let place = self.header.slots.place();
        let old_slot = self.header.slot_digest();
        self.settle()?;
        self.write_slot(place.other(), &slot)?;
        let written = self.read_back(place.other(), &slot)?;
        if confirm(&written) == Confirmation::Failed {
            return Err(RewrapError::Unfinished);
        }
        self.write_slot(place, &vec![0; slot.len()])?;
        Ok(Rewrapped {
            generation: written.generation(),
            old_slot,
            new_slot: written.slot_digest(),
        })
    }

    /// After an unfinished rewrap the slot in use may be whole only in the page cache: its writer was
    /// killed before the sync, or the sync failed. It is written again and made durable before the other
    /// slot, the one that surely is, is given up.
    fn settle(&mut self) -> Result<(), RewrapError> {
        if self.header.slot_condition() != SlotCondition::RewrapUnfinished {
            return Ok(());
        }
        let active = self.header.slots.active().to_bytes();
        self.write_slot(self.header.slots.place(), &active)
    }

    fn slot_offset(&self, place: crate::header::slots::Place) -> u64 {
        self.header
            .slots_offset
            .saturating_add(self.header.slots.offset(place))
    }

    fn write_slot(
        &mut self,
        place: crate::header::slots::Place,
        slot: &[u8],
    ) -> Result<(), RewrapError> {
        let offset = self.slot_offset(place);
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(RewrapError::Io)?;
        self.file.write_all(slot).map_err(RewrapError::Io)?;
        self.file.sync().map_err(RewrapError::Io)
    }

    /// Reads the slot again, compares it and gives the header as it now stands.
    fn read_back(
        &mut self,
        place: crate::header::slots::Place,
        slot: &[u8],
    ) -> Result<Header, RewrapError> {
        let offset = self.slot_offset(place);
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(RewrapError::Io)?;
        let mut found = vec![0; slot.len()];
        let read = read_full(&mut self.file, &mut found).map_err(RewrapError::Io)?;
        if read < slot.len() {
            return Err(FormatError::Truncated { part: Part::Slots }.into());
        }
        let header = Header::read_patiently(&mut self.file)?;
        let in_use = header.slots.place() == place && found == slot;
        if in_use {
            Ok(header)
        } else {
            Err(RewrapError::Unfinished)
        }
    }
}
