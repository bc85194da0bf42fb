//! The column `vault`: OpenBao's real program, and the proxy where it does not do a thing on demand.

mod answers;
mod connections;
mod keys;
mod restarts;
mod tokens;
