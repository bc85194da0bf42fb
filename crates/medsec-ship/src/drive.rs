//! What keeps followers and anchors going: reads a stream, ships it, tries again, and says how far they are.
//!
//! A drive is a task beside the log. It reads what was acknowledged and takes no lock of the writer, so that a peer
//! that is slow or dead costs the log nothing; it holds one piece of the stream, about a MiB, and no queue. How far a
//! peer is goes to the caller in a [`Progress`] after every step, and from there through a [`Diary`] into the log
//! itself.
//!
//! Dropping the future of a drive ends it. At whatever point that happens, the next one finds its place again.

mod anchor;
mod backoff;
mod cause;
mod cursor;
mod diary;
mod follower;
mod kept;
mod pace;
mod small_file;
mod source;
mod standing;
#[cfg(test)]
mod tests;

pub use self::anchor::{AnchorDrive, AnchorParts};
pub use self::cause::Cause;
pub use self::diary::{Diary, DiaryError, DiaryLimits};
pub use self::follower::{FollowerDrive, FollowerParts};
pub use self::pace::{Pace, Until};
pub use self::standing::{Lag, PeerKind, PeerState, Progress};
