//! Epochs: short spans of a stream, each signed by a key of its own that is gone when the span is over.
//!
//! The record that opens epoch E names the public keys of E and E + 1. While E lasts, its private key is only in
//! memory, and that of E + 1 only on disk. Whoever takes the machine today cannot sign what was yesterday.

mod commit;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod genesis;
mod key;
mod record;
mod slots;

pub(crate) use self::commit::CommitScope;
pub(crate) use self::genesis::stream_origin;
pub use self::genesis::{Genesis, LogId, LogName, Retention, StreamName};
pub(crate) use self::key::EpochKey;
pub use self::key::EpochPublicKey;
pub use self::record::{Epoch, EpochError, EpochReason, Loss, LossDigest, Retirement};
pub(crate) use self::record::{rekey_message, retire_message};
pub use self::slots::SlotError;
#[cfg(test)]
pub(crate) use self::slots::decode as decode_slot;
pub(crate) use self::slots::{KeySlots, other_slot};
