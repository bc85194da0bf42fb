//! `medsec emergency review`: closes the review, by somebody who had no part in the emergency.

use std::path::PathBuf;

use clap::Args;
use medsec::EmergencyNote;
use medsec_audit::{Action, Opening, Period};
use medsec_policy::{EmergencyId, EmergencyRecord, ReviewOutcome};

use super::open::forget;
use super::text;
use crate::audit::when::{after, at, now};
use crate::custody::{Custody, CustodyOption, StepStanding, step_ended};
use crate::failure::Failure;
use crate::input::refuse_shared;
use crate::report::{Outcome, Report};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_REVIEW)]
pub(crate) struct Options {
    /// Which: as `medsec emergency status` shows it.
    #[arg(value_name = "ID")]
    emergency: EmergencyId,
    /// What was found: `justified` or `not-justified`.
    #[arg(long, value_name = "FINDING")]
    finding: ReviewOutcome,
    /// What was found, in words, of at most 4,096 bytes; `-` is standard input. It is kept beside the log, where it
    /// can be erased, and the log has only its digest.
    #[arg(long, value_name = "FILE|-")]
    text_file: PathBuf,
    #[command(flatten)]
    who: CustodyOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    refuse_shared(&[
        (text::is_stdin(Some(&options.text_file)), "--text-file"),
        (options.who.passphrase.uses_stdin(), "--passphrase-fd"),
    ])?;
    let note = text::note(&options.text_file)?;
    let custody = Custody::enter(session, &options.who, Action::Review, None)?;
    session.interrupt.arm();
    let outcome = options.close(session, &custody, &note);
    custody.close(outcome.map(Outcome::Whole))
}

impl Options {
    fn close(
        &self,
        session: &Session,
        custody: &Custody,
        note: &Opening,
    ) -> Result<Report, Failure> {
        let who = custody.who()?.principal;
        let book = custody.emergencies();
        let mut step = None;
        let written = book.change(self.emergency, |emergency| {
            if let Err(error) = emergency.review(&who, self.finding, book.clock()) {
                custody.note_emergency(Some(emergency.record()), EmergencyNote::ReviewRefused)?;
                return Err(error.into());
            }
            let record = emergency.record();
            let kept = custody.keep_opening(session, note)?;
            let closed = custody.close_review(record, period(record)?, note.commitment());
            step = Some(closed.map_err(|refused| forget(&kept, refused))?);
            Ok::<_, Failure>(record.clone())
        });
        let record = step_ended(step, written, CLOSED)?;
        let (id, finding) = (record.id, self.finding);
        Ok(Report::new()
            .line(format!("the review of emergency {id} is closed by `{}`: {finding}", who.id))
            .field("emergency", id.to_string())
            .field("who", who.id.as_str())
            .field("finding", finding.to_string()))
    }
}

const CLOSED: StepStanding = StepStanding {
    undone: "the review is still open, for its end could not be written",
    done: "the review is closed",
};

/// From its beginning to this moment, so that all its records are in it.
fn period(record: &EmergencyRecord) -> Result<Period, Failure> {
    let from = at(record.opened_at.saturating_mul(1000));
    Period::new(from, after(now(), 1)).map_err(|_| {
        Failure::new(
            crate::exit::Exit::Clock,
            "the clock shows a time before the emergency; nothing was changed",
        )
        .next("set the machine's clock right")
    })
}
