//! Transit keys of a real OpenBao.

mod bootstrap;
mod conformance;
mod environment;
mod guarded;
mod sessions;
mod throughput;
