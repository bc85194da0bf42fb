//! `medsec doctor`.

use clap::Args;

use crate::doctor;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::DOCTOR)]
pub(crate) struct Options {}

pub(crate) fn run(session: &Session) -> Report {
    doctor::report(&doctor::examine(session))
}
