//! Drives one anchor of one stream.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use medsec_audit::{Anchor, AuditLog, LogTime, PublishError, Published, Recalled, StreamName};
use tokio::sync::Notify;

use super::backoff::Backoff;
use super::follower::blocking;
use super::kept::Kept;
use super::standing::{PeerKind, PeerState, Progress, Standing};
use super::{Cause, Pace, Until};

/// What a drive of an anchor is made of.
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct AnchorParts {
    /// The log.
    pub log: AuditLog,
    /// Its stream whose checkpoints are handed over. Making them is somebody else's work.
    pub stream: StreamName,
    /// To whom. Several drives may share one.
    pub anchor: Arc<dyn Anchor>,
    /// The folder of what it gives back. One for each stream and anchor.
    pub kept: PathBuf,
    /// How often to look for a new checkpoint.
    pub every: Duration,
    /// Tells that there is one now.
    pub told: Arc<Notify>,
    /// How fast to try again, and for how long records may stand behind what the anchor has.
    pub pace: Pace,
}

/// Hands one stream's checkpoints to one anchor.
#[derive(Debug)]
pub struct AnchorDrive {
    parts: AnchorParts,
    kept: Kept,
    /// Whether the anchor was asked what it knows, and that fits.
    compared: bool,
    /// Size of the checkpoint that it has, and since when.
    handed: Option<u64>,
    since: LogTime,
    standing: Standing,
    backoff: Backoff,
}

impl AnchorDrive {
    /// Puts a drive together. Nothing is read or sent yet.
    #[must_use]
    pub fn new(parts: AnchorParts) -> Self {
        let peer = parts.anchor.name().clone();
        let progress = Progress::begin(PeerKind::Anchor, peer, parts.stream.clone());
        Self {
            kept: Kept::new(parts.kept.clone()),
            compared: false,
            handed: None,
            since: SystemTime::now().into(),
            standing: Standing::new(progress, parts.pace.tolerance),
            backoff: Backoff::new(&parts.pace),
            parts,
        }
    }

    /// Compares what the anchor knows with the log, then hands over the newest checkpoint again and again, until the
    /// end that is asked for; returns how the anchor fares then. `tell` hears of it after every step; it must not
    /// block.
    ///
    /// Dropping the future ends it. A checkpoint that was on its way then is handed over again.
    pub async fn run(
        &mut self,
        until: Until,
        tell: &mut (dyn FnMut(&Progress) + Send),
    ) -> PeerState {
        loop {
            let stepped = self.step().await;
            self.measure().await;
            let wait = match stepped {
                Ok(()) => {
                    self.backoff.reset();
                    self.standing.well();
                    tell(&self.standing.progress);
                    if matches!(until, Until::CaughtUp { .. }) {
                        return PeerState::Following;
                    }
                    self.parts.every
                }
                Err(cause) => {
                    let wait = self.backoff.fail();
                    self.compared = false;
                    self.standing.fails(cause);
                    tell(&self.standing.progress);
                    let tries = self.backoff.failures();
                    let enough = matches!(until, Until::CaughtUp { tries: most } if tries >= most);
                    if cause.is_final() || enough {
                        return self.standing.progress.state;
                    }
                    wait
                }
            };
            self.wait(wait, stepped.is_ok(), tell).await;
        }
    }

    /// With another tolerance.
    #[cfg(test)]
    pub(super) const fn insist_within(&mut self, tolerance: Duration) {
        self.standing.insist_within(tolerance);
    }

    async fn step(&mut self) -> Result<(), Cause> {
        if !self.compared {
            self.compare().await?;
            self.compared = true;
        }
        let Some(newest) = self.newest().await? else { return Ok(()) };
        let size = newest.checkpoint.size();
        if self.handed == Some(size) {
            return Ok(());
        }
        let (kept, note) = (self.kept.clone(), newest.note.clone());
        if !blocking(move || kept.has(size, &note)).await?? {
            let back = self.parts.anchor.publish(&newest.note).await?;
            let kept = self.kept.clone();
            blocking(move || kept.keep(size, &newest.note, &back)).await??;
        }
        (self.handed, self.since) = (Some(size), SystemTime::now().into());
        Ok(())
    }

    /// What the anchor has must be of this log's key, and the newest checkpoint must continue it.
    async fn compare(&self) -> Result<(), Cause> {
        let origin = self.parts.log.origin(&self.parts.stream);
        let bytes = match self.parts.anchor.recall(&origin).await? {
            Recalled::Checkpoint(bytes) => bytes,
            _ => return Ok(()),
        };
        let (log, stream) = (self.parts.log.clone(), self.parts.stream.clone());
        blocking(move || continues(&log, &stream, &bytes)).await?
    }

    async fn newest(&self) -> Result<Option<Published>, Cause> {
        let (log, stream) = (self.parts.log.clone(), self.parts.stream.clone());
        blocking(move || log.checkpoint(&stream).map_err(|_| Cause::Local)).await?
    }

    async fn measure(&mut self) {
        let (log, stream) = (self.parts.log.clone(), self.parts.stream.clone());
        let found = blocking(move || log.acknowledged(&stream)).await;
        if let Ok(Ok(Some(acknowledged))) = found {
            self.standing.has(self.handed.unwrap_or(0), acknowledged, Some(self.since));
        }
    }

    /// Waits, and says meanwhile how the lag grows. A new checkpoint ends the wait, unless the last step failed.
    async fn wait(&mut self, wait: Duration, well: bool, tell: &mut (dyn FnMut(&Progress) + Send)) {
        let begun = Instant::now();
        while let Some(left) = wait.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) {
            let pause = left.min(self.parts.pace.look);
            if well {
                let told = tokio::time::timeout(pause, self.parts.told.notified()).await;
                if told.is_ok() {
                    return;
                }
            } else {
                tokio::time::sleep(pause).await;
            }
            self.measure().await;
            if well {
                self.standing.well();
            }
            tell(&self.standing.progress);
        }
    }
}

/// Whether the log's newest checkpoint continues one that an anchor has kept.
fn continues(log: &AuditLog, stream: &StreamName, bytes: &[u8]) -> Result<(), Cause> {
    // Not signed by the log key, or of another stream: somebody has put it there.
    let known = log.open_checkpoint(stream, bytes).map_err(|_| Cause::Fork)?.checkpoint;
    let newest = log.checkpoint(stream).map_err(|_| Cause::Local)?.ok_or(Cause::Ahead)?.checkpoint;
    if known.size() > newest.size() {
        return Err(Cause::Ahead);
    }
    if known.size() == newest.size() || known.size() == 0 {
        return (known.size() == 0 || known.root() == newest.root())
            .then_some(())
            .ok_or(Cause::Fork);
    }
    let proof = match log.prove_growth(stream, known.size(), newest.size()) {
        // Another process has published meanwhile; or the checkpoint was taken away.
        Err(PublishError::Behind { .. }) => return Err(Cause::Ahead),
        proof => proof.map_err(|_| Cause::Local)?,
    };
    proof.verify(known.root(), newest.root()).map_err(|_| Cause::Fork)
}

impl fmt::Debug for AnchorParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnchorParts({} to {})", self.stream, self.anchor.name())
    }
}
