//! `medsec verify`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use medsec::{Aim, OpenWish, Unbound};
use medsec_audit::Action;
use medsec_crypto::{Header, Limits, SignerExpectation, VerifyingKey};
use medsec_kms::PublicKey;

use super::open::{slots_name, slots_warning};
use crate::bulk::verify::Plan;
use crate::bulk::{self, BulkOption};
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption, PurposeOption};
use crate::expectation::{SignerOption, limits};
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_shared_stdin};
use crate::passphrase::PassphraseOption;
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::VERIFY)]
pub(crate) struct Options {
    /// Packages to verify, or one folder of packages with, where there is one, its signed manifest.
    #[arg(required = true, value_name = "FILE")]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    signer: SignerOption,
    /// Identity file with the private key: also verifies that it opens, to the last byte, and writes
    /// nothing.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
    #[command(flatten)]
    purpose: PurposeOption,
    #[command(flatten)]
    context: ContextOption,
    /// For a folder: remember its newest manifest in this file, and notice when the folder is put back to
    /// an older one. Keep it where whoever can write to the folder cannot.
    #[arg(long, value_name = "FILE")]
    seen: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkOption,
}

/// What is the same for all inputs.
struct Job<'a> {
    signer: SignerExpectation,
    /// Where it is also tried whether packages open.
    opening: Option<(&'a Custody, OpenWish)>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    refuse_shared_stdin(&inputs, &options.context, &options.passphrase)?;
    if let Some(source) = bulk::folder_of(&inputs)? {
        return verify_folder(session, options, source);
    }
    bulk::refuse_without_folder(options.seen.is_some(), "--seen")?;
    bulk::refuse_without_folder(options.bulk.report.is_some(), "--report")?;
    if options.context.context_file.is_some() && options.identity.is_none() {
        return Err(Failure::usage("the context can be verified only with --identity")
            .next("add --identity, or leave --context-file away"));
    }
    let signer = options.signer.or_any()?;
    let verify = |job: Job<'_>| {
        session.interrupt.arm();
        Ok(session.each(&inputs, |input| job.verify(session, input)))
    };
    if options.identity.is_none() {
        return verify(Job { signer, opening: None });
    }
    let reproduced = options.context.read()?;
    let who = CustodyOption {
        identity: options.identity.clone(),
        passphrase: options.passphrase.clone(),
        purpose: options.purpose.clone(),
    };
    let custody = Custody::enter(session, &who, Action::Verify, None)?;
    let wish = OpenWish {
        aim: Aim::Verification,
        purpose: custody.purpose(),
        signer: signer.clone(),
        reproduced,
        limits: limits(),
        patient: None,
        unbound: Unbound::Accepted,
        filed_under: session.settings()?.dataset.value.clone(),
    };
    let outcome = verify(Job { signer, opening: Some((&custody, wish)) });
    custody.close(outcome)
}

fn verify_folder(session: &Session, options: &Options, source: &Path) -> Result<Outcome, Failure> {
    if options.identity.is_some() || options.context.context_file.is_some() {
        return Err(Failure::usage("a folder is verified without private keys and context")
            .next("leave --identity and --context-file away, or name the packages"));
    }
    let SignerExpectation::OneOf(signers) = options.signer.decided(session, false)? else {
        return Err(Failure::usage("who must have signed?").next("give --signer PUBKEY"));
    };
    session.interrupt.arm();
    let plan = Plan {
        signers: &signers,
        seen: options.seen.as_deref(),
        source,
        report: options.bulk.report.as_deref(),
    };
    bulk::verify::run(session, &plan).map(Outcome::Folder)
}

impl Job<'_> {
    fn verify(&self, session: &Session, input: &Input) -> Result<Report, Failure> {
        let (mut file, about) = open_file(input.seekable()?)?;
        let begun = Instant::now();
        let header = Header::read_patiently(&mut file);
        let watch = Watch::new(session, Some(about.len()));
        let execution = session.execution(&watch);
        let (mut report, slots, id) = match &self.opening {
            None => {
                let header = header?;
                let (slots, id) = (header.slot_condition(), header.core().package_id);
                let limit = Limits::default().max_chunks;
                let origin = header.verify_origin(file, &self.signer, limit, &execution)?;
                let report = self.origin(origin.signer, origin.plain_len, begun.elapsed());
                (report.field("root", origin.root.to_string()), slots, id)
            }
            Some((custody, wish)) => {
                let grant = custody.open_named(header, wish)?;
                let (slots, id) =
                    (grant.header().slot_condition(), grant.header().core().package_id);
                let verified = grant.verify(file, &execution);
                let closed = grant.close(verified.as_ref().map(drop));
                let opened = verified?;
                closed?;
                (self.whole(opened.signer, opened.plain_len, begun.elapsed()), slots, id)
            }
        };
        if let Some(warning) = slots_warning(slots) {
            report = report.line(format!("  note: {warning}"));
        }
        Ok(report.field("package_id", id.to_string()).field("slots", slots_name(slots)))
    }

    fn origin(&self, signer: VerifyingKey, len: u64, took: Duration) -> Report {
        let signer = PublicKey::from(signer).to_string();
        let report = Report::new().line(format!(
            "signed by {signer}; {} of content as it was signed ({})",
            units::size(len),
            units::time(took)
        ));
        self.signer_note(report)
            .line("  this proves the origin, not that anyone can still open it")
            .field("verified", "origin")
            .field("signer", signer)
            .field("content_len", len)
            .field("seconds", units::seconds(took))
    }

    fn whole(&self, signer: Option<VerifyingKey>, len: u64, took: Duration) -> Report {
        let signer = signer.map(|key| PublicKey::from(key).to_string());
        let shown = match &signer {
            Some(signer) => format!("signed by {signer}"),
            None => "not signed".to_owned(),
        };
        let report = Report::new().line(format!(
            "opens with this identity; all {} verified, {shown} ({})",
            units::size(len),
            units::time(took)
        ));
        let report = match signer {
            Some(_) => self.signer_note(report),
            None => report,
        };
        report
            .field("verified", "whole")
            .field("signer", signer)
            .field("content_len", len)
            .field("seconds", units::seconds(took))
    }

    fn signer_note(&self, report: Report) -> Report {
        let compared = matches!(self.signer, SignerExpectation::OneOf(_));
        let report = report.field("signer_expected", compared);
        if compared {
            return report;
        }
        report.line("  whether this signer is the right one was not compared; --signer does that")
    }
}
