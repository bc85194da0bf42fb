//! Whether an epoch may follow the one that is open.

use std::sync::Arc;

use super::{Current, History, Identity, Replay, Retired};
use crate::epoch::{CommitScope, Epoch, EpochReason, Genesis, rekey_message, retire_message};
use crate::line::RecordPosition;
use crate::stream::fault::{Fault, FaultKind};
use crate::stream::run::Opening;
use crate::tree::Hash;

impl Replay {
    /// Opens an epoch with the next record.
    pub(in crate::stream) fn open(
        &mut self,
        opening: &Opening,
        segment: u64,
        offset: u64,
    ) -> Result<(), Fault> {
        let seq = self.size();
        let fault = |kind| Fault { seq, segment, offset, kind };
        let Opening { epoch, position, leaf } = opening;
        match &epoch.reason {
            EpochReason::Genesis(genesis) => {
                let line = epoch.to_line(position).map_err(|error| fault(error.into()))?;
                self.begin(genesis, *leaf, line).map_err(fault)?;
            }
            _ if self.vouched.take() == Some(*leaf) => {}
            reason => {
                if seq > 0 && !self.is_committed() {
                    let seq = self.committed();
                    return Err(Fault { seq, segment, offset, kind: FaultKind::Uncommitted });
                }
                self.settle(segment, offset)?;
                self.check_successor(epoch, position).map_err(fault)?;
                self.note_retired(epoch, position).map_err(fault)?;
                self.history.note(reason, seq);
            }
        }
        if let EpochReason::Rekey(_) = &epoch.reason {
            // Whoever has the log key says that it goes on from here: also after a clock that ran ahead.
            self.newest = position.ts;
        }
        self.history.epochs = self.history.epochs.saturating_add(1);
        self.epoch = Some(Current {
            number: epoch.number.get(),
            key: epoch.key,
            next: epoch.next,
            counter: 0,
            closing: epoch.reason == EpochReason::Close,
        });
        Ok(())
    }

    fn begin(&mut self, genesis: &Genesis, leaf: Hash, line: Vec<u8>) -> Result<(), FaultKind> {
        if self.size() > 0 {
            return Err(FaultKind::SecondGenesis);
        }
        if self.expected.is_some_and(|expected| expected != leaf) {
            return Err(FaultKind::Genesis);
        }
        let scope = CommitScope::new(&genesis.origin(), &genesis.id);
        self.identity = Some(Arc::new(Identity { genesis: genesis.clone(), scope, leaf, line }));
        Ok(())
    }

    /// Whether an epoch may follow the one that is open.
    fn check_successor(&self, epoch: &Epoch, position: &RecordPosition) -> Result<(), FaultKind> {
        let before = self.epoch.as_ref().ok_or(FaultKind::Genesis)?;
        let identity = self.identity.as_ref().ok_or(FaultKind::Genesis)?;
        let found = epoch.number.get();
        if before.number.checked_add(1) != Some(found) {
            return Err(FaultKind::EpochNumber { found });
        }
        if let EpochReason::Rekey(signature) = &epoch.reason {
            let Genesis { id, log_key, .. } = &identity.genesis;
            let message = rekey_message(&identity.genesis.origin(), id, epoch, position);
            return log_key.verifies(&message, signature).then_some(()).ok_or(FaultKind::Rekey);
        }
        (epoch.key == before.next).then_some(()).ok_or(FaultKind::EpochKey)
    }

    /// Checks the log key's permission that records go, and that they follow those that went before.
    fn note_retired(&mut self, epoch: &Epoch, position: &RecordPosition) -> Result<(), FaultKind> {
        let EpochReason::Retire(retired) = &epoch.reason else { return Ok(()) };
        let identity = self.identity.as_ref().ok_or(FaultKind::Genesis)?;
        let Genesis { id, log_key, .. } = &identity.genesis;
        let (retirement, signature) = &**retired;
        let origin = identity.genesis.origin();
        let message = retire_message(&origin, id, epoch, position, retirement);
        let before = self.retired.last().map(|before| before.retirement.last.get());
        let next = before.map_or(Some(0), |last| last.checked_add(1));
        // Without the beginning of the stream it is not known what went before the first.
        let unknown = before.is_none() && !self.from_start;
        let follows = unknown || next == Some(retirement.first.get());
        if !log_key.verifies(&message, signature) || !follows {
            return Err(FaultKind::Retire);
        }
        self.retired.push(Retired { retirement: *retirement, at: position.ts });
        Ok(())
    }
}

impl History {
    fn note(&mut self, reason: &EpochReason, seq: u64) {
        match reason {
            EpochReason::Recover(loss) => {
                self.recoveries = self.recoveries.saturating_add(1);
                if loss.acknowledged.is_some() {
                    self.losses = self.losses.saturating_add(1);
                    self.first_loss.get_or_insert(seq);
                }
            }
            EpochReason::Rekey(_) => {
                self.rekeys = self.rekeys.saturating_add(1);
                self.first_rekey.get_or_insert(seq);
            }
            EpochReason::Genesis(_)
            | EpochReason::Start
            | EpochReason::Rotate
            | EpochReason::Retire(_)
            | EpochReason::Close => {}
        }
    }
}
