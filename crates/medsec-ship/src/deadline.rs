//! Nothing here waits for ever.

use std::future::Future;
use std::time::Duration;

use medsec_audit::OutsideError;

/// There was no answer in the time that the settings allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer in time")]
pub struct NoAnswer;

/// Waits for a future, but not longer than `patience`.
pub(crate) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, OutsideError>>,
) -> Result<T, OutsideError> {
    let late = |_| OutsideError::Unreachable(Box::new(NoAnswer));
    tokio::time::timeout(patience, work).await.map_err(late)?
}
