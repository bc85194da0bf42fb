//! Looks at a log again and again, and tells when a rule matches.
//!
//! What was told is remembered in a file of the watcher's own, so that a restart does not tell it again.

mod alert;
mod history;
mod hook;
mod judge;
mod metrics;
mod rounds;
mod rules;
mod state;

pub(crate) use self::alert::{Alert, Rule};
pub(crate) use self::history::History;
pub(crate) use self::hook::{Hook, HookError};
pub(crate) use self::judge::Judge;
pub(crate) use self::metrics::{Metrics, replace};
pub(crate) use self::rounds::Rounds;
pub(crate) use self::rules::{DEFAULT, Rules, Verify};
pub(crate) use self::state::State;
