//! What a stream looks like after a crash, and after a disk that fails: every operation of a writer on a disk in
//! memory, cut off at every place, with all that had not been synced lost, torn or in another order.
//!
//! The disk promises what POSIX and a sector promise, and no more: a sector of 512 bytes is written whole or not at
//! all; what was not synced arrives in any part and order; a name is durable when its folder was synced.

#![expect(clippy::arithmetic_side_effects, reason = "a test that panics has failed")]

mod check;
mod disk;
mod fails;
mod file;
mod follower;
mod images;
mod lies;
mod model;
mod published;
mod repair;
mod scene;
mod steps;
mod twice;
