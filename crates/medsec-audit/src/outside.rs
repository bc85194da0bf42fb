//! The log's outside: places that remember how far it was, and places that keep a copy of it.
//!
//! Both are optional and neither can weaken the log: nothing here is asked before a record counts as written, and
//! nothing that comes from outside is believed before it has been verified with the log's pin. Implementations that
//! need a network are in medsec-ship.

mod anchor;
mod folder;
mod follower;
mod name;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

pub use self::anchor::{Anchor, Anchored, Recalled};
pub use self::folder::{FolderAnchor, FolderAnchorError};
pub use self::follower::{Follower, Shipment, ShipmentError, StreamPosition};
pub use self::name::CheckpointName;

/// What an outside place does, as long as it takes.
pub type OutsideFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, OutsideError>> + Send + 'a>>;

/// Why an outside place did not do what was asked. The local log is not affected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutsideError {
    /// It did not answer, or not in time; it may later.
    #[error("the place does not answer")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It answered that it does not do this.
    #[error("the place refuses")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// It is not set up as the log needs it, for instance a bucket without retention.
    #[error("the place is not set up as it must be")]
    Unfit(#[source] Box<dyn Error + Send + Sync>),
    /// It holds another history of the same log: one of the two was forged, or an old copy was restored.
    #[error("the place holds another history of this log")]
    Fork,
    /// Its answer is malformed or does not verify.
    #[error("the answer of the place cannot be used")]
    Answer(#[source] Box<dyn Error + Send + Sync>),
}

impl OutsideError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable(_))
    }
}
