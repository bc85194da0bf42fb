//! Checks streams as an outsider does: with the pin, and what is known from elsewhere, and nothing else.

mod content;
mod end;
mod fresh;
mod known;
mod observe;
mod report;
mod resume;
mod retired;

use std::io;
use std::path::Path;
use std::time::Duration;

pub use self::content::ContentReport;
pub use self::fresh::CLOCK_TOLERANCE;
pub use self::known::Known;
pub(crate) use self::known::{Among, check_known};
use self::observe::Told;
pub use self::observe::{VerifyObserver, VerifyStage};
pub use self::report::{Finding, StreamReport, Verdict};
pub use self::resume::{Verification, VerifiedPosition};
use crate::checkpoint::LogOrigin;
use crate::stream::{Checking, Ending, HighWater, How, Mark, Position, Walk};
use crate::time::LogTime;
use crate::tree::Hash;
use crate::volume::{Folder, Volume};

/// How a stream is checked.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct VerifyOptions<'o> {
    /// Root and signature of every commit, instead of the last one of each epoch.
    pub strict: bool,
    /// Also what each record says: that it is one that a writer writes, and can be read in one way only.
    pub content: bool,
    /// How many threads work.
    pub threads: usize,
    /// Checkpoints of this stream known from elsewhere, which it must continue.
    pub known: &'o [Known],
    /// The time now, and how long ago the last record may be.
    pub freshness: Option<(LogTime, Duration)>,
    /// Whom to tell of progress, and who may end the check. Nobody by default.
    pub observer: Option<&'o dyn VerifyObserver>,
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { strict: false, content: false, threads, known: &[], freshness: None, observer: None }
    }
}

impl std::fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { strict, content, threads, known, freshness, observer: _ } = self;
        let mut shown = f.debug_struct("VerifyOptions");
        shown.field("strict", strict).field("content", content).field("threads", threads);
        shown.field("known", known).field("freshness", freshness).finish_non_exhaustive()
    }
}

/// Why a check did not come to its end. Nothing is known of the stream then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// What is known from elsewhere, or was verified before, is of another stream.
    #[error("what is known from elsewhere is of another stream")]
    OtherStream,
    /// What was verified before is not where it was, or does not say whether an older checkpoint is continued: the
    /// whole stream must be verified.
    #[error("the check cannot go on from where the last one ended")]
    Unresumable,
    /// The observer has ended it.
    #[error("the check was interrupted")]
    Interrupted,
    /// Reading failed.
    #[error("the stream could not be read")]
    Io(#[source] io::Error),
}

impl From<io::Error> for VerifyError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Io(error),
        }
    }
}

/// Checks one stream.
#[derive(Clone, Debug)]
pub struct StreamVerifier {
    folder: Folder,
    origin: LogOrigin,
    genesis: Hash,
}

impl StreamVerifier {
    pub(crate) fn new(folder: &Path, origin: LogOrigin, genesis: Hash) -> Self {
        Self { folder: Folder::new(folder), origin, genesis }
    }

    /// Bytes that there are to check.
    ///
    /// # Errors
    /// Reading failed.
    pub fn bytes(&self) -> io::Result<u64> {
        Ok(Walk::new(&self.folder)?.len())
    }

    /// Checks the stream from record 0 to its end. What a writer appends meanwhile is not looked at.
    ///
    /// # Errors
    /// [`VerifyError`]: nothing is known then. Everything that is wrong with the stream is a finding, not an error.
    pub fn verify(&self, options: &VerifyOptions<'_>) -> Result<StreamReport, VerifyError> {
        self.check_origin(options)?;
        verify(&self.folder, self.genesis, options)
    }

    /// A checkpoint of another stream says nothing about this one, and would look like a fork.
    fn check_origin(&self, options: &VerifyOptions<'_>) -> Result<(), VerifyError> {
        let ours = options.known.all_of(&self.origin);
        ours.then_some(()).ok_or(VerifyError::OtherStream)
    }
}

/// Checks the stream of a volume.
pub(crate) fn verify(
    volume: &dyn Volume,
    genesis: Hash,
    options: &VerifyOptions<'_>,
) -> Result<StreamReport, VerifyError> {
    let all = |walk: &Walk<'_>, how: &How<'_>| Ok(walk.check_all(Some(genesis), how)?);
    Ok(look(volume, options, Position::START, &all)?.0)
}

