//! Fuzz target of the agent's wire. Not part of the library: built for tests and with `--cfg fuzzing` only.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

use super::wire::{Answer, MAX_FRAME_LEN, Request};

/// A body: what reads as a request, or as an answer, is written again byte for byte.
pub fn agent_frame(data: &[u8]) {
    if let Ok(request) = Request::parse(data) {
        assert!(request.render().unwrap().as_slice() == data, "another request");
        assert!(data.len() <= MAX_FRAME_LEN || matches!(request, Request::Append(_)));
    }
    if let Ok(answer) = Answer::parse(data) {
        assert!(answer.render().unwrap().as_slice() == data, "another answer");
    }
}
