//! Checkpoints in an S3 bucket that keeps them: one object each, put only where there is none, under a retention that
//! the bucket sets by itself and that is read before the first use.
//!
//! Whoever may write to the bucket can still hide a kept object behind a delete marker or a newer version. So
//! [`recall`](medsec_audit::Anchor::recall) looks at all versions, and of each object believes the first.

mod access;
mod bucket;
mod key;
mod largest;
mod lock;

use std::fmt;
use std::time::Duration;

use medsec_audit::{
    Anchor, Anchored, Checkpoint, CheckpointError, LogOrigin, MAX_NOTE_LEN, Note, OutsideError,
    OutsideFuture, PeerName, Recalled,
};

pub use self::access::{S3Access, S3Keys};
use self::bucket::Bucket;
use self::key::Key;
use crate::deadline::within;

/// What an anchor is made of.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct S3Settings {
    /// What the log calls it.
    pub name: PeerName,
    /// Name of the bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// Where another server than AWS is, for instance `https://s3.example`; without TLS only on this machine.
    pub endpoint: Option<String>,
    /// With which credentials.
    pub access: S3Access,
    /// For how long the bucket must keep what is put there, by its own default.
    pub min_retention_days: u32,
    /// How long one call may take.
    pub patience: Duration,
}

/// Keeps checkpoints in a bucket with default retention.
pub struct S3Anchor {
    name: PeerName,
    bucket: Bucket,
    patience: Duration,
}

/// Why the bucket did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Error {
    /// Bucket, region or endpoint cannot be one, or the endpoint has no TLS and is not on this machine.
    #[error("bucket, region or endpoint is not valid")]
    Settings,
    /// A call through object_store failed.
    #[error("the object store failed")]
    Store(#[source] object_store::Error),
    /// There was no answer, or it broke off.
    #[error("the request failed")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The server answered with this HTTP status.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The answer is too long or not of the form.
    #[error("the answer of the server is malformed")]
    Malformed,
    /// The bucket has no object lock with a default retention.
    #[error("the bucket has no default retention")]
    NoRetention,
    /// The default retention is shorter than the settings demand.
    #[error("the bucket keeps objects for {days} days by default, which is too short")]
    ShortRetention {
        /// As the bucket has it.
        days: u64,
    },
    /// The note that is to be kept is no checkpoint.
    #[error("the note is no checkpoint")]
    Checkpoint(#[from] CheckpointError),
}

impl S3Anchor {
    /// Reads the bucket's object-lock configuration, and insists on a default retention that is long enough.
    ///
    /// # Errors
    /// [`OutsideError::Unfit`] if the settings are not valid or the bucket does not keep what it gets;
    /// [`OutsideError`] if it cannot be asked.
    pub async fn open(settings: S3Settings) -> Result<Self, OutsideError> {
        let bucket = Bucket::new(&settings)?;
        let S3Settings { name, min_retention_days, patience, .. } = settings;
        within(patience, lock::insist(&bucket, min_retention_days)).await?;
        Ok(Self { name, bucket, patience })
    }

    async fn keep(&self, note: &Note) -> Result<Anchored, OutsideError> {
        let checkpoint = Checkpoint::insecure_of_unverified(note);
        let checkpoint = checkpoint.map_err(|error| refused(error.into()))?;
        let key = Key::of(checkpoint.origin(), checkpoint.size());
        if self.bucket.put(&key, note.render()).await? {
            return Ok(Anchored::Kept);
        }
        let kept = self.bucket.first_version(&key).await?.ok_or_else(malformed)?;
        let kept = Note::parse(&kept).ok();
        let kept = kept.and_then(|note| Checkpoint::insecure_of_unverified(&note).ok());
        // Other signatures under the same checkpoint are no other history.
        let same = kept.is_some_and(|kept| {
            kept.origin() == checkpoint.origin()
                && kept.size() == checkpoint.size()
                && kept.root() == checkpoint.root()
        });
        same.then_some(Anchored::Kept).ok_or(OutsideError::Fork)
    }

    async fn largest(&self, origin: &LogOrigin) -> Result<Recalled, OutsideError> {
        let Some(size) = largest::size(&self.bucket.sizes(origin)).await? else {
            return Ok(Recalled::Nothing);
        };
        let note = self.bucket.first_version(&Key::of(origin, size)).await?;
        Ok(Recalled::Checkpoint(note.ok_or_else(malformed)?))
    }
}

impl Anchor for S3Anchor {
    fn name(&self) -> &PeerName {
        &self.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(within(self.patience, self.keep(checkpoint)))
    }

    fn recall<'a>(&'a self, origin: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(within(self.patience, self.largest(origin)))
    }
}

/// A note is never longer, so neither is an object of ours.
const MAX_OBJECT_LEN: u64 = MAX_NOTE_LEN as u64;

fn malformed() -> OutsideError {
    OutsideError::Answer(Box::new(S3Error::Malformed))
}

fn refused(error: S3Error) -> OutsideError {
    OutsideError::Refused(Box::new(error))
}

fn unfit(error: S3Error) -> OutsideError {
    OutsideError::Unfit(Box::new(error))
}

impl fmt::Debug for S3Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Anchor({})", self.name)
    }
}
