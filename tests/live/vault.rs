//! Transit keys of a real OpenBao.

mod bootstrap;
mod conformance;
mod throughput;
