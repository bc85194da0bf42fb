//! `medsec emergency recover`: opens a package with the custodians' shares.
//!
//! No key service is asked, and no key of the store is used. It happens under an open emergency of whoever does it,
//! so that it is claimed, told and reviewed as any other.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use medsec::{Aim, EmergencyKeyUse, EmergencyNote, OpenWish, Unbound};
use medsec_audit::Action;
use medsec_crypto::{Access, Header, HeaderError, Opened};
use medsec_policy::{EmergencyId, EmergencyRecord, PrincipalId};

use super::alert::{self, Event};
use super::open::purpose;
use super::shares::{Brought, SharesOption};
use super::text::is_stdin;
use crate::audit::filter::patient;
use crate::context_file::ContextOption;
use crate::custody::{Custody, CustodyOption};
use crate::exit::Exit;
use crate::expectation::{SignerOption, check_context_names, explained, limits};
use crate::failure::Failure;
use crate::input::{open_file, refuse_dash, refuse_shared};
use crate::progress::Watch;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::{target, units};

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_RECOVER)]
pub(crate) struct Options {
    /// The package.
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// The file to write. Never replaces a file.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    shares: SharesOption,
    /// Who brought a share; repeat it for each. None of them can review the emergency.
    #[arg(long = "custodian", required = true, value_name = "NAME")]
    custodians: Vec<PrincipalId>,
    #[command(flatten)]
    signer: SignerOption,
    /// Accept a package of any signer, and an unsigned one. A signature that is there must still fit.
    #[arg(long, conflicts_with = "signers")]
    any_signer: bool,
    #[command(flatten)]
    context: ContextOption,
    /// File with the patient, where the emergency covers one; `-` is standard input.
    #[arg(long, value_name = "FILE|-")]
    patient_file: Option<PathBuf>,
    #[command(flatten)]
    who: CustodyOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let purpose = purpose(&options.who)?;
    refuse_dash(&options.output, "-o")?;
    options.check_custodians()?;
    refuse_shared(&[
        (options.shares.uses_stdin(), "--passphrase-fds"),
        (options.context.uses_stdin(), "--context-file"),
        (is_stdin(options.patient_file.as_deref()), "--patient-file"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let wish = OpenWish {
        aim: Aim::Content,
        purpose: Some(purpose),
        signer: options.signer.decided(session, options.any_signer)?,
        reproduced: options.context.read()?,
        limits: limits(),
        patient: options.patient_file.as_deref().map(patient::read).transpose()?,
        unbound: Unbound::Accepted,
        // Under the data set that the package itself names, which the emergency covers.
        filed_under: None,
    };
    let brought = options.shares.collect()?;
    let custody = Custody::enter(session, &options.who, Action::EmergencyUse, None)?;
    let outcome = options.recover(session, &custody, &wish, brought);
    custody.close(outcome.map(Outcome::Whole))
}

impl Options {
    /// One name for each share: who brought none has no part in it, and who brought two is not two.
    fn check_custodians(&self) -> Result<(), Failure> {
        let names = self.custodians.iter().map(|name| name.as_str().to_ascii_lowercase());
        let names: BTreeSet<String> = names.collect();
        match names.len() == self.custodians.len() && names.len() == self.shares.count() {
            true => Ok(()),
            false => {
                Err(Failure::usage("there is not one custodian for each share; nothing was opened")
                    .next("give --custodian NAME once for each --share FILE"))
            }
        }
    }

    /// Whether each that is named is a user of the store. Where the home was lost and another one made, its store knows
    /// none of them, and nor does its policy know the key.
    fn are_users(&self, custody: &Custody) -> bool {
        self.custodians.iter().all(|name| {
            let mut present = custody.store().present_users();
            present.any(|user| user.name().as_str().eq_ignore_ascii_case(name.as_str()))
        })
    }

    fn recover(
        &self,
        session: &Session,
        custody: &Custody,
        wish: &OpenWish,
        brought: Brought,
    ) -> Result<Report, Failure> {
        let begun = Instant::now();
        let (mut file, about) = open_file(&self.package)?;
        let header = Header::read_patiently(&mut file);
        let id = covering(custody, &header, wish)?;
        let claimed = custody.emergencies().entry(id)?.record;
        if brought.are_of_policy(custody) && !self.are_users(custody) {
            custody.note_emergency(Some(&claimed), EmergencyNote::UseRefused)?;
            return Err(unknown_custodian());
        }
        let (combined, step) =
            brought.combine(custody, Some(&claimed), EmergencyKeyUse::Recovery)?;
        step.ended(medsec_audit::Outcome::Success)?;
        session.interrupt.arm();
        let names =
            header.as_ref().map_or(Ok(()), |header| check_context_names(header, &wish.reproduced));
        // Who had a part in it is on record before there is anything to review.
        let record = custody.emergencies().change(id, |emergency| {
            self.custodians.iter().try_for_each(|name| emergency.took_part(name))?;
            Ok::<_, Failure>(emergency.record().clone())
        })?;
        let told = alert::tell(session, custody, &record, Event::KeyUsed);
        let login = custody.with_emergency_key(combined.identity);
        let grant = custody.open_as(&login, header, wish).map_err(Failure::from);
        let grant = explained(grant, names)?;
        let watch = Watch::new(session, Some(about.len()));
        let execution = session.execution(&watch);
        let options = target::options(Access::Owner);
        let opened = grant.open_to_file(file, &self.output, options, &execution)?;
        Ok(told.add(report(&opened, &record, begun)))
    }
}

fn unknown_custodian() -> Failure {
    Failure::new(
        Exit::Denied,
        "a custodian that is named is no user of the key store; nothing was opened",
    )
    .next("name whoever brought each share as `medsec user list` does")
}

/// The user's own open emergency. That there is none is recorded.
fn covering(
    custody: &Custody,
    header: &Result<Header, HeaderError>,
    wish: &OpenWish,
) -> Result<EmergencyId, Failure> {
    let found = match header {
        Ok(header) => custody.emergency_for(header, wish.patient.as_ref())?,
        Err(_) => None,
    };
    if let Some(id) = found {
        return Ok(id);
    }
    custody.note_emergency(None, EmergencyNote::UseRefused)?;
    Err(Failure::new(
        Exit::Denied,
        "no emergency of yours is open that covers the package; nothing was opened",
    )
    .next("claim one for the package's data set: medsec emergency open"))
}

fn report(opened: &Opened, record: &EmergencyRecord, begun: Instant) -> Report {
    let (id, took) = (opened.package_id, begun.elapsed());
    Report::new()
        .line(format!(
            "opened {} of package {id}, every byte verified, with the emergency key ({})",
            units::size(opened.plain_len),
            units::time(took),
        ))
        .line("the key was in the memory of this machine. When the emergency is over:")
        .line("  medsec emergency stage      makes another key; put it into the policy in the place of this one")
        .line("  medsec rewrap FOLDER        with --to NEW and --drop OLD, for the packages")
        .line(format!("  medsec emergency close {}", record.id))
        .line("and somebody who had no part in it reviews it")
        .field("package_id", id.to_string())
        .field("content_len", opened.plain_len)
        .field("emergency", record.id.to_string())
        .field("seconds", units::seconds(took))
}
