//! Both slots together, and which of them is in use.

use crate::error::FormatError;
use crate::header::SlotCondition;
use crate::header::core::RecipientProfile;
use crate::header::slot::{Slot, SlotState};

/// Names a slot's place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    A,
    B,
}

impl Place {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// The slot pair. The choice is made by structure and digest alone, the higher generation first; after
/// a failed unwrap the other slot is never tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    slot_len: usize,
    active: Slot,
    place: Place,
    condition: SlotCondition,
}

impl Slots {
    pub(crate) fn parse(
        slot_len: usize,
        bytes: &[u8],
        profile: RecipientProfile,
    ) -> Result<Self, FormatError> {
        let authenticated = profile == RecipientProfile::Authenticated;
        let (a, b) = bytes.split_at_checked(slot_len).ok_or(FormatError::SlotsDamaged)?;
        let pair = (SlotState::parse(a, authenticated), SlotState::parse(b, authenticated));
        Self::choose(slot_len, pair)
    }

    fn choose(slot_len: usize, pair: (SlotState, SlotState)) -> Result<Self, FormatError> {
        let (active, place, condition) = match pair {
            (SlotState::Valid(a), SlotState::Valid(b)) => {
                let unfinished = SlotCondition::RewrapUnfinished;
                match a.generation.cmp(&b.generation) {
                    std::cmp::Ordering::Equal => return Err(FormatError::SlotGenerations),
                    std::cmp::Ordering::Greater => (a, Place::A, unfinished),
                    std::cmp::Ordering::Less => (b, Place::B, unfinished),
                }
            }
            (SlotState::Valid(a), SlotState::Unused) => (a, Place::A, SlotCondition::Clean),
            (SlotState::Unused, SlotState::Valid(b)) => (b, Place::B, SlotCondition::Clean),
            (SlotState::Valid(a), SlotState::Damaged) => (a, Place::A, SlotCondition::Damaged),
            (SlotState::Damaged, SlotState::Valid(b)) => (b, Place::B, SlotCondition::Damaged),
            (SlotState::Unused | SlotState::Damaged, SlotState::Unused | SlotState::Damaged) => {
                return Err(FormatError::SlotsDamaged);
            }
        };
        Ok(Self { slot_len, active, place, condition })
    }

    /// With a slot that was written into the place that is not in use; nothing if it would not be in use then.
    pub(crate) fn written(&self, bytes: &[u8], profile: RecipientProfile) -> Option<Self> {
        let authenticated = profile == RecipientProfile::Authenticated;
        let new = SlotState::parse(bytes, authenticated);
        let old = SlotState::Valid(self.active.clone());
        let pair = match self.place {
            Place::A => (old, new),
            Place::B => (new, old),
        };
        let chosen = Self::choose(self.slot_len, pair).ok()?;
        (chosen.place != self.place).then_some(chosen)
    }

    pub(crate) const fn slot_len(&self) -> usize {
        self.slot_len
    }

    pub(crate) const fn active(&self) -> &Slot {
        &self.active
    }

    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    pub(crate) const fn condition(&self) -> SlotCondition {
        self.condition
    }

    /// The slot that is not in use has been overwritten with zeros.
    pub(crate) const fn scrubbed(&mut self) {
        self.condition = SlotCondition::Clean;
    }

    /// Where a slot starts, counted from the first byte of slot A.
    pub(crate) const fn offset(&self, place: Place) -> u64 {
        match place {
            Place::A => 0,
            Place::B => self.slot_len as u64,
        }
    }
}
