//! The lines of a batch: linked, and signed.

use std::sync::atomic::Ordering;

use super::{Chain, counted};
use crate::epoch::{Epoch, EpochKey, EpochReason};
use crate::event::{Action, Actor, ClockStep, Event, Outcome, Phase, Prepared, Subject};
use crate::line::{CommitLine, RecordPosition};
use crate::stream::replay::Current;
use crate::stream::writer::{AppendError, Appended};
use crate::time::LogTime;
use crate::tree::{Frontier, Hash, leaf_hash};

/// Bytes of a commit line with its LF, and about those of a record.
const COMMIT: usize = 231;
const RECORD: usize = 512;

/// The lines of a batch, and what is behind them.
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    // Where the commit line begins in them.
    signed_at: usize,
    tree: Frontier,
    leaves: Vec<Hash>,
    now: LogTime,
    epoch: Current,
    commit: CommitLine,
    appended: Vec<Appended>,
}

impl Batch {
    /// The line of its commit, with the LF.
    pub(super) fn commit_line(&self) -> &[u8] {
        self.bytes.get(self.signed_at..).unwrap_or_default()
    }
}

/// Lines one behind the other.
struct Lines {
    bytes: Vec<u8>,
    tree: Frontier,
    last: Hash,
    leaves: Vec<Hash>,
    now: LogTime,
}

impl Lines {
    fn push(
        &mut self,
        line: impl FnOnce(&RecordPosition) -> Result<Vec<u8>, AppendError>,
    ) -> Result<Appended, AppendError> {
        let seq = self.tree.size();
        let line = line(&RecordPosition { seq: counted(seq)?, prev: self.last, ts: self.now })?;
        let leaf = leaf_hash(&line);
        self.tree.push(leaf).map_err(|_| AppendError::Limit)?;
        self.last = leaf;
        self.leaves.push(leaf);
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
        let room = events.size_hint().0.saturating_mul(RECORD).saturating_add(RECORD + COMMIT);
        let mut lines = Lines {
            bytes: Vec::with_capacity(room),
            tree: self.replay.tree.clone(),
            last: self.replay.last_leaf,
            leaves: Vec::new(),
            now: self.clock.wall().into(),
        };
        let mut current = self.replay.epoch.clone().ok_or(AppendError::Closed)?;
        if let Some(epoch) = epoch {
            let _ = lines.push(|position| Ok(epoch.to_line(position)?))?;
            current = opened(&epoch);
        }
        let expected = self.replay.last_time;
        if lines.now < expected {
            let step = self.clock_step(expected, lines.now).prepare()?;
            let _ = lines.push(|position| Ok(step.to_line(position)?))?;
        }
        let appended = events.map(|event| lines.push(|position| Ok(event.to_line(position)?)));
        let appended = appended.collect::<Result<Vec<_>, _>>()?;
        let commit = self.sign(key, &lines.tree, &mut current)?;
        let Lines { mut bytes, tree, leaves, now, .. } = lines;
        let signed_at = bytes.len();
        bytes.extend_from_slice(&commit.render());
        bytes.push(b'\n');
        Ok(Batch { bytes, signed_at, tree, leaves, now, epoch: current, commit, appended })
    }

    /// Stands behind a batch, which is durable.
    pub(super) fn advance(&mut self, batch: Batch) -> Vec<Appended> {
        let Batch { tree, leaves, now, epoch, commit, appended, .. } = batch;
        for leaf in leaves {
            self.ties.push(leaf);
            self.replay.last_leaf = leaf;
        }
        (self.replay.tree, self.replay.last_time) = (tree, now);
        self.replay.newest = self.replay.newest.max(now);
        self.newest.store(self.replay.newest.unix_millis(), Ordering::Release);
        self.replay.epoch = Some(epoch);
        self.replay.commit_is(&commit);
        appended
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

    fn sign(
        &self,
        key: &EpochKey,
        tree: &Frontier,
        epoch: &mut Current,
    ) -> Result<CommitLine, AppendError> {
        let numbers = [counted(epoch.number)?, counted(epoch.counter)?, counted(tree.size())?];
        epoch.counter = epoch.counter.saturating_add(1);
        Ok(self.identity.scope.sign(key, numbers, tree.root()))
    }
}

/// The epoch that a record opens.
fn opened(epoch: &Epoch) -> Current {
    Current {
        number: epoch.number.get(),
        key: epoch.key,
        next: epoch.next,
        counter: 0,
        closing: epoch.reason == EpochReason::Close,
    }
}
