//! `medsec verify`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use medsec_crypto::{Context, Header, HpkeIdentity, Limits, SignerExpectation, VerifyingKey};
use medsec_kms::PublicKey;

use super::open::{slots_name, slots_warning};
use crate::context_file::ContextOption;
use crate::expectation::{SignerOption, check_context_names, expectation};
use crate::failure::Failure;
use crate::input::{Input, open_file, refuse_shared_stdin};
use crate::keys;
use crate::passphrase::PassphraseOption;
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::VERIFY)]
pub(crate) struct Options {
    /// Packages to verify.
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
    context: ContextOption,
}

/// What is the same for all inputs.
struct Job {
    signer: SignerExpectation,
    identity: Option<HpkeIdentity>,
    reproduced: Context,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let inputs = Input::all(&options.inputs)?;
    refuse_shared_stdin(&inputs, &options.context, &options.passphrase)?;
    if options.context.context_file.is_some() && options.identity.is_none() {
        return Err(Failure::usage("the context can be verified only with --identity")
            .next("add --identity, or leave --context-file away"));
    }
    let identity = options.identity.as_deref();
    let identity = identity.map(|path| keys::load_identity(path, &options.passphrase));
    let job = Job {
        signer: options.signer.or_any()?,
        reproduced: options.context.read()?,
        identity: identity.transpose()?,
    };
    session.interrupt.arm();
    Ok(session.each(&inputs, |input| job.verify(session, input)))
}

impl Job {
    fn verify(&self, session: &Session, input: &Input) -> Result<Report, Failure> {
        let (mut file, about) = open_file(input.seekable()?)?;
        let begun = Instant::now();
        let header = Header::read_patiently(&mut file)?;
        let slots = header.slot_condition();
        let id = header.core().package_id;
        let watch = Watch::new(session, Some(about.len()));
        let execution = session.execution(&watch);
        let mut report = match &self.identity {
            None => {
                let limit = Limits::default().max_chunks;
                let origin = header.verify_origin(file, &self.signer, limit, &execution)?;
                self.origin(origin.signer, origin.plain_len, begun.elapsed())
                    .field("root", origin.root.to_string())
            }
            Some(identity) => {
                check_context_names(&header, identity, &self.reproduced)?;
                let expected = expectation(identity, &self.signer, &self.reproduced);
                let unlocked = header.check(expected)?.unlock_with(&[identity])?;
                let opened = unlocked.verify(file, &execution)?;
                self.whole(opened.signer, opened.plain_len, begun.elapsed())
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
