//! Packages whose new recipients are written, on their way to the disk and the log.

use std::path::Path;
use std::sync::Mutex;

use medsec::{RewrapBatch, RewrapGrant};
use medsec_crypto::{GroupLimits, StartedRewrap};

use super::{Counts, Work};
use crate::bulk::crew::{lock, raise_descriptor_limit};
use crate::bulk::tally::{Place, Tally};

/// Number and length of a package whose new recipients are written.
pub(super) type Waiting = (usize, u64);
type Batch = RewrapBatch<(Waiting, bool)>;

/// Finishes one batch while the next one fills: that bounds the descriptors in use.
pub(super) struct Finisher<'a, W> {
    work: &'a W,
    tally: &'a Tally<'a>,
    counts: &'a Counts,
    filling: Mutex<Batch>,
    committing: Mutex<()>,
}

impl<'a, W: Work> Finisher<'a, W> {
    pub(super) fn new(work: &'a W, tally: &'a Tally<'a>, counts: &'a Counts) -> Self {
        raise_descriptor_limit();
        let filling = Mutex::new(Batch::new(GroupLimits::default()));
        Self { work, tally, counts, filling, committing: Mutex::default() }
    }

    pub(super) fn add(&self, rewrap: StartedRewrap, grant: RewrapGrant, waiting: Waiting) {
        let is_full = {
            let mut batch = lock(&self.filling);
            let unseen = grant.is_unseen();
            batch.add(rewrap, grant, (waiting, unseen));
            batch.is_full()
        };
        if is_full {
            self.commit(Batch::is_full);
        }
    }

    /// Finishes what is left.
    pub(super) fn finish(&self) {
        self.commit(|_| true);
    }

    fn commit(&self, is_time: impl Fn(&Batch) -> bool) {
        let _one_at_a_time = lock(&self.committing);
        let batch = {
            let mut filling = lock(&self.filling);
            if !is_time(&filling) {
                return;
            }
            filling.take()
        };
        let ended = batch.commit(|grant, header| self.work.confirm(grant, header));
        for (((index, len), unseen), result) in ended.results {
            match result {
                Ok(_) => {
                    self.counts.add(unseen);
                    self.tally.done(len);
                }
                Err(error) => self.tally.failed(index, error.into()),
            }
        }
        if let Err(error) = ended.recorded {
            self.tally.found(Place::Log, Path::new(""), "failed", error.into());
        }
    }
}