/// Makes one walk through a stream and judges what came of it. Contents are read from a place on.
fn look(
    volume: &dyn Volume,
    options: &VerifyOptions<'_>,
    from: Position,
    walked: &dyn Fn(&Walk<'_>, &How<'_>) -> Result<Ending, VerifyError>,
) -> Result<(StreamReport, Ending), VerifyError> {
    // In this order: what is acknowledged from now on may be behind the walk.
    let mark = HighWater::read(volume)?;
    let walk = Walk::new(volume)?;
    let mut sizes: Vec<_> = options.known.iter().map(Known::size).collect();
    sizes.extend(mark.commit().map(|commit| commit.size.get()));
    sizes.sort_unstable();
    let checking = if options.strict { Checking::Every } else { Checking::LastOfEpoch };
    let told = Told::new(options.observer);
    let progress = |stage, bytes| told.add(stage, bytes);
    let threads = options.threads.max(1);
    let how = How { checking, threads, sizes: &sizes, progress: &progress, ..How::QUIET };
    let ending = walked(&walk, &how)?;
    let content = options.content.then(|| read_content(&walk, from, &ending, &how)).transpose()?;
    let findings = findings(volume, &ending, mark, content.as_ref(), options)?;
    Ok((StreamReport { content, ..StreamReport::new(&ending, mark, findings) }, ending))
}

/// What the good records say.
fn read_content(
    walk: &Walk<'_>,
    from: Position,
    ending: &Ending,
    how: &How<'_>,
) -> io::Result<ContentReport> {
    let size = ending.replay.settled().map_or(0, |settled| settled.commit.size.get());
    ContentReport::read(walk, from, size, how)
}

fn findings(
    volume: &dyn Volume,
    ending: &Ending,
    mark: Mark,
    content: Option<&ContentReport>,
    options: &VerifyOptions<'_>,
) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    findings.extend(end::finding(volume, ending, mark)?);
    findings.extend(content.and_then(content_finding));
    findings.extend(mark_finding(ending, mark));
    findings.extend(known::findings(ending, options.known));
    findings.extend(history_findings(ending));
    findings.extend(retired::findings(ending));
    let last = ending.replay.settled().map(|settled| settled.time);
    findings.extend(
        last.zip(options.freshness).and_then(|(last, (now, max))| fresh::finding(last, now, max)),
    );
    Ok(told_once(findings))
}

/// The mark, the checkpoint beside the stream, the anchor and the caller may each know of the same: that records are
/// missing is told once, by who knows of the most, and each fork once.
fn told_once(findings: Vec<Finding>) -> Vec<Finding> {
    let mut told: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if let Finding::Truncated { known: new, .. } = finding {
            let earlier = told.iter_mut().find_map(|told| match told {
                Finding::Truncated { known, .. } => Some(known),
                _ => None,
            });
            if let Some(known) = earlier {
                *known = new.max(*known);
                continue;
            }
        }
        if !(matches!(finding, Finding::Fork { .. }) && told.contains(&finding)) {
            told.push(finding);
        }
    }
    told
}

fn content_finding(content: &ContentReport) -> Option<Finding> {
    let (first, error) = content.first_fault?;
    Some(Finding::Content { first, times: content.faults, error })
}

/// Whether the records that were acknowledged last are there, but other ones. After a repair the mark is of records
/// that were given up, which is told by itself.
fn mark_finding(ending: &Ending, mark: Mark) -> Option<Finding> {
    let commit = mark.commit().filter(|_| ending.replay.history().losses == 0)?;
    let known = commit.size.get();
    let found = ending.replay.settled()?.commit.size.get();
    let other = ending.roots.get(&known).is_some_and(|root| *root != commit.root);
    (known <= found && other).then_some(Finding::Fork { known })
}

fn history_findings(ending: &Ending) -> Vec<Finding> {
    let history = ending.replay.history();
    let rekeyed =
        history.first_rekey.map(|first| Finding::Rekeyed { first, times: history.rekeys });
    let lost = history.first_loss.map(|first| Finding::Lost { first, times: history.losses });
    rekeyed.into_iter().chain(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_know_of_is_told_once() {
        let truncated = |known| Finding::Truncated { known, found: 3 };
        let (fork, other) = (Finding::Fork { known: 2 }, Finding::Fork { known: 1 });
        let findings = vec![truncated(7), fork, truncated(9), other, fork, truncated(8)];
        assert_eq!(told_once(findings), [truncated(9), fork, other]);
    }
}
