//! Drives one follower of one stream.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use medsec_audit::{AuditLog, Follower, LogOrigin, LogTime, Shipment, StreamName, StreamPosition};

use super::backoff::Backoff;
use super::cursor::Cursor;
use super::source::{Piece, Source, Start};
use super::standing::{PeerKind, PeerState, Progress, Standing};
use super::{Cause, Pace, Until};

/// What a drive of a follower is made of.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct FollowerParts {
    /// The log.
    pub log: AuditLog,
    /// Its stream to ship.
    pub stream: StreamName,
    /// To whom. Several drives may share one.
    pub follower: Arc<dyn Follower>,
    /// The file that remembers how far the follower is, if it cannot say so itself. One for each stream and follower.
    pub memory: PathBuf,
    /// How fast.
    pub pace: Pace,
}

/// Ships one stream to one follower.
#[derive(Debug)]
pub struct FollowerDrive {
    parts: FollowerParts,
    origin: LogOrigin,
    // INVARIANT: only while the follower has all up to where it reads.
    source: Option<Source>,
    /// Records that the follower has.
    size: u64,
    /// Whether that is remembered here.
    remembers: bool,
    standing: Standing,
    backoff: Backoff,
    /// Since when the follower has had more than the log.
    ahead: Option<Instant>,
}

enum Step {
    Shipped,
    CaughtUp,
}

impl FollowerDrive {
    /// Puts a drive together. Nothing is read or sent yet.
    #[must_use]
    pub fn new(parts: FollowerParts) -> Self {
        let peer = parts.follower.name().clone();
        let progress = Progress::begin(PeerKind::Follower, peer, parts.stream.clone());
        Self {
            origin: parts.log.origin(&parts.stream),
            source: None,
            size: 0,
            remembers: false,
            standing: Standing::new(progress, parts.pace.tolerance),
            backoff: Backoff::new(&parts.pace),
            ahead: None,
            parts,
        }
    }

    /// Ships until the end that is asked for, and returns how the follower fares then. `tell` hears of it after every
    /// step, and every [`Pace::look`] while nothing can be done; it must not block.
    ///
    /// Dropping the future ends it. A shipment that was on its way then may have arrived: it is made again.
    pub async fn run(
        &mut self,
        until: Until,
        tell: &mut (dyn FnMut(&Progress) + Send),
    ) -> PeerState {
        loop {
            match self.step().await {
                Ok(step) => {
                    self.backoff.reset();
                    self.ahead = None;
                    self.measure(None).await;
                    self.standing.well();
                    tell(&self.standing.progress);
                    if matches!(step, Step::Shipped) {
                        continue;
                    }
                    if matches!(until, Until::CaughtUp { .. }) {
                        return PeerState::Following;
                    }
                    tokio::time::sleep(self.parts.pace.look).await;
                }
                Err(cause) => {
                    let wait = self.backoff.fail();
                    self.source = None;
                    if self.is_unsettled(cause, until) {
                        tokio::time::sleep(self.parts.pace.look).await;
                        continue;
                    }
                    self.measure(None).await;
                    self.standing.fails(cause);
                    tell(&self.standing.progress);
                    if cause.is_final() || self.has_tried_enough(until) {
                        return self.standing.progress.state;
                    }
                    self.wait(wait, tell).await;
                }
            }
        }
    }

    /// With another tolerance.
    #[cfg(test)]
    pub(super) const fn insist_within(&mut self, tolerance: Duration) {
        self.standing.insist_within(tolerance);
    }

    /// Finds the place, reads and ships one piece.
    async fn step(&mut self) -> Result<Step, Cause> {
        let source = match self.source.take() {
            Some(source) => source,
            None => self.find_place().await?,
        };
        let (source, piece) = blocking(move || {
            let mut source = source;
            let piece = source.next();
            (source, piece)
        })
        .await?;
        let Some(piece) = piece? else {
            self.source = Some(source);
            return Ok(Step::CaughtUp);
        };
        self.ship(&piece).await?;
        self.source = Some(source);
        Ok(Step::Shipped)
    }

    async fn ship(&mut self, piece: &Piece) -> Result<(), Cause> {
        let shipment = piece.shipment()?;
        self.measure(time(&shipment)).await;
        self.parts.follower.take(&shipment).await?;
        self.size = shipment.size();
        let last = shipment.commits().last().filter(|_| self.remembers);
        if let Some(commit) = last {
            let cursor = Cursor { size: self.size, root: commit.root };
            let (path, origin) = (self.parts.memory.clone(), self.origin.clone());
            blocking(move || cursor.save(&path, &origin)).await??;
        }
        Ok(())
    }

    /// Asks the follower how far it is, or the file, and goes there.
    async fn find_place(&mut self) -> Result<Source, Cause> {
        let asked = self.parts.follower.position(&self.origin).await?;
        let start = match asked {
            Some(StreamPosition { size }) => Start::Behind(size, None),
            None => self.remembered().await?,
        };
        self.remembers = asked.is_none();
        self.size = match start {
            Start::Anywhere => 0,
            Start::Behind(size, _) => size,
        };
        let (log, stream) = (self.parts.log.clone(), self.parts.stream.clone());
        blocking(move || Source::open(&log, &stream, start)).await?
    }

    async fn remembered(&self) -> Result<Start, Cause> {
        let (path, origin) = (self.parts.memory.clone(), self.origin.clone());
        let cursor = blocking(move || Cursor::load(&path, &origin)).await??;
        Ok(cursor.map_or(Start::Anywhere, |Cursor { size, root }| Start::Behind(size, Some(root))))
    }

    /// Looks how far the log is. Where that cannot be read, what was known last is told.
    async fn measure(&mut self, since: Option<LogTime>) {
        let (log, stream) = (self.parts.log.clone(), self.parts.stream.clone());
        let found = blocking(move || log.acknowledged(&stream)).await;
        if let Ok(Ok(Some(acknowledged))) = found {
            self.standing.has(self.size, acknowledged, since);
        }
    }

    /// Whether it is too early to say that the follower has more than the log.
    fn is_unsettled(&mut self, cause: Cause, until: Until) -> bool {
        let first = (cause == Cause::Ahead).then(|| *self.ahead.get_or_insert_with(Instant::now));
        let early = first.is_some_and(|first| first.elapsed() < self.parts.pace.settle);
        early && !self.has_tried_enough(until)
    }

    const fn has_tried_enough(&self, until: Until) -> bool {
        matches!(until, Until::CaughtUp { tries } if self.backoff.failures() >= tries)
    }

    /// Waits before the next try, and says meanwhile how the lag grows.
    async fn wait(&mut self, wait: Duration, tell: &mut (dyn FnMut(&Progress) + Send)) {
        let begun = Instant::now();
        while let Some(left) = wait.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            tokio::time::sleep(left.min(self.parts.pace.look)).await;
            self.measure(None).await;
            tell(&self.standing.progress);
        }
    }
}

/// When the first record of a shipment was written.
fn time(shipment: &Shipment<'_>) -> Option<LogTime> {
    shipment.records().next().map(|record| record.head.position.ts)
}

/// Does what waits for a disk where that is allowed.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Cause> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Cause::Local)
}

impl fmt::Debug for FollowerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FollowerParts({} to {})", self.stream, self.follower.name())
    }
}
