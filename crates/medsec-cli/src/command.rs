//! The commands, one file each.

mod demo;
mod identity;
mod inspect;
mod open;
mod rewrap;
mod seal;
mod side_car;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make or show an identity: a private key in a file.
    #[command(subcommand)]
    Identity(identity::Command),
    /// Seal files into packages for the holders of public keys.
    Seal(Box<seal::Options>),
    /// Open packages; files appear only when every byte has been verified.
    Open(Box<open::Options>),
    /// Show what anyone can see of packages without a key.
    Inspect(inspect::Options),
    /// Verify who signed packages, without a key; or, with one, everything without writing anything.
    Verify(verify::Options),
    /// Add and remove recipients of packages without touching their payload.
    Rewrap(Box<rewrap::Options>),
    /// Write the hashes that let readers of parts of a signed package check its signature.
    SideCar(side_car::Options),
    /// Show the main job in a temporary folder: on a synthetic CT series, or on your own files.
    Demo(demo::Options),
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Identity(command) => command.name(),
            Self::Seal(_) => "seal",
            Self::Open(_) => "open",
            Self::Inspect(_) => "inspect",
            Self::Verify(_) => "verify",
            Self::Rewrap(_) => "rewrap",
            Self::SideCar(_) => "side-car",
            Self::Demo(_) => "demo",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Identity(command) => command.run().map(Outcome::Whole),
            Self::Seal(options) => seal::run(session, options),
            Self::Open(options) => open::run(session, options),
            Self::Inspect(options) => inspect::run(session, options),
            Self::Verify(options) => verify::run(session, options),
            Self::Rewrap(options) => rewrap::run(session, options),
            Self::SideCar(options) => side_car::run(session, options).map(Outcome::Whole),
            Self::Demo(options) => demo::run(session, options).map(Outcome::Whole),
        }
    }
}
