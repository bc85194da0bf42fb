//! `medsec policy diff`: who gains and who loses what from one policy to another.

use std::path::PathBuf;

use clap::Args;

use super::compare::Comparison;
use super::which;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_DIFF)]
pub(crate) struct Options {
    /// The new policy, or the old and the new one: each a folder with a source, or a file as `medsec policy export`
    /// writes it. By default the policy in force is the old one, and the home's source the new one.
    #[arg(value_name = "POLICY", num_args = 0..=2)]
    policies: Vec<PathBuf>,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        let (old, new) = match self.policies.as_slice() {
            [] => {
                let source = which::source_of(session.settings()?);
                (which::in_force(session)?, which::at(&source)?)
            }
            [new] => (which::in_force(session)?, which::at(new)?),
            [old, new, ..] => (which::at(old)?, which::at(new)?),
        };
        let comparison = Comparison::of(&old, &new);
        let report = comparison.tell(Report::new());
        Ok(match comparison.is_same() {
            true => report.line("both say the same"),
            false if report.lines.is_empty() => report.line("nobody gains or loses anything"),
            false => report,
        })
    }
}
