//! `medsec emergency close`: returns to normal. Whoever is logged in can end any emergency; that of somebody else is
//! recorded as revoked.

use clap::Args;
use medsec_audit::Action;
use medsec_policy::{EmergencyId, EmergencyPhase};

use super::alert::{self, Event};
use crate::custody::{Custody, CustodyOption, StepStanding, step_ended};
use crate::failure::Failure;
use crate::report::{Outcome, Report};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::EMERGENCY_CLOSE)]
pub(crate) struct Options {
    /// Which: as `medsec emergency status` shows it.
    #[arg(value_name = "ID")]
    emergency: EmergencyId,
    #[command(flatten)]
    who: CustodyOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let custody = Custody::enter(session, &options.who, Action::EmergencyEnd, None)?;
    session.interrupt.arm();
    let outcome = close(session, &custody, options.emergency);
    custody.close(outcome.map(Outcome::Whole))
}

const OVER: StepStanding = StepStanding {
    undone: "the emergency is still open, for its end could not be written",
    done: "the emergency is over",
};

fn close(session: &Session, custody: &Custody, id: EmergencyId) -> Result<Report, Failure> {
    let who = custody.who()?.principal.id;
    let book = custody.emergencies();
    let mut step = None;
    let written = book.change(id, |emergency| {
        match *emergency.initiator() == who {
            true => emergency.return_to_normal(book.clock())?,
            false => emergency.revoke(book.clock())?,
        }
        step = Some(custody.end_emergency(emergency.record())?);
        Ok::<_, Failure>(emergency.record().clone())
    });
    let record = step_ended(step, written, OVER)?;
    let how = match &record.phase {
        EmergencyPhase::Ended { how, .. } => how.to_string(),
        _ => String::new(),
    };
    let told = alert::tell(session, custody, &record, Event::Ended);
    let report = Report::new()
        .line(format!("emergency {id} is over: {how}"))
        .line("next, by somebody who had no part in it:")
        .line(format!("medsec emergency review {id} --finding justified --text-file FILE"))
        .field("emergency", id.to_string())
        .field("how", how);
    Ok(told.add(report))
}
