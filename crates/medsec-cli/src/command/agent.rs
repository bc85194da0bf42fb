//! `medsec agent`.

use clap::Args;

use crate::agent::{Keep, begin, is_running, running, start};
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AGENT)]
pub(crate) struct Options {
    /// Stay in the foreground, as service managers want it, until a signal comes.
    #[arg(long)]
    foreground: bool,
    /// End with the session.
    #[arg(long)]
    until_logout: bool,
    /// Leave the terminal's session: for the agent that `medsec login` starts.
    #[arg(long, hide = true, requires = "foreground")]
    detached: bool,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let keep = if options.until_logout { Keep::UntilLogout } else { Keep::UntilStopped };
    if options.foreground {
        if options.detached {
            // A process that leads a group already has no terminal to leave.
            let _ = rustix::process::setsid();
        }
        return begin(session, keep);
    }
    if is_running(session) {
        return Err(running());
    }
    start(session, keep)?;
    Ok(Report::new().line("the agent runs; log in with `medsec login`"))
}
