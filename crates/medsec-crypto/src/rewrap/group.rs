//! Rewraps in place that become durable together.

use std::fmt;
use std::fs::File;
use std::io;
use std::time::Instant;

use zeroize::Zeroizing;

use crate::error::NotAuthentic;
use crate::header::Header;
use crate::output::{GroupLimits, copy_of_error};
use crate::rewrap::{
    Confirmation, LockedPackage, NewRecipients, PackageFile, RewrapError, Rewrapped,
};
use crate::secret::Dek;

/// A locked package whose new recipients are written, and not durable yet. Dropped, it opens with its old or
/// its new recipients, and the next rewrap finishes it.
pub struct StartedRewrap<F: PackageFile = File> {
    package: LockedPackage<F>,
    slot: Vec<u8>,
    dek: Option<Dek>,
    /// Its file was opened before.
    started_at: Instant,
}

impl<F: PackageFile> LockedPackage<F> {
    /// Writes the new recipients beside the old ones, to be finished in a [`RewrapGroup`].
    ///
    /// # Errors
    /// [`RewrapError`]; unless it is [`RewrapError::Write`], nothing was written.
    pub fn start_rewrap(
        mut self,
        recipients: &NewRecipients<'_>,
    ) -> Result<StartedRewrap<F>, RewrapError> {
        let started_at = Instant::now();
        let dek = recipients.dek().map(|dek| {
            let mut copy = Zeroizing::new(*dek.expose_secret());
            Dek::take_from(copy.as_mut_slice()).map_err(|_| NotAuthentic)
        });
        let dek = dek.transpose()?;
        let slot = self.place_new(recipients)?;
        Ok(StartedRewrap { package: self, slot, dek, started_at })
    }
}

/// Rewraps that wait to become durable, each with a value `T` of the caller.
///
/// A rewrap by itself waits for the disk twice. [`Self::commit`] waits twice for all of them, on Linux by one
/// `syncfs` for each local file system. Every package keeps its old recipients until the new ones are durable
/// and confirmed: killed at any moment, or after a power failure, each opens with the old or the new ones, and
/// the next rewrap finishes it. All packages stay locked until then.
pub struct RewrapGroup<T, F: PackageFile = File> {
    waiting: Vec<(StartedRewrap<F>, T)>,
    limits: GroupLimits,
}

impl<T, F: PackageFile> RewrapGroup<T, F> {
    /// An empty group; of the limits only the number of files counts.
    #[must_use]
    pub const fn new(limits: GroupLimits) -> Self {
        Self { waiting: Vec::new(), limits }
    }

    /// Adds a package.
    pub fn add(&mut self, rewrap: StartedRewrap<F>, value: T) {
        self.waiting.push((rewrap, value));
    }

    /// Whether it is time to commit.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.waiting.len() >= self.limits.files
    }

    /// Whether no package waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes what waits and leaves an empty group.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let limits = self.limits;
        std::mem::replace(self, Self::new(limits))
    }

    /// Makes the new recipients durable, lets the caller try them, scrubs the old ones, makes that durable.
    ///
    /// `confirm` is given the header with the new recipients, as with [`LockedPackage::rewrap`]. The result has
    /// one entry a package, in the order they were started. If what was written cannot be made durable, every
    /// package of the group fails: which of them the failed write belonged to is not known.
    #[must_use]
    pub fn commit(
        self,
        mut confirm: impl FnMut(&T, &Header) -> Confirmation,
    ) -> Vec<(T, Result<Rewrapped, RewrapError>)> {
        let mut waiting = self.waiting;
        waiting.sort_by_key(|(rewrap, _)| rewrap.started_at);
        if let Err(error) = sync(&mut waiting) {
            let failed = |(_, value)| (value, Err(RewrapError::Write(copy_of_error(&error))));
            return waiting.into_iter().map(failed).collect();
        }
        let exchange = |(rewrap, value): &mut (StartedRewrap<F>, T)| {
            let StartedRewrap { package, slot, dek, .. } = rewrap;
            let done = package.exchange(slot, dek.as_ref(), |header| confirm(value, header));
            done.map(|(_, rewrapped)| rewrapped)
        };
        let results: Vec<_> = waiting.iter_mut().map(exchange).collect();
        let scrubbed = sync(&mut waiting);
        let conclude = |result: Result<Rewrapped, RewrapError>| match (result, &scrubbed) {
            (Ok(rewrapped), Err(error)) => {
                Err(RewrapError::NotScrubbed(rewrapped, copy_of_error(error)))
            }
            (result, _) => result,
        };
        let values = waiting.into_iter().map(|(_, value)| value);
        values.zip(results.into_iter().map(conclude)).collect()
    }
}

fn sync<T, F: PackageFile>(waiting: &mut [(StartedRewrap<F>, T)]) -> io::Result<()> {
    let mut files: Vec<&mut F> =
        waiting.iter_mut().map(|(rewrap, _)| &mut rewrap.package.file).collect();
    F::sync_together(&mut files)
}

impl<F: PackageFile> fmt::Debug for StartedRewrap<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedRewrap").finish_non_exhaustive()
    }
}

impl<T, F: PackageFile> fmt::Debug for RewrapGroup<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewrapGroup").field("packages", &self.waiting.len()).finish_non_exhaustive()
    }
}
