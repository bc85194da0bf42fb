//! Lies told to the report in copies of a small workspace, and the outputs that the honest one gets.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "these are parts of tests, outside of any test function"
)]

mod example;
mod lies_in_code;
mod lies_in_decisions;
mod lies_in_results;
mod lies_in_tree;
mod outputs;
mod scene;
