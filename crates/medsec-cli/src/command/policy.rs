//! `medsec policy`: who may do what, tried out, compared and put in force.
//!
//! What is edited is a *source*, a folder of TOML and Cedar; what counts is the policy in force, a signed file made of
//! it. Only `sign` and `accept` change what counts.

mod accept;
mod check;
mod compare;
mod diff;
mod explain;
mod export;
mod finding;
mod flat;
mod history;
mod new;
mod show;
mod sign;
mod standing;
mod table;
mod which;

use clap::Subcommand;

pub(crate) use self::compare::same_contents;
pub(crate) use self::standing::{can_sign, who_may};
pub(crate) use self::which::source_of;

use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the source of a ready policy into a new folder.
    New(new::Options),
    /// Look for everything that is wrong with a source, and for what is probably not meant.
    Check(check::Options),
    /// Show the policy in force: what is set, who has which roles, who has signed it.
    Show(show::Options),
    /// Ask a policy the questions of a table, and compare its answers with those that are expected.
    Test(table::Options),
    /// Tell which rule decides a request, and what would have to differ.
    Explain(Box<explain::Options>),
    /// Tell who gains and who loses what from one policy to another.
    Diff(diff::Options),
    /// Put a source in force, as the policy that follows the one in force.
    Sign(Box<sign::Options>),
    /// Show the hashes of the policies that were in force.
    History(history::Options),
    /// Write the policy in force, with its signatures, into a new file.
    Export(export::Options),
    /// Take the policy that is there for the one in force, where what is remembered of it was damaged or says otherwise.
    Accept(Box<accept::Options>),
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::New(_) => "policy new",
            Self::Check(_) => "policy check",
            Self::Show(_) => "policy show",
            Self::Test(_) => "policy test",
            Self::Explain(_) => "policy explain",
            Self::Diff(_) => "policy diff",
            Self::Sign(_) => "policy sign",
            Self::History(_) => "policy history",
            Self::Export(_) => "policy export",
            Self::Accept(_) => "policy accept",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        match self {
            Self::New(options) => options.run(),
            Self::Check(options) => options.run(session),
            Self::Show(_) => show::run(session),
            Self::Test(options) => options.run(session),
            Self::Explain(options) => options.run(session),
            Self::Diff(options) => options.run(session),
            Self::Sign(options) => sign::run(session, options),
            Self::History(_) => history::run(session),
            Self::Export(options) => options.run(session),
            Self::Accept(options) => options.run(session),
        }
    }
}
