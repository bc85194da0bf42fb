//! `medsec policy history`: the hashes of the policies that were in force.

use clap::Args;

use super::which;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_HISTORY)]
pub(crate) struct Options {}

pub(super) fn run(session: &Session) -> Result<Report, Failure> {
    let bundle = which::in_force(session)?.bundle;
    let before: Vec<String> = bundle.supersedes().iter().map(ToString::to_string).collect();
    let mut report =
        Report::new().line(format!("{}  in force, no. {}", bundle.hash(), bundle.sequence()));
    for hash in &before {
        report = report.line(format!("{hash}  before that"));
    }
    Ok(report
        .line("packages sealed under any of them open by the rules of the one in force")
        .field("policy", bundle.hash().to_string())
        .field("sequence", bundle.sequence())
        .field("supersedes", before))
}
