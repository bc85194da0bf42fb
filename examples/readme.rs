//! Runs the programs of the project's README and guide as doctests, and holds the clinic that the examples of seams
//! work in.

#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

pub mod clinic;

/// The guide's chapter for services.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/src/one-crate.md")]
pub mod guide {}
