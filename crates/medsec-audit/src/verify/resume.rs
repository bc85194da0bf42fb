//! Going on with a check where the last one ended.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;

use super::{
    Finding, Known, StreamReport, StreamVerifier, Verdict, VerifyError, VerifyOptions, look,
};
use crate::checkpoint::LogOrigin;
use crate::stream::{Bound, Ending, Position, Replay, Segment, Walk};
use crate::tree::Hash;
use crate::volume::{Access, Volume};

/// A place in a stream up to which this process has verified it. It is worth what the memory of the process is worth,
/// and is not made of anything that was stored.
#[derive(Clone, Debug)]
pub struct VerifiedPosition {
    origin: LogOrigin,
    genesis: Hash,
    /// First record whose line was there.
    first: u64,
    // INVARIANT: settled at `at`.
    replay: Replay,
    at: Position,
    /// Roots at this size and at those of the checkpoints that the last check was given.
    roots: BTreeMap<u64, Hash>,
    /// Where segments began.
    bounds: Vec<Bound>,
}

/// What a check has found, and where the next one can go on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verification {
    /// What was found.
    pub report: StreamReport,
    /// Up to where the stream is good; nothing of a stream in which something is wrong or missing, which has to be
    /// verified as a whole each time. That a key was replaced, the end is torn or the newest record is old is neither.
    pub position: Option<VerifiedPosition>,
}

impl VerifiedPosition {
    /// Size and root of what was verified.
    #[must_use]
    pub fn known(&self) -> Known {
        Known::new(self.origin.clone(), self.replay.size(), self.replay.root())
    }

    fn new(verifier: &StreamVerifier, first: u64, ending: Ending, known: &[Known]) -> Self {
        let Ending { replay, at, mut roots, bounds, .. } = ending;
        // So that they do not become more with each check.
        roots.retain(|size, _| known.iter().any(|known| known.size() == *size));
        roots.insert(replay.size(), replay.root());
        let (origin, genesis) = (verifier.origin.clone(), verifier.genesis);
        Self { origin, genesis, first, replay, at, roots, bounds }
    }

    /// Whether a stream can be gone on with from here, and what is known of it can be told.
    fn fits(&self, volume: &dyn Volume, walk: &Walk<'_>, known: &[Known]) -> io::Result<bool> {
        let size = self.replay.size();
        let told = |known: &Known| {
            known.size() == 0 || known.size() >= size || self.roots.contains_key(&known.size())
        };
        Ok(walk.first() == self.first && known.iter().all(told) && self.is_there(volume)?)
    }

    /// Whether the commit that was settled last still stands in front of the place.
    fn is_there(&self, volume: &dyn Volume) -> io::Result<bool> {
        let Some(settled) = self.replay.settled() else { return Ok(false) };
        let Some(file) = volume.open(&Segment { first: self.at.segment }.name(), Access::Read)?
        else {
            return Ok(false);
        };
        let line = [settled.commit.render(), vec![b'\n']].concat();
        let len = u64::try_from(line.len()).map_err(io::Error::other)?;
        let Some(start) = self.at.offset.checked_sub(len) else { return Ok(false) };
        let mut bytes = vec![0; line.len()];
        let read = file.read_at(&mut bytes, start)?;
        Ok(bytes.get(..read) == Some(&*line))
    }
}

impl StreamVerifier {
    /// As [`Self::verify`], and tells where [`Self::verify_growth`] can go on.
    ///
    /// # Errors
    /// As of [`Self::verify`].
    pub fn verify_resumable(
        &self,
        options: &VerifyOptions<'_>,
    ) -> Result<Verification, VerifyError> {
        self.check_origin(options)?;
        let (genesis, first) = (Some(self.genesis), Cell::new(0));
        let (report, ending) = look(&self.folder, options, Position::START, &|walk, how| {
            first.set(walk.first());
            Ok(walk.check_all(genesis, how)?)
        })?;
        Ok(self.concluded(report, first.get(), ending, options.known))
    }

    /// Checks what has come since an earlier check, and that this ended where the stream goes on. What stands before
    /// that is not read again: **what was changed there since does not show**, until the next check of the whole.
    /// [`VerifyOptions::content`] is about the new records.
    ///
    /// # Errors
    /// [`VerifyError::Unresumable`] where only a check of the whole tells: the stream has become shorter, another
    /// commit stands in that place, records were retired, or a checkpoint is given that is older than that place and
    /// was not given then. Else as of [`Self::verify`].
    pub fn verify_growth(
        &self,
        since: &VerifiedPosition,
        options: &VerifyOptions<'_>,
    ) -> Result<Verification, VerifyError> {
        self.check_origin(options)?;
        if since.origin != self.origin || since.genesis != self.genesis {
            return Err(VerifyError::OtherStream);
        }
        let (report, ending) = look(&self.folder, options, since.at, &|walk, how| {
            if !since.fits(&self.folder, walk, options.known)? {
                return Err(VerifyError::Unresumable);
            }
            let mut ending = walk.check(since.replay.clone(), since.at, how)?;
            ending.roots.extend(since.roots.iter().map(|(size, root)| (*size, *root)));
            ending.bounds.splice(..0, since.bounds.iter().copied());
            Ok(ending)
        })?;
        Ok(self.concluded(report, since.first, ending, options.known))
    }

    fn concluded(
        &self,
        report: StreamReport,
        first: u64,
        ending: Ending,
        known: &[Known],
    ) -> Verification {
        let lasting = |finding: &Finding| finding.verdict() <= Verdict::Rekeyed;
        let good = ending.fault.is_none() && report.findings.iter().all(lasting);
        let settled = ending.replay.settled().is_some();
        let position = (good && settled).then(|| VerifiedPosition::new(self, first, ending, known));
        Verification { report, position }
    }
}
