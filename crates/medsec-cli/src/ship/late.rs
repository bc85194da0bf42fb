//! A bucket that is opened when it is first needed: one that cannot be reached at start is no reason not to ship to the
//! others.

use medsec_audit::{
    Anchor, Anchored, LogOrigin, Note, OutsideError, OutsideFuture, PeerName, Recalled,
};
use medsec_ship::{S3Anchor, S3Settings};
use tokio::sync::OnceCell;

/// A bucket and what it takes to open it.
#[derive(Debug)]
pub(super) struct LateBucket {
    settings: S3Settings,
    opened: OnceCell<S3Anchor>,
}

impl LateBucket {
    pub(super) const fn new(settings: S3Settings) -> Self {
        Self { settings, opened: OnceCell::const_new() }
    }

    /// The bucket, its retention checked.
    async fn open(&self) -> Result<&S3Anchor, OutsideError> {
        self.opened.get_or_try_init(|| S3Anchor::open(self.settings.clone())).await
    }
}

impl Anchor for LateBucket {
    fn name(&self) -> &PeerName {
        &self.settings.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(async move { self.open().await?.publish(checkpoint).await })
    }

    fn recall<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(async move { self.open().await?.recall(origin).await })
    }
}
