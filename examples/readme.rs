//! Runs the example of the project's README as a doctest, and holds the clinic that the examples of seams work in.

#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]

pub mod clinic;
