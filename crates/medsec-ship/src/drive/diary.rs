//! Which of a peer's troubles the log records: each change once, what lasts every hour, and nothing more, so that a
//! dead follower does not fill the log.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use medsec_audit::{Action, Actor, Count, Event, Failure, LogTime, Outcome, Phase, Place, Subject};

use super::small_file;
use super::standing::{PeerKind, PeerState, Progress};

/// Longest file: a code and a number.
const MAX_LEN: usize = 64;
/// The code of a peer that has caught up.
const WELL: &str = "ok";

/// How often the same peer is recorded.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DiaryLimits {
    /// The least time between two records, unless the second is of a contradiction: a peer that comes and goes has two
    /// changes each time.
    pub between: Duration,
    /// After how long a trouble that lasts is recorded again, with the number of records by then.
    pub again: Duration,
}

impl Default for DiaryLimits {
    /// Five minutes and an hour.
    fn default() -> Self {
        Self { between: Duration::from_secs(300), again: Duration::from_secs(3600) }
    }
}

/// What was recorded of one peer and one stream, remembered in a file.
#[derive(Clone, Debug)]
pub struct Diary {
    path: PathBuf,
    limits: DiaryLimits,
    told: Option<Told>,
}

/// The last record: what it said, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    code: &'static str,
    at: LogTime,
}

/// The file of a diary cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiaryError {
    /// Reading or writing failed.
    #[error("what was recorded of a peer could not be remembered")]
    Io(#[from] io::Error),
}

impl Diary {
    /// Reads what was recorded. A file that is malformed counts as none: then a record may stand twice.
    ///
    /// # Errors
    /// [`DiaryError`] if reading failed.
    pub fn open(path: PathBuf, limits: DiaryLimits) -> Result<Self, DiaryError> {
        let bytes = match small_file::read(&path, MAX_LEN) {
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => None,
            bytes => bytes?,
        };
        let told = bytes.as_deref().and_then(Told::parse);
        Ok(Self { path, limits, told })
    }

    /// The event to record now, if there is one.
    #[must_use]
    pub fn due(&self, progress: &Progress, place: &Place, now: LogTime) -> Option<Event> {
        let waited = self.told.as_ref().map(|told| since(told.at, now));
        self.is_due(progress, waited, self.limits.between).then(|| event(progress, place))
    }

    /// As [`Self::due`] for the last look before an end: no later one will tell of a change.
    #[must_use]
    pub fn due_at_end(&self, progress: &Progress, place: &Place, now: LogTime) -> Option<Event> {
        let waited = self.told.as_ref().map(|told| since(told.at, now));
        self.is_due(progress, waited, Duration::ZERO).then(|| event(progress, place))
    }

    /// Remembers that the event is in the log.
    ///
    /// # Errors
    /// [`DiaryError`] if writing failed; it is remembered for as long as this process lasts.
    pub fn told(&mut self, progress: &Progress, now: LogTime) -> Result<(), DiaryError> {
        let told = Told { code: code(progress.state), at: now };
        let text = format!("{} {}\n", told.code, told.at.unix_millis());
        self.told = Some(told);
        Ok(small_file::replace(&self.path, text.as_bytes())?)
    }

    fn is_due(&self, progress: &Progress, waited: Option<Duration>, between: Duration) -> bool {
        let code = code(progress.state);
        let told = self.told.as_ref().map_or(WELL, |told| told.code);
        let waited = waited.unwrap_or(Duration::MAX);
        if code == told {
            return code != WELL && waited >= self.limits.again;
        }
        let grave = progress.state.cause().is_some_and(super::Cause::is_contradiction);
        grave || waited >= between
    }
}

impl Told {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let (code, millis) = text.split_once(' ')?;
        let known = Failure::ALL.iter().map(|failure| failure.name()).chain([WELL]);
        let code = known.into_iter().find(|known| *known == code)?;
        Some(Self { code, at: LogTime::from_unix_millis(millis.parse().ok()?).ok()? })
    }
}

/// How long ago; for ever where the clock was set back.
fn since(at: LogTime, now: LogTime) -> Duration {
    let millis = now.unix_millis().checked_sub(at.unix_millis());
    millis.map_or(Duration::MAX, Duration::from_millis)
}

const fn failure(state: PeerState) -> Option<Failure> {
    match state {
        PeerState::Following => None,
        PeerState::Behind => Some(Failure::Behind),
        PeerState::Failing(cause) | PeerState::Stopped(cause) => Some(cause.failure()),
    }
}

fn code(state: PeerState) -> &'static str {
    failure(state).map_or(WELL, Failure::name)
}

/// The record of how a peer fares.
fn event(progress: &Progress, place: &Place) -> Event {
    let mut subject = Subject::default();
    subject.peer = Some(progress.peer.clone());
    // More than can be written is written as the most.
    subject.items = Some(Count::new(progress.lag.records).unwrap_or(Count::MAX));
    let outcome = failure(progress.state).map_or(Outcome::Success, Outcome::Failure);
    Event {
        actor: Actor::System,
        action: match progress.kind {
            PeerKind::Follower => Action::FollowerLag,
            PeerKind::Anchor => Action::AnchorLag,
        },
        phase: Phase::Single { request: None, outcome },
        subject,
        purpose: None,
        place: place.clone(),
        ruling: None,
        session: None,
    }
}
