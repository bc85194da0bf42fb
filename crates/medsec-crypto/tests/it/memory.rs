//! What the library keeps in memory: how much, for how long, and what it prints of it.

#[cfg(target_os = "linux")]
mod peak;
mod redaction;
#[cfg(target_os = "linux")]
mod scan;
#[cfg(target_os = "linux")]
mod scanner;
#[cfg(target_os = "linux")]
mod signer;
