//! Signs checkpoints now and then, and nothing that an anchor contradicts.

use std::time::{Duration, Instant};

use medsec_audit::{AuditLog, Ed25519NoteSigner, Known, Recalled, StreamName};

use super::{Fleet, Peers};
use crate::anchor;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// How long anchors may take to say what they know.
const PATIENCE: Duration = Duration::from_secs(30);

/// The log key and when it signs.
pub(crate) struct Checkpoints {
    signer: Ed25519NoteSigner,
    every: Duration,
    last: Option<Instant>,
}

impl Checkpoints {
    pub(crate) const fn new(signer: Ed25519NoteSigner, every: Duration) -> Self {
        Self { signer, every, last: None }
    }

    /// Signs a checkpoint of each stream if it is time. What fails is told, and tried again when it is time again.
    pub(crate) fn sign_if_due(
        &mut self,
        session: &Session,
        log: &AuditLog,
        streams: &[StreamName],
        peers: &Peers,
        fleet: &Fleet<'_>,
    ) {
        if self.last.is_some_and(|last| last.elapsed() < self.every) {
            return;
        }
        self.last = Some(Instant::now());
        for stream in streams {
            if !fleet.is_uncontradicted(stream) {
                continue;
            }
            match self.sign(session, log, stream, peers, fleet) {
                Ok(()) => fleet.ring(stream),
                Err(failure) => {
                    output::note(session, &format!("{stream}: no checkpoint: {}", failure.message));
                }
            }
        }
    }

    fn sign(
        &self,
        session: &Session,
        log: &AuditLog,
        stream: &StreamName,
        peers: &Peers,
        fleet: &Fleet<'_>,
    ) -> Result<(), Failure> {
        // What is signed once cannot be taken back: first ask who may know better.
        let mut known = recall(log, stream, peers, fleet)?;
        known.extend(anchor::recall(session, log, stream)?.known().cloned());
        let published = log.publish_after(stream, &self.signer, &known)?;
        match anchor::keep(session, &published.note) {
            Err(failure) if failure.exit == Exit::Io => {
                output::note(session, &format!("{stream}: {}", failure.message));
                Ok(())
            }
            kept => kept.map(drop),
        }
    }
}

/// What the anchors know of a stream. One that does not answer says nothing; its drive tells of that.
fn recall(
    log: &AuditLog,
    stream: &StreamName,
    peers: &Peers,
    fleet: &Fleet<'_>,
) -> Result<Vec<Known>, Failure> {
    let Some(runtime) = fleet.runtime() else { return Ok(Vec::new()) };
    let origin = log.origin(stream);
    let asked: Vec<_> = peers
        .anchors
        .iter()
        .map(|timed| {
            let (anchor, origin) = (std::sync::Arc::clone(&timed.anchor), origin.clone());
            runtime.spawn(async move {
                tokio::time::timeout(PATIENCE, anchor.recall(&origin)).await.ok()?.ok()
            })
        })
        .collect();
    let mut known = Vec::new();
    for answer in asked {
        let Ok(Some(Recalled::Checkpoint(bytes))) = runtime.block_on(answer) else { continue };
        let checkpoint = log.open_checkpoint(stream, &bytes).map_err(|_| {
            let what = "an anchor's newest checkpoint is not one that this log's key signed";
            Failure::new(Exit::Fork, what)
        })?;
        known.push(Known::from(&checkpoint.checkpoint));
    }
    Ok(known)
}
