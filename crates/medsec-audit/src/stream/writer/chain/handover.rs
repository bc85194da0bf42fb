//! From one epoch to the next.

use std::io;

use super::{Chain, counted};
use crate::count::Count;
use crate::epoch::{
    Epoch, EpochKey, EpochPublicKey, EpochReason, Genesis, Retirement, SlotError, other_slot,
    rekey_message, retire_message,
};
use crate::event::Prepared;
use crate::line::RecordPosition;
use crate::note::NoteSigner;
use crate::stream::state;
use crate::stream::writer::{AppendError, Appended, OpenWriterError};
use crate::time::LogTime;

/// Why an epoch is to be opened.
pub(in crate::stream::writer) enum Opening<'a> {
    /// The epoch key alone decides.
    Plain(EpochReason),
    /// With a fresh key, which the log key vouches for.
    Rekey(&'a dyn NoteSigner),
    /// With the log key's permission that records go.
    Retire(Retirement, &'a dyn NoteSigner),
}

/// The key of the epoch to be opened, and the slot in which it lies, or nothing does.
struct Taken {
    slot: usize,
    key: EpochKey,
}

impl Chain {
    /// Opens the next epoch, with events in the same batch.
    ///
    /// In this order: the key after the next is durable, the epoch is, the key that it uses is gone from the disk.
    pub(in crate::stream::writer) fn hand_over<'e>(
        &mut self,
        opening: Opening<'_>,
        events: impl Iterator<Item = &'e Prepared>,
    ) -> Result<Vec<Appended>, OpenWriterError> {
        self.check_whole()?;
        let current = self.replay.epoch.as_ref().ok_or(AppendError::Closed)?;
        let (number, next) = (counted(current.number.saturating_add(1))?, current.next);
        let Taken { slot, key } = match &opening {
            Opening::Rekey(_) => {
                // A key that is still there stays until the one in its place is durable.
                let slot = self.slots.find(&next).map_or(0, |(slot, _)| slot);
                Taken { slot, key: EpochKey::generate()? }
            }
            Opening::Plain(_) | Opening::Retire(..) => self.take(&next)?,
        };
        let after = EpochKey::generate()?;
        // Before anything is changed: the log key may not sign.
        let epoch = self.epoch(opening, number, key.public(), after.public())?;
        let behind = counted(number.get().saturating_add(1))?;
        let put = self.slots.put(other_slot(slot), behind, &after);
        put.map_err(|error| self.fails(&error))?;
        drop(after);
        if self.segment_is_full() && self.at.offset > 0 {
            self.begin_segment().map_err(|error| self.fails(&error))?;
        }
        let is_rekey = matches!(epoch.reason, EpochReason::Rekey(_));
        let batch = self.batch(&key, Some(epoch), events)?;
        if is_rekey {
            // As a replay takes it: the log key says that it goes on from here.
            self.replay.newest = LogTime::EARLIEST;
        }
        let appended = self.put(batch)?;
        // The key of the epoch before is erased with this.
        self.key = Some(key);
        self.slots.erase(slot).map_err(|error| self.fails(&error))?;
        self.epoch_since = self.clock.monotonic();
        // A cache: without it the next start takes longer.
        let _ = state::save(&*self.volume, &self.replay, self.at, &self.ties);
        Ok(appended)
    }

    /// The key that the last epoch named.
    fn take(&mut self, next: &EpochPublicKey) -> Result<Taken, AppendError> {
        let found = self.slots.find(next);
        let (slot, key) = found.map_err(|error| match error {
            SlotError::Io(error) => self.fails(&error),
            SlotError::Missing | SlotError::NoKey => self.fails(&io::ErrorKind::NotFound.into()),
        })?;
        Ok(Taken { slot, key })
    }

    /// The epoch's record, with the log key's signature where it needs one.
    fn epoch(
        &self,
        opening: Opening<'_>,
        number: Count,
        key: EpochPublicKey,
        next: EpochPublicKey,
    ) -> Result<Epoch, OpenWriterError> {
        let mut epoch = Epoch { number, key, next, reason: EpochReason::Start };
        let (seq, prev) = (counted(self.size())?, self.replay.last_leaf);
        // The time is no part of what the log key signs.
        let position = RecordPosition { seq, prev, ts: self.clock.wall().into() };
        let Genesis { id, .. } = self.genesis();
        let origin = self.genesis().origin();
        epoch.reason = match opening {
            Opening::Plain(reason) => reason,
            Opening::Rekey(signer) => {
                check_log_key(signer, self.genesis())?;
                let message = rekey_message(&origin, id, &epoch, &position);
                EpochReason::Rekey(Box::new(signer.sign_message(&message)?))
            }
            Opening::Retire(retirement, signer) => {
                check_log_key(signer, self.genesis())?;
                let message = retire_message(&origin, id, &epoch, &position, &retirement);
                let signature = signer.sign_message(&message)?;
                EpochReason::Retire(Box::new((retirement, signature)))
            }
        };
        Ok(epoch)
    }
}

/// Whether the signer is the log key that record 0 names.
pub(super) fn check_log_key(
    signer: &dyn NoteSigner,
    genesis: &Genesis,
) -> Result<(), OpenWriterError> {
    let same = signer.verifier_key().as_bytes() == genesis.log_key.as_bytes();
    same.then_some(()).ok_or(OpenWriterError::OtherLogKey)
}
