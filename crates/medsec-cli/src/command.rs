//! The commands, one file each.

mod audit;
mod config;
mod demo;
mod doctor;
mod generate;
mod identity;
mod init;
mod inspect;
mod key;
mod open;
mod rewrap;
mod seal;
mod side_car;
mod store;
mod user;
mod verify;

use clap::Subcommand;

use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a home: a key store, its first user and the first dataset's key.
    Init(init::Options),
    /// Make or show an identity: a private key in a file.
    #[command(subcommand)]
    Identity(identity::Command),
    /// Say who holds which keys of the key store.
    #[command(subcommand)]
    User(Box<user::Command>),
    /// Make, rotate and destroy the keys of the key store.
    #[command(subcommand)]
    Key(Box<key::Command>),
    /// Verify, back up and restore the key store.
    #[command(subcommand)]
    Store(Box<store::Command>),
    /// Show the settings and where they come from.
    #[command(subcommand)]
    Config(config::Command),
    /// The audit log: what happened to which package, by whom.
    #[command(subcommand)]
    Audit(Box<audit::Command>),
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
    /// Look whether this machine and this home are fit to keep ePHI, and say how to mend what is not.
    Doctor(doctor::Options),
    /// Print the completion script of a shell.
    Completions(generate::Completions),
    /// Write manual pages.
    Man(generate::Man),
    /// Show the main job in a temporary folder: on a synthetic CT series, or on your own files.
    Demo(demo::Options),
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Identity(command) => command.name(),
            Self::User(command) => command.name(),
            Self::Key(command) => command.name(),
            Self::Store(command) => command.name(),
            Self::Config(command) => command.name(),
            Self::Audit(command) => command.name(),
            Self::Seal(_) => "seal",
            Self::Open(_) => "open",
            Self::Inspect(_) => "inspect",
            Self::Verify(_) => "verify",
            Self::Rewrap(_) => "rewrap",
            Self::SideCar(_) => "side-car",
            Self::Doctor(_) => "doctor",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
            Self::Demo(_) => "demo",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Init(options) => init::run(session, options).map(Outcome::Whole),
            Self::Identity(command) => command.run().map(Outcome::Whole),
            Self::User(command) => command.run(session).map(Outcome::Whole),
            Self::Key(command) => command.run(session).map(Outcome::Whole),
            Self::Store(command) => command.run(session).map(Outcome::Whole),
            Self::Config(command) => command.run(session).map(Outcome::Whole),
            Self::Audit(command) => command.run(session),
            Self::Seal(options) => seal::run(session, options),
            Self::Open(options) => open::run(session, options),
            Self::Inspect(options) => inspect::run(session, options),
            Self::Verify(options) => verify::run(session, options),
            Self::Rewrap(options) => rewrap::run(session, options),
            Self::SideCar(options) => side_car::run(session, options).map(Outcome::Whole),
            Self::Doctor(_) => Ok(Outcome::Whole(doctor::run(session))),
            Self::Completions(options) => options.run(session).map(Outcome::Whole),
            Self::Man(options) => options.run().map(Outcome::Whole),
            Self::Demo(options) => demo::run(session, options).map(Outcome::Whole),
        }
    }
}
