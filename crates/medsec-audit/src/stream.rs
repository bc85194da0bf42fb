//! A stream: its files, and how they are read, checked and written.

#[cfg(test)]
mod crash;
mod create;
mod cursor;
mod fault;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod hwm;
mod layout;
mod recover;
mod replay;
mod run;
pub(crate) mod spine;
mod state;
mod ties;
mod tiles;
mod walk;
mod writer;

pub(crate) use self::create::{NewStreamError, create};
pub use self::cursor::MarkError;
pub(crate) use self::cursor::{Cursor, MAX_BATCH};
pub use self::fault::{Fault, FaultKind};
pub(crate) use self::hwm::{HighWater, Mark};
pub(crate) use self::layout::{SEGMENTS, Segment, segments};
pub use self::recover::Unwritable;
pub(crate) use self::replay::{Bound, Replay, Retired};
pub use self::tiles::TilesError;
pub(crate) use self::tiles::{CHECKPOINT, Growing, Tiles};
pub(crate) use self::walk::{Checking, Ending, How, Position, Walk};
pub(crate) use self::writer::Purpose;
pub use self::writer::{
    AppendError, Appended, OpenWriterError, Resumed, SpaceLimits, SpaceStage, StreamWriter,
    WriterOptions,
};
