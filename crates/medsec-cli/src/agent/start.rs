//! Starting an agent, and seeing that it runs.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Link;
use super::place::Place;
use super::server;
use super::wire::{Answer, Request};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

/// How long a new agent may take to open the home.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than the document of a failure has.
const MAX_DOCUMENT: u64 = 64 << 10;

/// When an agent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// When it is stopped.
    UntilStopped,
    /// When its session ends, or none begins.
    UntilLogout,
}

/// Is the agent, until it ends.
pub(crate) fn begin(session: &Session, keep: Keep) -> Result<Report, Failure> {
    server::run(session, keep)
}

/// Starts an agent in the background, and waits until it answers.
pub(crate) fn start(session: &Session, keep: Keep) -> Result<(), Failure> {
    let place = Place::of(session)?;
    let mut child = spawn(session, keep)?;
    let begun = Instant::now();
    loop {
        if let Ok(Some(stream)) = place.connect()
            && let Ok(Answer::Status(_)) = Link::new(stream).ask(&Request::Status)
        {
            return Ok(());
        }
        match child.try_wait() {
            Ok(None) if begun.elapsed() < PATIENCE => {}
            Ok(Some(_)) => return Err(why(&mut child)),
            Ok(None) | Err(_) => {
                // It must not come up when nobody waits for it any more.
                let _ = child.kill();
                return Err(Failure::new(Exit::Session, "the agent did not start in time")
                    .next("see what disk and log do: `medsec agent --foreground` shows it"));
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn spawn(session: &Session, keep: Keep) -> Result<Child, Failure> {
    let failed = |error| Failure::io("the agent cannot be started", &error);
    let mut command = Command::new(std::env::current_exe().map_err(failed)?);
    command.args(["--json", "agent", "--foreground", "--detached"]);
    if keep == Keep::UntilLogout {
        command.arg("--until-logout");
    }
    // As it was said here: a home in the default place keeps its marks elsewhere.
    if let Some(home) = &session.options().home {
        command.arg("--home").arg(std::path::absolute(home).map_err(failed)?);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().map_err(failed)
}

/// What the agent said before it ended.
fn why(child: &mut Child) -> Failure {
    let mut text = String::new();
    let read = child.stdout.take().map(|out| out.take(MAX_DOCUMENT).read_to_string(&mut text));
    let document: Value = match read {
        Some(Ok(_)) => serde_json::from_str(&text).unwrap_or_default(),
        _ => Value::Null,
    };
    let error = |name: &str| document.get("error")?.get(name)?.as_str().map(str::to_owned);
    let code = document.get("exit_code").and_then(Value::as_u64);
    let exit = Exit::ALL.into_iter().find(|exit| Some(u64::from(exit.code())) == code);
    let exit = exit.filter(|exit| *exit != Exit::Done).unwrap_or(Exit::Session);
    let message = error("message").unwrap_or_else(|| "the agent ended at once".to_owned());
    let next = error("next").or_else(|| Some("run `medsec agent --foreground`".to_owned()));
    Failure { exit, message, next }
}
