//! What a grant to open permits: the content of one package, in one of several ways, each of them recorded.

mod granted;
mod parked;
mod reading;

use std::fmt;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use medsec_audit::Outcome;
use medsec_crypto::{
    Execution, Expectation, Header, OpenError, Opened, OutputOptions, PendingFile, Unlocked,
};
use zeroize::Zeroizing;

pub use self::granted::{Granted, RangeAccess, Source};
pub use self::parked::Parked;
pub use self::reading::FileNameAmong;
use crate::conclusion::Conclusion;
use crate::error::{ReleaseError, UseError};
use crate::gate::Admission;
use crate::hold::{Kept, Watched};
use crate::release::Release;

/// One package that may be opened once, as a whole, or read in many ranges. It is on record that this is about to
/// happen; how it ends is recorded when it ends, or when the grant is dropped.
///
/// It ends with the session that it was granted in: its keys are erased then, an open under way is interrupted within
/// 256 KiB, and every later use is refused with the reason. To use it is to use the session.
///
/// Its calls block for as long as their input and output take, and for the log: do not make them inside a poll.
pub struct Grant {
    header: Header,
    kept: Kept<Unlocked>,
    expectation: Expectation,
    bounds: Bounds,
    conclusion: Conclusion,
}

/// What a grant does not permit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// It is for finding out whether the package opens: nothing of the content leaves.
    pub(crate) releases_nothing: bool,
    /// Nothing of the content leaves before the signature is verified.
    pub(crate) signature_first: bool,
}

impl Grant {
    pub(crate) const fn new(
        header: Header,
        kept: Kept<Unlocked>,
        expectation: Expectation,
        bounds: Bounds,
        conclusion: Conclusion,
    ) -> Self {
        Self { header, kept, expectation, bounds, conclusion }
    }

