//! `medsec emergency open`: claims emergency access.
//!
//! The policy decides, the claim is recorded, the emergency is kept, somebody is told: in this order. Where it
//! cannot be kept after it was recorded, its end is recorded too.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec::{EmergencyNote, JournalError, Refused};
use medsec_audit::{Action, AppendError, Opening, Patient};
use medsec_policy::{
    Claim, DatasetId, Emergency, EmergencyReason, PatientPseudonym, Purpose, ReasonText, Scope,
};

use super::alert::{self, Event};
use super::span::Lasting;
use super::text;
use crate::audit::filter::patient;
use crate::audit::when::at;
use crate::custody::{Custody, CustodyOption};
use crate::failure::Failure;
use crate::input::refuse_shared;
use crate::report::{Outcome, Report};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_OPEN)]
pub(crate) struct Options {
    /// Why: patient-safety, staff-unavailable, system-failure, disaster or drill, as far as the policy accepts it.
    #[arg(long, value_name = "CODE")]
    reason: EmergencyReason,
    /// The data set that access is needed to.
    #[arg(long, value_name = "ID")]
    dataset: DatasetId,
    /// File with the one patient it is about, by the pseudonym or commitment that stands in the log; `-` is standard
    /// input. Without it the whole data set is covered.
    #[arg(long, value_name = "FILE|-")]
    patient_file: Option<PathBuf>,
    /// For how long, as 90s, 45m or 2h; no longer than the policy allows.
    #[arg(long = "for", value_name = "TIME", default_value = "1h")]
    lasting: Lasting,
    /// Why, in words: one line of at most 1,000 characters; `-` is standard input. It is kept beside the log, where it
    /// can be erased, and the log has only its digest.
    #[arg(long, value_name = "FILE|-")]
    text_file: PathBuf,
    #[command(flatten)]
    who: CustodyOption,
}

/// What is claimed.
struct Wanted {
    scope: Scope,
    text: ReasonText,
    opening: Opening,
    purpose: Purpose,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let purpose = purpose(&options.who)?;
    refuse_shared(&[
        (text::is_stdin(Some(&options.text_file)), "--text-file"),
        (text::is_stdin(options.patient_file.as_deref()), "--patient-file"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let (text, opening) = text::reason(&options.text_file)?;
    let patient = options.patient_file.as_deref().map(patient::read).transpose()?;
    let wanted = Wanted { scope: options.scope(patient)?, text, opening, purpose };
    // The identity is unlocked in this very call: that is the proof, and it is fresh.
    let custody = Custody::enter(session, &options.who, Action::EmergencyStart, None)?;
    session.interrupt.arm();
    let outcome = options.claim(session, &custody, wanted);
    custody.close(outcome.map(Outcome::Whole))
}

/// The purposes of emergencies; to override the rules, if nothing else is said.
pub(super) fn purpose(who: &CustodyOption) -> Result<Purpose, Failure> {
    match who.purpose.purpose.unwrap_or(Purpose::BreakTheGlass) {
        purpose @ (Purpose::BreakTheGlass | Purpose::EmergencyTreatment) => Ok(purpose),
        _ => Err(Failure::usage("this is for emergencies; nothing was done")
            .next("give --purpose BTG or ETREAT, or leave it away")),
    }
}

impl Options {
    fn scope(&self, patient: Option<Patient>) -> Result<Scope, Failure> {
        let dataset = self.dataset.clone();
        let Some(patient) = patient else { return Ok(Scope::Dataset(dataset)) };
        let pseudonym = PatientPseudonym::new(&patient.to_string()).map_err(|error| {
            Failure::usage(error.to_string()).next("write it as the log has it")
        })?;
        Ok(Scope::Patient { pseudonym, dataset })
    }

    fn claim(
        &self,
        session: &Session,
        custody: &Custody,
        wanted: Wanted,
    ) -> Result<Report, Failure> {
        let Wanted { scope, text, opening, purpose } = wanted;
        let who = custody.who()?;
        let claim = Claim {
            principal: &who.principal,
            authentication_age: custody.prove_now(session, &self.who)?,
            reason: self.reason,
            text: &text,
            scope,
            duration: self.lasting.0,
        };
        let book = custody.emergencies();
        let emergency = match claim.open(book.limits(), book.clock()) {
            Ok(emergency) => emergency,
            Err(error) => {
                custody.note_emergency(None, EmergencyNote::ClaimRefused)?;
                return Err(error.into());
            }
        };
        // The text first: a digest of something that is nowhere helps nobody.
        let kept = custody.keep_opening(session, &opening)?;
        let record = emergency.record().clone();
        let started = custody.start_emergency(&record, purpose, opening.commitment());
        started.map_err(|refused| forget(&kept, refused))?;
        keep(custody, emergency)?;
        let told = alert::tell(session, custody, &record, Event::Started);
        Ok(told.add(report(&record)))
    }
}

/// Where no record speaks of the text, it goes. It stays where nobody knows.
pub(super) fn forget(kept: &Path, refused: Refused) -> Failure {
    if !matches!(refused, Refused::Record(JournalError::Log(AppendError::Broken(_)))) {
        // What cannot be removed says nothing to anybody without the log.
        let _ = std::fs::remove_file(kept);
    }
    refused.into()
}

fn keep(custody: &Custody, emergency: Emergency) -> Result<(), Failure> {
    let record = emergency.record().clone();
    custody.emergencies().add(emergency).map_err(|error| {
        let ended = custody
            .end_emergency(&record)
            .and_then(|step| Ok(step.ended(medsec_audit::Outcome::Success)?));
        let failure = Failure::from(error);
        let what = match ended {
            Ok(()) => "the emergency could not be kept and is over, which is recorded",
            Err(_) => "the emergency could not be kept and is over; its end could not be recorded",
        };
        Failure { message: format!("{what}: {}", failure.message), ..failure }
    })
}

fn report(record: &medsec_policy::EmergencyRecord) -> Report {
    let until = at(record.until.saturating_mul(1000)).to_string();
    let (id, dataset) = (record.id, record.scope.dataset());
    let covered = match record.scope.patient() {
        Some(_) => "one patient of",
        None => "all of",
    };
    Report::new()
        .line(format!("emergency {id} is open for `{}` until {until}", record.initiator))
        .line(format!("it covers {covered} data set `{dataset}`; `medsec open --purpose BTG` opens what it covers"))
        .line(format!("end it as soon as it is over: medsec emergency close {id}"))
        .line("somebody who had no part in it will review it")
        .field("emergency", id.to_string())
        .field("who", record.initiator.as_str())
        .field("reason", record.reason.to_string())
        .field("dataset", dataset.as_str())
        .field("one_patient", record.scope.patient().is_some())
        .field("until", until)
}
