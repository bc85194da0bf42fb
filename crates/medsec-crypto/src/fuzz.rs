//! Fuzz targets: what must hold for every input, as functions of bytes.
//!
//! Each target is called by its libFuzzer binary in `fuzz/fuzz_targets/` and, for every file of
//! `fuzz/corpus/<target>/`, by an ordinary test. A target panics where something does not hold; what it
//! does depends on the input alone, although the packages it starts from carry random salts.
//!
//! Not part of the library: built for tests and with `--cfg fuzzing` only.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::missing_panics_doc,
    clippy::unreachable,
    reason = "a target states by panicking that something does not hold"
)]

mod backend_differential;
mod context;
mod edits;
mod header;
mod input;
mod manifest;
mod metadata;
mod mutate_package;
mod range_open;
mod readers;
mod rewrap;
mod samples;
mod scratch;
#[cfg(test)]
mod seeds;
mod slots;
mod stream_open;
#[cfg(test)]
mod tests;
mod trailer;

pub use self::backend_differential::backend_differential;
pub use self::context::context;
pub use self::header::header;
pub use self::manifest::manifest;
pub use self::metadata::metadata;
pub use self::mutate_package::mutate_package;
pub use self::range_open::range_open;
pub use self::rewrap::rewrap;
pub use self::slots::slots;
pub use self::stream_open::stream_open;
pub use self::trailer::trailer;

/// A target.
pub type Target = fn(&[u8]);

/// Every target of this crate under the name of its binary and its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("header", header),
    ("slots", slots),
    ("metadata", metadata),
    ("trailer", trailer),
    ("stream_open", stream_open),
    ("range_open", range_open),
    ("rewrap", rewrap),
    ("mutate_package", mutate_package),
    ("backend_differential", backend_differential),
    ("context", context),
    ("manifest", manifest),
];
