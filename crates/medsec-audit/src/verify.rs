//! Checks streams as an outsider does: with the pin, and what is known from elsewhere, and nothing else.

mod content;
mod known;
mod report;
mod retired;

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

pub use self::content::ContentReport;
pub use self::known::Known;
pub(crate) use self::known::check_known;
pub use self::report::{Finding, StreamReport, Verdict};
use crate::line::{Line, LineError, MAX_LINE_LEN};
use crate::stream::{Checking, Ending, FaultKind, HighWater, How, Mark, Position, Walk, segments};
use crate::time::LogTime;
use crate::tree::Hash;
use crate::volume::{Access, Folder, Volume};

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
    /// Checkpoints known from elsewhere, which the stream must continue.
    pub known: &'o [Known],
    /// The time now, and how long ago the last record may be.
    pub freshness: Option<(LogTime, Duration)>,
    /// Is told the bytes that were checked, each once, and may end the check.
    pub progress: &'o (dyn Fn(u64) -> ControlFlow<()> + Sync),
}

impl Default for VerifyOptions<'_> {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            strict: false,
            content: false,
            threads,
            known: &[],
            freshness: None,
            progress: &|_| ControlFlow::Continue(()),
        }
    }
}

impl std::fmt::Debug for VerifyOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { strict, content, threads, known, freshness, progress: _ } = self;
        let mut shown = f.debug_struct("VerifyOptions");
        shown.field("strict", strict).field("content", content).field("threads", threads);
        shown.field("known", known).field("freshness", freshness).finish_non_exhaustive()
    }
}

/// Checks one stream.
#[derive(Clone, Debug)]
pub struct StreamVerifier {
    folder: Folder,
    genesis: Hash,
}

