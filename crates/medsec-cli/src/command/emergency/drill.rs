//! `medsec emergency drill`: whether the custodians' shares still open packages. Nothing is released, and each
//! package is recorded as verified.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use medsec::{Aim, EmergencyKeyUse, OpenWish, Unbound};
use medsec_audit::{Action, Failure as Cause, Outcome as Ended, Patient};
use medsec_crypto::{Header, Identity as _, KeyRef};
use serde_json::{Value, json};

use super::sample::{Sampled, packages, sample};
use super::shares::{Brought, SharesOption};
use super::text::is_stdin;
use crate::audit::filter::patient;
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption, WithKey};
use crate::exit::Exit;
use crate::expectation::{SignerOption, limits};
use crate::failure::Failure;
use crate::input::{open_file, refuse_shared};
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::units;

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_DRILL)]
pub(crate) struct Options {
    /// Packages, or folders of packages.
    #[arg(required = true, value_name = "PACKAGE|FOLDER")]
    packages: Vec<PathBuf>,
    #[command(flatten)]
    shares: SharesOption,
    /// How many of the packages to try, drawn by chance.
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    sample: u32,
    /// The drill counts although the policy in force does not name the key: it was replaced, for instance.
    #[arg(long)]
    any_key: bool,
    #[command(flatten)]
    signer: SignerOption,
    #[command(flatten)]
    context: ContextOption,
    /// File with the patient, for a drill under an emergency that covers one; `-` is standard input.
    #[arg(long, value_name = "FILE|-")]
    patient_file: Option<PathBuf>,
    #[command(flatten)]
    who: CustodyOption,
}

/// What is the same for all packages.
struct Job<'a> {
    custody: &'a Custody,
    login: WithKey<'a>,
    key: KeyRef,
    wish: OpenWish,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    refuse_shared(&[
        (options.shares.uses_stdin(), "--passphrase-fds"),
        (options.context.uses_stdin(), "--context-file"),
        (is_stdin(options.patient_file.as_deref()), "--patient-file"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let packages = packages(&options.packages)?;
    let reproduced = options.context.read()?;
    let signer = options.signer.or_any()?;
    let patient = options.patient_file.as_deref().map(patient::read).transpose()?;
    let brought = options.shares.collect()?;
    let custody = Custody::enter(session, &options.who, Action::Test, None)?;
    let wish = |patient: Option<Patient>| OpenWish {
        aim: Aim::Verification,
        purpose: custody.purpose(),
        signer,
        reproduced,
        limits: limits(),
        patient,
        unbound: Unbound::Accepted,
        // Under the data set that the package itself names, which the emergency covers.
        filed_under: None,
    };
    let outcome = options.drill(session, &custody, (packages, brought), wish(patient));
    custody.close(outcome.map(Outcome::Whole))
}

impl Options {
    fn drill(
        &self,
        session: &Session,
        custody: &Custody,
        (packages, brought): (Vec<PathBuf>, Brought),
        wish: OpenWish,
    ) -> Result<Report, Failure> {
        let begun = Instant::now();
        let (combined, step) = brought.combine(custody, None, EmergencyKeyUse::Drill)?;
        let took = begun.elapsed();
        session.interrupt.arm();
        let (all, count) = (packages.len(), usize::try_from(self.sample).unwrap_or(usize::MAX));
        let (key, public_key) = (combined.identity.key_ref(), combined.public_key.to_string());
        let job = Job { custody, key, login: custody.with_emergency_key(combined.identity), wish };
        let tried: Vec<Tried> =
            sample(packages, count).iter().map(|one| job.attempt(session, one)).collect();
        let failed = tried.iter().filter(|one| one.failure.is_some()).count();
        let holds = failed == 0 && (combined.is_required || self.any_key);
        step.ended(match holds {
            true => Ended::Success,
            false => Ended::Failure(Cause::Expectation),
        })?;
        let mut report = Report::new().line(format!(
            "{} shares make the key that needs {} of {} ({})",
            self.shares.count(),
            combined.scheme.needed(),
            combined.scheme.count(),
            units::time(took)
        ));
        if !combined.is_required {
            report = report
                .line("the policy in force does not name this key: new packages do not get it");
        }
        report = tried.iter().filter_map(Tried::line).fold(report, Report::line);
        report = report.line(format!(
            "{} of {} sampled packages open with it, of {all} in all ({})",
            tried.len().saturating_sub(failed),
            tried.len(),
            units::time(begun.elapsed())
        ));
        report.failed = (!holds).then(|| exit_of(&tried));
        Ok(report
            .field("public_key", public_key)
            .field("required", combined.is_required)
            .field("shares", self.shares.count())
            .field("threshold", combined.scheme.needed())
            .field("packages", all)
            .field("sampled", tried.len())
            .field("failed", failed)
            .field("combine_seconds", units::seconds(took))
            .field("seconds", units::seconds(begun.elapsed()))
            .field("results", Value::Array(tried.iter().map(Tried::value).collect())))
    }
}

/// What became of one package.
struct Tried {
    number: usize,
    failure: Option<Failure>,
    took: Duration,
}

impl Job<'_> {
    fn attempt(&self, session: &Session, one: &Sampled) -> Tried {
        let begun = Instant::now();
        let failure = self.verify(session, one).err();
        Tried { number: one.number, failure, took: begun.elapsed() }
    }

    /// Whether the package carries the key and unwraps with it, to its last byte.
    fn verify(&self, session: &Session, one: &Sampled) -> Result<(), Failure> {
        if session.interrupt.is_set() {
            return Err(Failure::interrupted());
        }
        let (mut file, about) = open_file(&one.path)?;
        let header = Header::read_patiently(&mut file);
        let lacks = |header: &Header| header.stanzas().iter().all(|s| *s.key_ref() != self.key);
        let lacks_key = header.as_ref().is_ok_and(lacks);
        let grant =
            self.custody.open_as(&self.login, header, &self.wish).map_err(
                |refused| match lacks_key {
                    true => Failure::new(
                        Exit::Expectation,
                        "the package does not carry the emergency key",
                    )
                    .next("rewrap it with the key: medsec rewrap PACKAGE --to PUBKEY"),
                    false => refused.into(),
                },
            )?;
        let watch = Watch::new(session, Some(about.len()));
        let verified = grant.verify(file, &session.execution(&watch));
        let closed = grant.close(verified.as_ref().map(drop));
        verified?;
        Ok(closed?)
    }
}

/// The code of the packages that failed, if they failed alike.
fn exit_of(tried: &[Tried]) -> Exit {
    let mut exits = tried.iter().filter_map(|one| one.failure.as_ref()).map(|f| f.exit);
    match exits.next() {
        // The key is another one than the policy names.
        None => Exit::Expectation,
        Some(first) if exits.all(|exit| exit == first) => first,
        Some(_) => Exit::Failure,
    }
}

impl Tried {
    fn line(&self) -> Option<String> {
        let failure = self.failure.as_ref()?;
        let next = failure.next.as_deref().unwrap_or_default();
        Some(format!("package {}: {}; {next}", self.number, failure.message))
    }

    fn value(&self) -> Value {
        json!({
            "package": self.number,
            "ok": self.failure.is_none(),
            "code": self.failure.as_ref().map_or("ok", |failure| failure.exit.name()),
            "seconds": units::seconds(self.took),
        })
    }
}
