//! The lines of a batch: linked, and signed.

use super::{Chain, counted};
use crate::epoch::{Epoch, EpochKey, EpochReason};
use crate::event::{Action, Actor, ClockStep, Event, Outcome, Phase, Prepared, Subject};
use crate::line::{CommitLine, RecordPosition};
use crate::stream::replay::{Current, Replay};
use crate::stream::writer::{AppendError, Appended};
use crate::time::LogTime;
use crate::tree::leaf_hash;

/// The lines of a batch, and what is behind them.
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) replay: Replay,
    pub(super) appended: Vec<Appended>,
    pub(super) commit: CommitLine,
}

/// Lines one behind the other.
struct Lines {
    bytes: Vec<u8>,
    replay: Replay,
    now: LogTime,
}

impl Lines {
    fn push(
        &mut self,
        line: impl FnOnce(&RecordPosition) -> Result<Vec<u8>, AppendError>,
    ) -> Result<Appended, AppendError> {
        let seq = self.replay.size();
        let prev = self.replay.last_leaf;
        let line = line(&RecordPosition { seq: counted(seq)?, prev, ts: self.now })?;
        let leaf = leaf_hash(&line);
        self.replay.tree.push(leaf).map_err(|_| AppendError::Limit)?;
        (self.replay.last_leaf, self.replay.last_time) = (leaf, self.now);
        self.bytes.extend_from_slice(&line);
        self.bytes.push(b'\n');
        Ok(Appended { seq, leaf })
    }
}

impl Chain {
    /// Links and signs. Nothing of the chain changes.
    pub(super) fn batch<'e>(
        &self,
        key: &EpochKey,
        epoch: Option<Epoch>,
        events: impl Iterator<Item = &'e Prepared>,
    ) -> Result<Batch, AppendError> {
        let mut lines =
            Lines { bytes: Vec::new(), replay: self.replay.clone(), now: self.clock.wall().into() };
        let expected = lines.replay.last_time;
        if let Some(epoch) = epoch {
            let _ = lines.push(|position| Ok(epoch.to_line(position)?))?;
            lines.replay.epoch = Some(Current {
                number: epoch.number.get(),
                key: epoch.key,
                next: epoch.next,
                counter: 0,
                closing: epoch.reason == EpochReason::Close,
            });
        }
        if lines.now < expected {
            let step = self.clock_step(expected, lines.now).prepare()?;
            let _ = lines.push(|position| Ok(step.to_line(position)?))?;
        }
        let appended = events.map(|event| lines.push(|position| Ok(event.to_line(position)?)));
        let appended = appended.collect::<Result<Vec<_>, _>>()?;
        let commit = self.sign(key, &mut lines.replay)?;
        let Lines { mut bytes, replay, .. } = lines;
        bytes.extend_from_slice(&commit.render());
        bytes.push(b'\n');
        Ok(Batch { bytes, replay, appended, commit })
    }

    fn clock_step(&self, expected: LogTime, found: LogTime) -> Event {
        let clock = Some(ClockStep { expected, found });
        Event {
            actor: Actor::System,
            action: Action::ClockStep,
            phase: Phase::Single { request: None, outcome: Outcome::Success },
            subject: Subject { clock, ..Subject::default() },
            purpose: None,
            place: self.place.clone(),
            ruling: None,
            session: None,
        }
    }

    fn sign(&self, key: &EpochKey, replay: &mut Replay) -> Result<CommitLine, AppendError> {
        let root = replay.tree.root();
        let size = counted(replay.size())?;
        let epoch = replay.epoch.as_mut().ok_or(AppendError::Closed)?;
        let numbers = [counted(epoch.number)?, counted(epoch.counter)?, size];
        epoch.counter = epoch.counter.saturating_add(1);
        let commit = self.identity.scope.sign(key, numbers, root);
        replay.commit_is(&commit);
        Ok(commit)
    }
}
