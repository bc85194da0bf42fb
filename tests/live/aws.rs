//! AWS KMS, as moto and LocalStack have it.
//!
//! What each of them does otherwise than AWS was seen, and stands in [`emulator`]; the tests hold them to it.

mod batches;
mod conformance;
pub(crate) mod emulator;
mod environment;
mod iam;
mod logs;
mod names;
mod recipients;
mod regions;
mod wire;
