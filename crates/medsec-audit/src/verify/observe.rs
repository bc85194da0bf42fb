//! Who waits for a check, and may end it.

use std::cell::Cell;
use std::ops::ControlFlow;

/// What a check is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyStage {
    /// Going through the lines.
    Lines,
    /// Something is wrong or interrupted in the epoch that was reached last: going through that again, commit by
    /// commit, to find the first bad record.
    LastEpoch,
    /// Reading what the records say.
    Content,
}

/// Told how far a check is.
pub trait VerifyObserver {
    /// So many bytes were read at this stage, of which there is at most one of each kind. [`ControlFlow::Break`] ends the
    /// check, of which nothing is known then.
    fn progress(&self, stage: VerifyStage, bytes: u64) -> ControlFlow<()>;
}

/// Adds up what an observer is told.
pub(super) struct Told<'o> {
    observer: Option<&'o dyn VerifyObserver>,
    stage: Cell<VerifyStage>,
    bytes: Cell<u64>,
}

impl<'o> Told<'o> {
    pub(super) const fn new(observer: Option<&'o dyn VerifyObserver>) -> Self {
        Self { observer, stage: Cell::new(VerifyStage::Lines), bytes: Cell::new(0) }
    }

    /// So many more bytes; a stage begins with none.
    pub(super) fn add(&self, stage: VerifyStage, bytes: u64) -> ControlFlow<()> {
        let before = if self.stage.replace(stage) == stage { self.bytes.get() } else { 0 };
        let bytes = before.saturating_add(bytes);
        self.bytes.set(bytes);
        self.observer.map_or(ControlFlow::Continue(()), |observer| observer.progress(stage, bytes))
    }
}
