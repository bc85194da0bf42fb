//! Outputs that are complete and wait for two things, in this order: their record and their name.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use medsec_audit::{Failure, Outcome};
use medsec_crypto::{GroupLimits, OutputGroup, PendingFile};

use crate::conclusion::Conclusion;
use crate::error::ReleaseError;
use crate::hold::check_all;
use crate::login::NotLoggedIn;

/// A complete output without a name. Dropped, it leaves nothing, and the log says so.
pub struct Release {
    file: PendingFile,
    bytes: u64,
    conclusion: Conclusion,
}

impl Release {
    pub(crate) const fn new(file: PendingFile, bytes: u64, conclusion: Conclusion) -> Self {
        Self { file, bytes, conclusion }
    }

    /// Records the outcome, then gives the output its name.
    ///
    /// # Errors
    /// [`ReleaseError::Login`]: the session ended before; nothing was released, and that is on record.
    /// [`ReleaseError::Record`]: nothing was released. [`ReleaseError::Output`]: neither, and the log says that the
    /// output failed.
    pub fn publish(self) -> Result<(), ReleaseError> {
        let Self { file, mut conclusion, .. } = self;
        if let Err(why) = conclusion.tether().check() {
            return Err(refused(conclusion, why));
        }
        let recorded = conclusion.conclude_for_now(Outcome::Success);
        let released = recorded.map_err(ReleaseError::from).and_then(|()| Ok(file.publish()?));
        corrected(&conclusion, released)
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Release").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Outputs that are recorded together, become durable together and get their names together.
#[derive(Debug)]
pub struct ReleaseGroup<T> {
    outputs: OutputGroup<(Conclusion, T)>,
}

impl<T> ReleaseGroup<T> {
    /// An empty group.
    #[must_use]
    pub const fn new(limits: GroupLimits) -> Self {
        Self { outputs: OutputGroup::new(limits) }
    }

    /// Adds an output, with a value of the caller's.
    pub fn add(&mut self, release: Release, value: T) {
        let Release { file, bytes, conclusion } = release;
        self.outputs.add(file, bytes, (conclusion, value));
    }

    /// A further folder to make durable with the group.
    pub fn add_folder(&mut self, folder: &Path) {
        self.outputs.add_folder(folder);
    }

    /// Whether it is time to commit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.outputs.is_full()
    }

    /// Takes what waits and leaves an empty group.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self { outputs: self.outputs.take() }
    }

    /// Records all outcomes, then gives the names. The result has one entry an output, in the order they were
    /// added. If the record fails, or the session of one of them has ended, none gets its name.
    #[must_use]
    pub fn commit(mut self) -> Vec<(T, Result<(), ReleaseError>)> {
        let conclusions = self.outputs.values_mut().map(|(conclusion, _)| &*conclusion);
        let tethers: Vec<_> = conclusions.map(|one| Arc::clone(one.tether())).collect();
        check_all(tethers.iter().map(|tether| &**tether));
        if let Some(why) = tethers.iter().find_map(|tether| tether.over()) {
            return self.cut_short(why);
        }
        let conclusions = self.outputs.values_mut().map(|(conclusion, _)| conclusion);
        if let Err(error) = Conclusion::conclude_all(conclusions, Outcome::Success) {
            let kept: Vec<_> = self.outputs.into_values().collect();
            let outcome = ReleaseError::from(error).outcome();
            Conclusion::correct_all(kept.iter().map(|(conclusion, _)| conclusion), outcome);
            return kept.into_iter().map(|(_, value)| (value, Err(error.into()))).collect();
        }
        let named = self.outputs.commit().into_iter();
        let named = named.map(|((conclusion, value), result)| {
            (value, corrected(&conclusion, result.map_err(ReleaseError::from)))
        });
        named.collect()
    }

    /// None is released. Those of a session that lives were interrupted.
    fn cut_short(self, why: NotLoggedIn) -> Vec<(T, Result<(), ReleaseError>)> {
        let mut kept: Vec<_> = self.outputs.into_values().collect();
        let conclusions = kept.iter_mut().map(|(conclusion, _)| conclusion);
        let interrupted = Outcome::Failure(Failure::Interrupted);
        // Nothing is released in any case, so that a record that fails changes nothing.
        let _ = Conclusion::conclude_all(conclusions, interrupted);
        kept.into_iter().map(|(_, value)| (value, Err(why.into()))).collect()
    }
}

/// The file is dropped without a name.
fn refused(conclusion: Conclusion, why: NotLoggedIn) -> ReleaseError {
    let error = ReleaseError::Login(why);
    conclusion.fail(error.outcome());
    error
}

/// What was not released is not to stand in the log as if it had been: as far as the log takes that.
fn corrected(
    conclusion: &Conclusion,
    released: Result<(), ReleaseError>,
) -> Result<(), ReleaseError> {
    released.inspect_err(|error| {
        let _ = conclusion.correct(error.outcome());
    })
}
