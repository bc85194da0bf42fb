//! The anchor in a folder, away from the threads that drive the network: a medium that hangs keeps nobody else waiting.

use std::time::Duration;

use medsec_audit::{
    Anchor, Anchored, FolderAnchor, LogOrigin, Note, OutsideError, OutsideFuture, PeerName,
    Recalled,
};
use medsec_ship::NoAnswer;

/// A folder, each call of which may take so long.
#[derive(Debug)]
pub(super) struct PatientFolder {
    pub(super) anchor: FolderAnchor,
    pub(super) patience: Duration,
}

impl PatientFolder {
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce(FolderAnchor) -> Result<T, OutsideError> + Send + 'static,
    ) -> Result<T, OutsideError> {
        let anchor = self.anchor.clone();
        let working = tokio::task::spawn_blocking(move || work(anchor));
        let late = |_| OutsideError::Unreachable(NoAnswer.into());
        let done = tokio::time::timeout(self.patience, working).await.map_err(late)?;
        done.map_err(|error| OutsideError::Unreachable(error.into()))?
    }
}

impl Anchor for PatientFolder {
    fn name(&self) -> &PeerName {
        self.anchor.name()
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        let note = checkpoint.clone();
        Box::pin(self.away(move |anchor| anchor.keep(&note).map(|()| Anchored::Kept)))
    }

    fn recall<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        let origin = origin.clone();
        Box::pin(self.away(move |anchor| {
            Ok(anchor.newest(&origin)?.map_or(Recalled::Nothing, Recalled::Checkpoint))
        }))
    }
}
