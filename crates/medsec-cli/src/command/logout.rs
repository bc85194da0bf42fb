//! `medsec logout`.

use clap::Args;

use crate::agent::client::{Link, Lost, try_first, unasked};
use crate::agent::wire::{Answer, Request};
use crate::agent::{GONE, Place};
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::LOGOUT)]
pub(crate) struct Options {}

pub(crate) fn run(session: &Session, _: &Options) -> Result<Report, Failure> {
    let place = Place::of(session)?;
    let (link, answer) = match try_first(&place, &Request::Status)? {
        Ok(Some(asked)) => asked,
        Ok(None) => return Ok(report(false)),
        // One that was left running while the program was replaced.
        Err(Lost::Foreign(version)) => return end_foreign(&place, version),
        Err(lost) => return Err(lost.into()),
    };
    let ends = match answer {
        Answer::Status(status) => status.until_logout,
        answer => return Err(unasked(answer)),
    };
    let was_live = match link.ask(&Request::Logout)? {
        Answer::Done => true,
        Answer::NotLoggedIn(_) => false,
        answer => return Err(unasked(answer)),
    };
    drop(link);
    if ends {
        // The next command writes the log itself.
        let _ = place.wait_until_gone(GONE);
    }
    Ok(report(was_live))
}

fn end_foreign(place: &Place, version: u8) -> Result<Report, Failure> {
    let Some(stream) = place.connect()? else { return Ok(report(false)) };
    let was_live = Link::new(stream).end_foreign(version)?;
    let _ = place.wait_until_gone(GONE);
    Ok(report(was_live))
}

fn report(was_live: bool) -> Report {
    let line = if was_live { "logged out" } else { "nobody was logged in" };
    Report::new().line(line).field("was_logged_in", was_live)
}