    /// The package's header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.conclusion.admission()
    }

    /// Opens into a new file that appears under `path` when every byte is verified, the outcome is on record, and
    /// both are durable. The package starts at offset 0 of `source`.
    ///
    /// # Errors
    /// [`ReleaseError`]; no file was made.
    pub fn open_to_file<R: Read + Seek + Send>(
        self,
        source: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, ReleaseError> {
        self.publish(path, options, execution, |unlocked, file, execution| {
            unlocked.open_to_pending(source, file, execution)
        })
    }

    /// Opens into a file that waits for its record and its name, for instance together with others in a
    /// [`ReleaseGroup`](crate::ReleaseGroup).
    ///
    /// # Errors
    /// [`ReleaseError`]; the file is gone.
    pub fn open_to_release<R: Read + Seek + Send>(
        self,
        source: R,
        file: PendingFile,
        execution: &Execution<'_>,
    ) -> Result<(Opened, Release), ReleaseError> {
        self.await_release(execution, |unlocked, execution| {
            unlocked.open_to_pending(source, file, execution)
        })
    }

    /// Like [`Self::open_to_file`] for a source that can only be read forwards and stands behind the header.
    ///
    /// # Errors
    /// [`ReleaseError`]; no file was made.
    pub fn open_stream_to_file<R: Read + Send>(
        self,
        rest: R,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
    ) -> Result<Opened, ReleaseError> {
        self.publish(path, options, execution, |unlocked, file, execution| {
            unlocked.open_stream_to_pending(rest, file, execution)
        })
    }

    /// Opens a content of at most `limit` bytes into memory that is erased on drop.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was released.
    pub fn open_to_memory<R: Read + Seek + Send>(
        self,
        source: R,
        limit: u64,
        execution: &Execution<'_>,
    ) -> Result<(Zeroizing<Vec<u8>>, Opened), ReleaseError> {
        let opened = self.opened(execution, |unlocked, execution| {
            unlocked.open_to_memory(source, limit, execution)
        });
        let opened = opened.and_then(|opened| {
            self.conclusion.tether().check()?;
            Ok(opened)
        });
        match opened {
            Ok((content, opened)) => {
                self.succeeded(opened.plain_len)?;
                Ok((content, opened))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Ends it and records what was read. What went wrong meanwhile is recorded as its outcome; if a use was refused
    /// because the session is over, then that. No use of the session.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if the outcome could not be recorded.
    pub fn close(self, result: Result<(), &UseError>) -> Result<(), ReleaseError> {
        let outcome = result.map_or_else(UseError::outcome, |()| Outcome::Success);
        let mut conclusion = self.conclusion;
        // Nothing read is an extent too.
        conclusion.account_mut().add_extent(0, 0);
        Ok(conclusion.conclude(outcome)?)
    }

    /// Whether content may leave; `verified` says whether its origin is checked on the way.
    fn may_release(&self, unlocked: &Unlocked, verified: bool) -> Result<(), OpenError> {
        let unsigned =
            self.bounds.signature_first && !verified && unlocked.verified_signature().is_none();
        match self.bounds.releases_nothing || unsigned {
            true => Err(OpenError::Unfinished),
            false => Ok(()),
        }
    }

    /// Works with the keys while the session lives.
    fn while_live<T>(
        &self,
        execution: &Execution<'_>,
        work: impl FnOnce(&Unlocked, &Execution<'_>) -> Result<T, OpenError>,
    ) -> Result<T, UseError> {
        let unlocked = self.kept.begin()?;
        let watched = Watched::new(self.conclusion.tether(), execution);
        let done = work(&unlocked, &watched.execution(execution));
        done.map_err(|error| match (error, self.conclusion.tether().over()) {
            (OpenError::Interrupted, Some(why)) => why.into(),
            (error, _) => error.into(),
        })
    }

    fn opened<T>(
        &self,
        execution: &Execution<'_>,
        open: impl FnOnce(&Unlocked, &Execution<'_>) -> Result<T, OpenError>,
    ) -> Result<T, ReleaseError> {
        let opened = self.while_live(execution, |unlocked, execution| {
            self.may_release(unlocked, true)?;
            open(unlocked, execution)
        });
        opened.map_err(|error| match error {
            UseError::Login(why) => why.into(),
            UseError::Open(error) => error.into(),
            _ => OpenError::Unfinished.into(),
        })
    }

    /// Opens into a new file, records that, and gives it its name.
    fn publish(
        self,
        path: &Path,
        options: OutputOptions,
        execution: &Execution<'_>,
        open: impl FnOnce(
            &Unlocked,
            PendingFile,
            &Execution<'_>,
        ) -> Result<(Opened, PendingFile), OpenError>,
    ) -> Result<Opened, ReleaseError> {
        let file = match PendingFile::create(path, options) {
            Ok(file) => file,
            Err(error) => return Err(self.failed(error.into())),
        };
        let opened =
            self.await_release(execution, |unlocked, execution| open(unlocked, file, execution));
        let (opened, release) = opened?;
        release.publish()?;
        Ok(opened)
    }

    fn await_release(
        self,
        execution: &Execution<'_>,
        open: impl FnOnce(&Unlocked, &Execution<'_>) -> Result<(Opened, PendingFile), OpenError>,
    ) -> Result<(Opened, Release), ReleaseError> {
        match self.opened(execution, open) {
            Ok((opened, file)) => {
                let mut conclusion = self.conclusion;
                conclusion.account_mut().add_extent(opened.plain_len, 1);
                let release = Release::new(file, opened.plain_len, conclusion);
                Ok((opened, release))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn succeeded(self, bytes: u64) -> Result<(), ReleaseError> {
        let mut conclusion = self.conclusion;
        conclusion.account_mut().add_extent(bytes, 1);
        let recorded = conclusion.conclude_for_now(Outcome::Success);
        Ok(recorded.inspect_err(|error| {
            // Nothing is released, and the log is to say so as far as it takes that.
            let _ = conclusion.correct(ReleaseError::from(*error).outcome());
        })?)
    }

    fn failed(self, error: ReleaseError) -> ReleaseError {
        self.conclusion.fail(error.outcome());
        error
    }

    /// A share of the keys, if content may leave.
    fn releasable(&self, verified: bool) -> Result<Arc<Unlocked>, UseError> {
        let unlocked = self.kept.begin()?;
        self.may_release(&unlocked, verified)?;
        Ok(unlocked)
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("admission", self.admission()).finish_non_exhaustive()
    }
}
