//! Integration tests of the audit log: the public interface on real bytes.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod checkpoints;
mod controls;
mod go;
mod note_edits;
mod notes;
mod proofs;
mod recording;
mod second;
mod support;
mod tiles;
mod tree;
mod vectors;
