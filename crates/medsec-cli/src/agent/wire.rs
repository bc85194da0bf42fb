//! What goes over the agent's socket: one request, one answer, and so on.
//!
//! ```text
//! frame   = u32_be(len) ‖ body            len at most 1 MiB
//! body    = version u8 = 2 ‖ kind u8 ‖ fields
//! field   = number, big-endian; bytes16 = u16_be(len) ‖ bytes; fixed bytes
//! maybe   = 0 u8, or 1 u8 ‖ field
//! ```
//!
//! Every message has one form: what is read is written again byte for byte. Buffers are erased, because some hold
//! keys and passphrases.

mod answer;
mod bytes;
mod codes;
mod described;
mod fields;
mod frame;
mod request;
#[cfg(test)]
mod tests;

pub(crate) use self::answer::{Answer, Held, Status};
pub(crate) use self::frame::{MAX_FRAME_LEN, Wait, read_frame, write_frame};
pub(crate) use self::request::{Login, Request, line_of};

/// The first byte of every body. It changes with any layout; how a session is ended, and that it was, stays the same.
const VERSION: u8 = 2;

/// The version of a body that is not of this one.
pub(crate) fn foreign_version(body: &[u8]) -> Option<u8> {
    body.first().copied().filter(|version| *version != VERSION)
}

/// A body is not a message of this version. Nothing of it is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;
