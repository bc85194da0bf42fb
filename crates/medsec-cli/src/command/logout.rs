//! `medsec logout`.

use clap::Args;

use crate::agent::client::{ask_first, unasked};
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
    let Some((link, answer)) = ask_first(&place, &Request::Status)? else {
        return Ok(report(false));
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

fn report(was_live: bool) -> Report {
    let line = if was_live { "logged out" } else { "nobody was logged in" };
    Report::new().line(line).field("was_logged_in", was_live)
}
