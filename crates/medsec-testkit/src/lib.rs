//! Doubles for medsec's own tests: readers, writers and package files that misbehave as real ones do.
//!
//! Only ever a dev-dependency. Nothing here is random from run to run: every double that chooses takes
//! a seed, so that a failure can be repeated.
//!
//! ```
//! use std::io::Read;
//! use medsec_testkit::ShortReader;
//!
//! let mut text = String::new();
//! ShortReader::new(&b"in small pieces"[..], 3, 7).read_to_string(&mut text)?;
//! assert_eq!(text, "in small pieces");
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

pub mod child;
#[cfg(feature = "custodian")]
mod clock;
mod counting;
mod crash;
pub mod iam;
#[cfg(feature = "custodian")]
pub mod journal;
pub mod key_service;
mod memory;
mod metered;
mod one_key;
#[cfg(feature = "proxy")]
pub mod proxy;
mod random;
mod readers;
#[cfg(target_os = "linux")]
mod scan;
mod scripted;
mod writers;

#[cfg(feature = "custodian")]
pub use crate::clock::ManualClock;
pub use crate::counting::{Asked, CountingKeys};
pub use crate::crash::{CrashFile, CrashPoint, Outcome};
#[cfg(feature = "custodian")]
pub use crate::journal::{JournalHarness, MemoryJournal, WatchedJournal};
pub use crate::key_service::{Deviation, KeyServiceHarness};
pub use crate::memory::MemoryFile;
pub use crate::metered::{Meter, Metered, Traffic};
pub use crate::one_key::{OneKey, RewrapLie};
pub use crate::random::Random;
pub use crate::readers::{FailingReader, InterruptingReader, ShortReader};
#[cfg(target_os = "linux")]
pub use crate::scan::{Needle, overwrite_dead_stack};
pub use crate::scripted::{ScriptedKeys, SkippingTimer, Turn};
pub use crate::writers::{FailingWriter, ShortWriter};
