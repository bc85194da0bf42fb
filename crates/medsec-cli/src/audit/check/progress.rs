//! How far a check is, on a terminal, and its interruption.

use std::cell::RefCell;
use std::ops::ControlFlow;

use medsec_audit::{VerifyObserver, VerifyStage};
use medsec_crypto::Observer as _;

use crate::progress::Watch;
use crate::session::Session;

/// A bar for each stage.
pub(super) struct Progress<'s> {
    session: &'s Session,
    total: u64,
    bar: RefCell<(VerifyStage, Watch)>,
}

impl<'s> Progress<'s> {
    pub(super) fn new(session: &'s Session, total: u64) -> Self {
        let bar = (VerifyStage::Lines, Watch::new(session, Some(total)));
        Self { session, total, bar: bar.into() }
    }
}

impl VerifyObserver for Progress<'_> {
    fn progress(&self, stage: VerifyStage, bytes: u64) -> ControlFlow<()> {
        let mut bar = self.bar.borrow_mut();
        if bar.0 != stage {
            *bar = (stage, Watch::new(self.session, Some(self.total)));
        }
        bar.1.progress(bytes)
    }
}
