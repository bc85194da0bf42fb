//! The agent: a process that holds a user's unlocked identity for the commands of one home, and writes its audit
//! stream meanwhile (164.312(a)(2)(iii), (d)).
//!
//! ```text
//! medsec login ──► agent: unlocks, starts a session, records it
//! medsec open  ──► agent: who is logged in? ─► the command's Custodian decides ─► agent: records the intent
//!                                           ─► agent: unwraps, if there is an intent for it
//! ```
//!
//! It answers its own user only, over a socket in a folder that nobody else can enter. The wire is described in
//! [`wire`], what it permits in [`server::intents`], and what it does not protect against in `docs/agent.md`.

pub(crate) mod client;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod peer;
mod place;
pub(crate) mod server;
mod start;
mod suspend;
pub(crate) mod wire;

pub(crate) use self::client::{
    AgentJournal, AgentLogin, Entered, Joined, is_running, join, journal, prove_again,
};
pub(crate) use self::place::{Place, Wanted, running, wanted};
pub(crate) use self::start::{Keep, begin, start};

/// How long a command waits for an agent that ends.
pub(crate) const GONE: std::time::Duration = std::time::Duration::from_secs(10);
