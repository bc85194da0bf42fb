//! The commands, one file each.

#[cfg(unix)]
mod agent;
mod audit;
mod config;
mod demo;
mod doctor;
mod emergency;
mod generate;
mod identity;
mod init;
mod inspect;
mod key;
#[cfg(unix)]
mod login;
#[cfg(unix)]
mod logout;
mod open;
pub(crate) mod policy;
mod rewrap;
mod seal;
mod side_car;
#[cfg(unix)]
mod status;
mod store;
mod user;
mod verify;

use clap::Subcommand;

pub(crate) use self::audit::keep_opening;
pub(crate) use self::init::make_private;

use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a home: a key store, its first user and the first dataset's key.
    Init(init::Options),
    /// Prove who you are once: an agent holds your keys until you log out, or have not used them for too long.
    #[cfg(unix)]
    Login(login::Options),
    /// End the session: what the agent holds is erased.
    #[cfg(unix)]
    Logout(logout::Options),
    /// Show who is logged in, and for how long.
    #[cfg(unix)]
    Status(status::Options),
    /// Run the agent, which holds a session and writes the audit log.
    #[cfg(unix)]
    Agent(agent::Options),
    /// Make, show and protect identities: private keys in files.
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
    /// Who may do what: write, check, compare, test and sign the policy.
    #[command(subcommand)]
    Policy(Box<policy::Command>),
    /// Show the settings and where they come from.
    #[command(subcommand)]
    Config(config::Command),
    /// The audit log: what happened to which package, by whom.
    #[command(subcommand)]
    Audit(Box<audit::Command>),
    /// Emergencies: access that the rules do not give, and keys that exist in shares.
    #[command(subcommand)]
    Emergency(Box<emergency::Command>),
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
            #[cfg(unix)]
            Self::Login(_) => "login",
            #[cfg(unix)]
            Self::Logout(_) => "logout",
            #[cfg(unix)]
            Self::Status(_) => "status",
            #[cfg(unix)]
            Self::Agent(_) => "agent",
            Self::Identity(command) => command.name(),
            Self::User(command) => command.name(),
            Self::Key(command) => command.name(),
            Self::Store(command) => command.name(),
            Self::Policy(command) => command.name(),
            Self::Config(command) => command.name(),
            Self::Audit(command) => command.name(),
            Self::Emergency(command) => command.name(),
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
            #[cfg(unix)]
            Self::Login(options) => login::run(session, options).map(Outcome::Whole),
            #[cfg(unix)]
            Self::Logout(options) => logout::run(session, options).map(Outcome::Whole),
            #[cfg(unix)]
            Self::Status(options) => status::run(session, options).map(Outcome::Whole),
            #[cfg(unix)]
            Self::Agent(options) => agent::run(session, options).map(Outcome::Whole),
            Self::Identity(command) => command.run(session).map(Outcome::Whole),
            Self::User(command) => command.run(session).map(Outcome::Whole),
            Self::Key(command) => command.run(session).map(Outcome::Whole),
            Self::Store(command) => command.run(session).map(Outcome::Whole),
            Self::Policy(command) => command.run(session).map(Outcome::Whole),
            Self::Config(command) => command.run(session).map(Outcome::Whole),
            Self::Audit(command) => command.run(session),
            Self::Emergency(command) => command.run(session),
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
