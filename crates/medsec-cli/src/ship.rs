//! Shipping the audit log from the program: the file of peers, their drives, and what is said, measured and recorded
//! of them.

mod checkpoints;
mod config;
mod fleet;
mod folder;
mod late;
mod metrics;
mod peers;
mod secret;
mod show;

pub(crate) use self::checkpoints::Checkpoints;
pub(crate) use self::config::Config;
pub(crate) use self::fleet::Fleet;
pub(crate) use self::metrics::write as write_metrics;
pub(crate) use self::peers::Peers;
pub(crate) use self::show::{exit, line, value};
