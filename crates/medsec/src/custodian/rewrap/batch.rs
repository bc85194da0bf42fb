//! Rewraps that become durable, are tried and are recorded together.

use std::fmt;
use std::fs::File;

use medsec_crypto::{GroupLimits, Header, RewrapGroup, Rewrapped, StartedRewrap};

use super::{Confirmed, RewrapGrant};
use crate::error::{ReleaseError, UseError};

/// What became of a [`RewrapBatch`].
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "it tells which packages have their new recipients"]
pub struct EndedRewraps<T> {
    /// Each, with the caller's value, in the order in which they were added.
    pub results: Vec<(T, Result<Rewrapped, UseError>)>,
    /// [`ReleaseError::Record`] if an outcome could not be recorded. The recipients are as the results say.
    pub recorded: Result<(), ReleaseError>,
}

/// Rewraps that become durable, are tried and are recorded together.
pub struct RewrapBatch<T>(RewrapGroup<(RewrapGrant, T)>);

impl<T> RewrapBatch<T> {
    /// An empty batch.
    #[must_use]
    pub fn new(limits: GroupLimits) -> Self {
        Self(RewrapGroup::new(limits))
    }

    /// Adds one whose new list is written, with a value of the caller's.
    pub fn add(&mut self, started: StartedRewrap<File>, grant: RewrapGrant, value: T) {
        self.0.add(started, (grant, value));
    }

    /// Whether it is time to commit.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Takes what waits and leaves an empty batch.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Makes all of them durable, tries each, scrubs the old lists, and records how each ended. Where the session ends
    /// before one is tried, its recipients are as they were.
    pub fn commit(self, confirm: impl Fn(&RewrapGrant, &Header) -> Confirmed) -> EndedRewraps<T> {
        let ended = self
            .0
            .commit(|(grant, _), header| grant.confirmed(|header| confirm(grant, header), header));
        let (mut grants, mut results) = (Vec::new(), Vec::new());
        for ((grant, value), result) in ended {
            results.push((value, result.map_err(|error| grant.told(error))));
            grants.push(grant);
        }
        let outcomes = results.iter().map(|(_, result)| result.as_ref());
        let recorded = RewrapGrant::finish_all(grants.into_iter().zip(outcomes));
        EndedRewraps { results, recorded }
    }
}

impl<T> fmt::Debug for RewrapBatch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RewrapBatch").field(&self.0.is_full()).finish()
    }
}
