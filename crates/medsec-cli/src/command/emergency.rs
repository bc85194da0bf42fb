//! `medsec emergency`: access that the rules do not give, and keys that exist in shares.

mod alert;
mod close;
mod drill;
mod open;
mod policy_source;
mod recover;
mod review;
mod sample;
mod shares;
mod span;
mod stage;
mod status;
mod text;

use clap::Subcommand;

use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Claim emergency access to a data set or a patient of it, for a short time; somebody else will review it.
    Open(Box<open::Options>),
    /// Show open emergencies and reviews that are due.
    Status(status::Options),
    /// Return to normal before the time is over.
    Close(Box<close::Options>),
    /// Close the review of an emergency in which you had no part.
    Review(Box<review::Options>),
    /// Make an emergency key that exists only as shares among custodians.
    Stage(Box<stage::Options>),
    /// See whether the custodians' shares still open packages; nothing is released.
    Drill(Box<drill::Options>),
    /// Open a package with the shares, under an open emergency.
    Recover(Box<recover::Options>),
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Open(_) => "emergency open",
            Self::Status(_) => "emergency status",
            Self::Close(_) => "emergency close",
            Self::Review(_) => "emergency review",
            Self::Stage(_) => "emergency stage",
            Self::Drill(_) => "emergency drill",
            Self::Recover(_) => "emergency recover",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Open(options) => open::run(session, options),
            Self::Status(_) => status::run(session).map(Outcome::Whole),
            Self::Close(options) => close::run(session, options),
            Self::Review(options) => review::run(session, options),
            Self::Stage(options) => stage::run(session, options),
            Self::Drill(options) => drill::run(session, options),
            Self::Recover(options) => recover::run(session, options),
        }
    }
}