impl StreamVerifier {
    pub(crate) fn new(folder: &Path, genesis: Hash) -> Self {
        Self { folder: Folder::new(folder), genesis }
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
    /// Reading failed, or was interrupted: nothing is known then. Everything that is wrong with the stream is a finding, not an error.
    pub fn verify(&self, options: &VerifyOptions<'_>) -> io::Result<StreamReport> {
        verify(&self.folder, self.genesis, options)
    }
}

/// Checks the stream of a volume.
pub(crate) fn verify(
    volume: &dyn Volume,
    genesis: Hash,
    options: &VerifyOptions<'_>,
) -> io::Result<StreamReport> {
    // In this order: what is acknowledged from now on may be behind the walk.
    let mark = HighWater::read(volume)?;
    let walk = Walk::new(volume)?;
    let mut sizes: Vec<_> = options.known.iter().map(Known::size).collect();
    sizes.extend(mark.commit().map(|commit| commit.size.get()));
    sizes.sort_unstable();
    let checking = if options.strict { Checking::Every } else { Checking::LastOfEpoch };
    let (threads, progress) = (options.threads.max(1), options.progress);
    let how = How { checking, threads, sizes: &sizes, progress };
    let ending = walk.check_all(Some(genesis), &how)?;
    let mut findings = Vec::new();
    findings.extend(end_finding(volume, &ending, mark)?);
    let content = options.content.then(|| read_content(&walk, &ending, options)).transpose()?;
    findings.extend(content.as_ref().and_then(content_finding));
    findings.extend(mark_finding(&ending, mark));
    findings.extend(known::findings(&ending, options.known));
    findings.extend(history_findings(&ending));
    findings.extend(retired::findings(&ending));
    findings.extend(freshness_finding(&ending, options));
    Ok(StreamReport { content, ..StreamReport::new(&ending, mark, findings) })
}

/// What the good records say.
fn read_content(
    walk: &Walk<'_>,
    ending: &Ending,
    options: &VerifyOptions<'_>,
) -> io::Result<ContentReport> {
    let size = ending.replay.settled().map_or(0, |settled| settled.commit.size.get());
    // The bytes were counted when they were checked.
    let goes_on = || (options.progress)(0).is_continue();
    ContentReport::read(walk, size, options.threads.max(1), &goes_on)
}

fn content_finding(content: &ContentReport) -> Option<Finding> {
    let (first, error) = content.first_fault?;
    Some(Finding::Content { first, times: content.faults, error })
}

/// What is wrong at the end of what is good.
fn end_finding(volume: &dyn Volume, ending: &Ending, mark: Mark) -> io::Result<Option<Finding>> {
    let found = ending.replay.settled().map_or(0, |settled| settled.commit.size.get());
    let acknowledged = mark.commit().map(|commit| commit.size.get());
    let missing = acknowledged.filter(|acknowledged| *acknowledged > found);
    if let Some(fault) = ending.fault {
        if found == 0 && fault.seq == 0 && is_headless(volume)? {
            return Ok(Some(Finding::Truncated { known: missing.unwrap_or(1), found }));
        }
        let torn = found > 0
            && missing.is_none()
            && is_tearing(fault.kind)
            && !goes_on(volume, ending.at)?;
        let bytes = ending.rest;
        return Ok(Some(if torn { Finding::Torn { bytes } } else { Finding::Tampered(fault) }));
    }
    if let Some(acknowledged) = missing {
        return Ok(Some(Finding::Truncated { known: acknowledged, found }));
    }
    if found == 0 {
        return Ok(Some(Finding::Truncated { known: 1, found }));
    }
    // A batch that is being written is no finding.
    let writing = ending.rest > 0 && volume.is_locked().unwrap_or(false);
    let bytes = ending.rest;
    Ok((bytes > 0 && !writing).then_some(Finding::Torn { bytes }))
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

/// Whether record 0 is not there: its segment is missing, or begins with another line.
fn is_headless(volume: &dyn Volume) -> io::Result<bool> {
    let name = crate::stream::Segment { first: 0 }.name();
    let Some(file) = volume.open(&name, Access::Read)? else { return Ok(true) };
    let mut bytes = vec![0; MAX_LINE_LEN.saturating_add(1)];
    let read = file.read_at(&mut bytes, 0)?;
    let first = bytes.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').next();
    Ok(match first.map(Line::parse) {
        Some(Ok(Line::Record(record))) => record.head.position.seq.get() > 0,
        Some(Ok(Line::Commit(_))) => true,
        Some(Err(_)) | None => false,
    })
}

/// Whether a batch that was interrupted can look like this: a line that never got its bytes.
const fn is_tearing(kind: FaultKind) -> bool {
    // Where several blocks are missing, what is left between two ends of lines is longer than a line.
    use LineError::{Byte, Malformed, TooLong};
    matches!(kind, FaultKind::Line(Byte { .. } | Malformed { .. } | TooLong { .. }))
}

/// Whether a line stands behind the first commit of what is not good: an interrupted batch is the last thing in a
/// stream.
fn goes_on(volume: &dyn Volume, at: Position) -> io::Result<bool> {
    let Some(bytes) = rest_of(volume, at)? else { return Ok(true) };
    let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    // Behind a commit nothing else belongs to the same batch.
    let committed = lines.any(|line| matches!(Line::parse(line), Ok(Line::Commit(_))));
    Ok(committed && lines.next().is_some())
}

/// What stands behind a place, in all segments; nothing if that is more than a batch can be.
fn rest_of(volume: &dyn Volume, at: Position) -> io::Result<Option<Vec<u8>>> {
    const MAX: u64 = 64 << 20;
    let mut rest = Vec::new();
    for segment in segments(volume)?.into_iter().filter(|segment| segment.first >= at.segment) {
        let Some(file) = volume.open(&segment.name(), Access::Read)? else { continue };
        let from = if segment.first == at.segment { at.offset } else { 0 };
        let len = file.len()?.saturating_sub(from);
        let before = rest.len();
        let after = u64::try_from(before).unwrap_or(u64::MAX).saturating_add(len);
        if after > MAX {
            return Ok(None);
        }
        rest.resize(usize::try_from(after).map_err(io::Error::other)?, 0);
        let read = file.read_at(rest.get_mut(before..).unwrap_or_default(), from)?;
        rest.truncate(before.saturating_add(read));
    }
    Ok(Some(rest))
}

fn history_findings(ending: &Ending) -> Vec<Finding> {
    let history = ending.replay.history();
    let rekeyed =
        history.first_rekey.map(|first| Finding::Rekeyed { first, times: history.rekeys });
    let lost = history.first_loss.map(|first| Finding::Lost { first, times: history.losses });
    rekeyed.into_iter().chain(lost).collect()
}

fn freshness_finding(ending: &Ending, options: &VerifyOptions<'_>) -> Option<Finding> {
    let (now, max) = options.freshness?;
    let last = ending.replay.settled()?.time;
    let age = Duration::from_millis(now.unix_millis().saturating_sub(last.unix_millis()));
    (age > max).then_some(Finding::Stale { last, age })
}
