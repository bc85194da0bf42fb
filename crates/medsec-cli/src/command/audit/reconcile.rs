//! `medsec audit reconcile`: a data set's folder beside the log.

use std::path::PathBuf;

use clap::Args;
use medsec_crypto::SignerExpectation;

use crate::audit::check::{Manner, check};
use crate::audit::elsewhere::Ask;
use crate::audit::told::Told;
use crate::audit::{LogOption, StreamOption};
use crate::bulk::reconcile::Plan;
use crate::bulk::{self, BulkOption};
use crate::expectation::SignerOption;
use crate::failure::Failure;
use crate::report::Outcome;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_RECONCILE)]
pub(crate) struct Options {
    /// A folder of packages with its signed manifest.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    signer: SignerOption,
    #[command(flatten)]
    log: LogOption,
    #[command(flatten)]
    stream: StreamOption,
    #[command(flatten)]
    bulk: BulkOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let SignerExpectation::OneOf(signers) = options.signer.decided(session, false)? else {
        return Err(
            Failure::usage("who must have signed the manifest?").next("give --signer PUBKEY")
        );
    };
    let log = options.log.open(session)?;
    let streams = options.stream.of(&log)?;
    session.interrupt.arm();
    let ask = if options.log.is_own() { Ask::Own } else { Ask::Foreign };
    let checked = check(session, &log, &streams, &Manner::new(ask))?;
    if let Some(exit) = checked.exit() {
        let what = format!("the log does not verify: {}; nothing was compared", checked.name());
        return Err(Failure::new(exit, what).next("run `medsec audit verify`"));
    }
    let told = Told::read(session, &log, &streams)?;
    let plan = Plan {
        told: &told,
        signers: &signers,
        source: &options.folder,
        report: options.bulk.report.as_deref(),
    };
    bulk::reconcile::run(session, &plan).map(Outcome::Folder)
}
