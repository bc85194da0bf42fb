//! Runs the example of the project's README as a doctest; holds nothing else.

#![forbid(unsafe_code)]
#![cfg_attr(doctest, doc = include_str!("../README.md"))]
