//! `medsec audit`: the audit log.

mod anchor;
mod check_fhir;
mod checkpoint;
mod consistency;
mod export;
mod follow;
mod probe;
mod prove;
mod reconcile;
mod records;
mod repair;
mod report;
mod review;
#[cfg(feature = "ship")]
mod ship;
mod show;
mod stream;
mod verify;
mod watch;

use clap::Subcommand;

pub(crate) use self::review::keep as keep_opening;

use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show records, by who, what, which and when.
    Show(Box<show::Options>),
    /// Show records as they come, until a signal.
    Follow(Box<follow::Options>),
    /// Tell who opened what in a period, what was denied, emergencies, off hours and more.
    Report(Box<report::Options>),
    /// Record that you have examined a period.
    Review(Box<review::Options>),
    /// Look at the log again and again, and tell when a rule matches.
    Watch(Box<watch::Options>),
    /// Verify the log with its pin.
    Verify(Box<verify::Options>),
    /// Write a record to see that it can be.
    Test(probe::Options),
    /// Compare a folder of packages, its signed manifest and what the log tells of them.
    Reconcile(Box<reconcile::Options>),
    /// Sign how far the streams are, for the anchor and for others.
    Checkpoint(Box<checkpoint::Options>),
    /// Show that one checkpoint continues another.
    Consistency(Box<consistency::Options>),
    /// Write the proof that a record is in the log, for somebody who does not have the log.
    Prove(Box<prove::Prove>),
    /// Verify such a proof; the log is not needed.
    CheckProof(Box<prove::Check>),
    /// Add and list streams.
    #[command(subcommand)]
    Stream(Box<stream::Command>),
    /// Make the anchor of the settings ready.
    #[command(subcommand)]
    Anchor(anchor::Command),
    /// Let a stream go on that lacks records or its mark; what is missing is given up.
    Repair(repair::Repair),
    /// Let a stream go on whose epoch key is gone; the log key vouches for a new one.
    Rekey(Box<repair::Rekey>),
    /// Ship the log to followers and anchors, until a signal.
    #[cfg(feature = "ship")]
    Ship(Box<ship::Options>),
    /// Write records for other programs.
    Export(Box<export::Options>),
    /// Check FHIR AuditEvents, whoever made them.
    CheckFhir(check_fhir::Options),
}

impl Command {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Show(_) => "audit show",
            Self::Follow(_) => "audit follow",
            Self::Report(_) => "audit report",
            Self::Review(_) => "audit review",
            Self::Watch(_) => "audit watch",
            Self::Verify(_) => "audit verify",
            Self::Test(_) => "audit test",
            Self::Checkpoint(_) => "audit checkpoint",
            Self::Consistency(_) => "audit consistency",
            Self::Prove(_) => "audit prove",
            Self::CheckProof(_) => "audit check-proof",
            Self::Stream(command) => command.name(),
            Self::Anchor(command) => command.name(),
            Self::Reconcile(_) => "audit reconcile",
            Self::Repair(_) => "audit repair",
            Self::Rekey(_) => "audit rekey",
            #[cfg(feature = "ship")]
            Self::Ship(_) => "audit ship",
            Self::Export(_) => "audit export",
            Self::CheckFhir(_) => "audit check-fhir",
        }
    }

    pub(crate) fn run(&self, session: &Session) -> Result<Outcome, Failure> {
        match self {
            Self::Show(options) => show::run(session, options),
            Self::Follow(options) => follow::run(session, options),
            Self::Reconcile(options) => reconcile::run(session, options),
            Self::Report(options) => report::run(session, options),
            Self::Review(options) => review::run(session, options).map(Outcome::Whole),
            Self::Watch(options) => watch::run(session, options),
            Self::Verify(options) => verify::run(session, options),
            Self::Test(options) => probe::run(session, options).map(Outcome::Whole),
            Self::Checkpoint(options) => checkpoint::run(session, options).map(Outcome::Whole),
            Self::Consistency(options) => consistency::run(session, options).map(Outcome::Whole),
            Self::Prove(options) => options.run(session).map(Outcome::Whole),
            Self::CheckProof(options) => options.run(session).map(Outcome::Whole),
            Self::Stream(command) => command.run(session).map(Outcome::Whole),
            Self::Anchor(command) => command.run(session).map(Outcome::Whole),
            Self::Repair(options) => options.run(session).map(Outcome::Whole),
            Self::Rekey(options) => options.run(session).map(Outcome::Whole),
            #[cfg(feature = "ship")]
            Self::Ship(options) => ship::run(session, options),
            Self::Export(options) => export::run(session, options).map(Outcome::Whole),
            Self::CheckFhir(options) => check_fhir::run(session, options),
        }
    }
}
