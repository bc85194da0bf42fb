//! Events in the formats of others, and the checker of such events.

mod balp;
mod base;
mod controls;
mod dicom;
mod elsewhere;
mod export;
mod outside;
pub(crate) mod sample;
