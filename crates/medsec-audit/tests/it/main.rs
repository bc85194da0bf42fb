//! Integration tests of the audit log: the public interface on real bytes.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod anchors;
mod attacks;
mod checkpoints;
mod controls;
mod crowd;
mod exchange;
mod go;
mod kill;
mod life;
mod memory;
mod mended;
mod note_edits;
mod notes;
mod oracle;
mod proofs;
mod publishing;
mod reading;
mod recording;
mod resuming;
mod retiring;
mod second;
mod streams;
mod support;
mod tiles;
mod tree;
mod vector_log;
mod vectors;
