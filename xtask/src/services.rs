//! `cargo xtask services`: the real servers that `tests/live` talks to, on loopback and on free ports.
//!
//! PostgreSQL, rsyslog, moto, LocalStack's KMS and OpenBao run as ordinary processes below the target folder; SoftHSM2 is
//! a library that the tests load. `target/services/state.json` says which processes they are; what an earlier run left
//! behind is ended before a new one starts. A server that cannot be had is a failure: nothing is skipped.

mod aws;
mod certificates;
mod installed;
mod interrupt;
mod live;
mod openbao;
mod postgres;
mod private;
mod rsyslog;
mod softhsm;
mod state;
mod user;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use self::certificates::Certificates;
use self::installed::Installed;
use self::interrupt::Interrupt;
use self::state::{Server, State};
use self::user::User;
use crate::process;
use crate::steps::human;
use crate::workspace::Workspace;

/// What to do with the servers.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Options {
    /// Install what is missing, start all servers and wait until they answer.
    #[command(visible_alias = "up")]
    Start,
    /// End all servers.
    #[command(visible_alias = "down")]
    Stop,
    /// Show which servers run.
    Status,
    /// Start the servers, run a command with their `MEDSEC_LIVE_…` variables, end the servers.
    Run {
        /// The command, for instance `cargo nextest run -p medsec-live`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Kill one PostgreSQL server without warning and start it again: what a test of crashes calls.
    #[command(hide = true)]
    Crash {
        /// Its name in the state file.
        name: String,
    },
}

/// Does what the command line asks for.
///
/// # Errors
/// A server cannot be had, started or ended, or the command of `run` failed.
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    match options {
        Options::Start => start(ws).map(|_| ()),
        Options::Stop => stop(ws),
        Options::Status => status(ws),
        Options::Run { command } => run_with(ws, command),
        Options::Crash { name } => crash(ws, name),
    }
}

/// Folder of the state file and of the servers' runs.
fn home(ws: &Workspace) -> PathBuf {
    ws.target.join("services")
}

/// Starts everything and returns the variables for tests. On failure, nothing is left running.
///
/// # Errors
/// A server cannot be had, or does not answer in time.
pub(crate) fn start(ws: &Workspace) -> Result<Vec<(String, String)>> {
    stop(ws)?;
    let started = timed("installed", || Installed::ensure(ws))
        .and_then(|installed| start_all(ws, &installed).inspect_err(|_| leave_nothing(ws)));
    let state = started?;
    Ok(state.variables)
}

/// The servers and their versions, for the report.
///
/// # Errors
/// A server cannot be had, or does not say which it is.
pub(crate) fn versions(ws: &Workspace) -> Result<Vec<(String, String)>> {
    Installed::ensure(ws)?.versions(ws)
}

fn leave_nothing(ws: &Workspace) {
    if let Err(why) = stop(ws) {
        println!("    could not clean up: {why:#}");
    }
}

/// The state is written for every server as soon as it was started and before it answers, so that a crash of this
/// program leaves none unknown.
fn start_all(ws: &Workspace, installed: &Installed) -> Result<State> {
    let user = User::unprivileged(ws)?;
    let run = user.folder(&home(ws))?;
    let mut state = State::new(run.clone());
    state.save(&home(ws))?;
    let certificates = timed("certificates", || Certificates::make(ws, &run))?;
    state.set_all(certificates.variables());
    let place = postgres::Place { ws, installed, user: &user, certificates: &certificates };
    for (name, variable) in
        [("postgres", "MEDSEC_LIVE_POSTGRES"), ("postgres-crash", "MEDSEC_LIVE_POSTGRES_CRASH")]
    {
        let record = &mut |server: &Server| state.add(server.clone(), &home(ws));
        let cluster = timed(name, || postgres::Cluster::make(&place, &run, name, record))?;
        state.set(variable, format!("127.0.0.1:{}", cluster.port));
        state.set(&format!("{variable}_PASSWORD"), cluster.password);
    }
    let record = &mut |server: &Server| state.add(server.clone(), &home(ws));
    let syslog = timed("rsyslog", || rsyslog::start(ws, installed, &certificates, &run, record))?;
    let moto = timed("moto", || aws::moto(ws, installed, &run, record))?;
    let localstack = timed("localstack", || aws::localstack(ws, installed, &run, record))?;
    state.set_all(syslog.into_iter().chain(moto).chain(localstack));
    let place = openbao::Place { ws, bao: &installed.bao, certificates: &certificates };
    let record = &mut |server: &Server| state.add(server.clone(), &home(ws));
    let vault = timed("openbao", || openbao::start(&place, &run, record))?;
    state.set_all(vault);
    state.set_all(softhsm::prepare(installed, &run)?);
    let program = std::env::current_exe().context("where this program lies")?;
    state.set("MEDSEC_LIVE_PSQL", installed.postgres.join("psql").display().to_string());
    state.set("MEDSEC_LIVE_XTASK", program.display().to_string());
    state.save(&home(ws))?;
    Ok(state)
}

/// Ends what the state file names; nothing to do where there is none.
///
/// # Errors
/// A server does not end.
pub(crate) fn stop(ws: &Workspace) -> Result<()> {
    let Some(state) = State::load(&home(ws))? else { return Ok(()) };
    let begun = Instant::now();
    for server in &state.servers {
        live::end(server, &ws.root).with_context(|| format!("ending {}", server.name))?;
    }
    state.remove(&home(ws))?;
    println!("    {} servers ended in {}", state.servers.len(), human(begun.elapsed()));
    Ok(())
}

fn status(ws: &Workspace) -> Result<()> {
    let Some(state) = State::load(&home(ws))? else {
        println!("no servers run");
        return Ok(());
    };
    for server in &state.servers {
        let runs = if live::runs(server) { "runs" } else { "does not run" };
        println!("{:16} pid {:7} port {:5}  {runs}", server.name, server.pid, server.port);
    }
    state.variables.iter().for_each(|(name, value)| println!("{name}={value}"));
    Ok(())
}

fn run_with(ws: &Workspace, words: &[String]) -> Result<()> {
    let (program, arguments) = words.split_first().context("no command")?;
    let interrupt = Interrupt::watch()?;
    let variables = start(ws)?;
    let mut command = process::command(program, &ws.root);
    command.args(arguments).envs(variables);
    println!("    $ {}", words.join(" "));
    let ended = interrupt.run(&mut command).with_context(|| format!("`{program}`"));
    stop(ws)?;
    ended
}

fn crash(ws: &Workspace, name: &str) -> Result<()> {
    let mut state = State::load(&home(ws))?.context("no servers run")?;
    let known = state.servers.iter().find(|server| server.name == name);
    let server = known.context("no such server")?.clone();
    if !name.starts_with("postgres") {
        bail!("only PostgreSQL is made to crash");
    }
    live::kill(&server, &ws.root)?;
    let user = User::unprivileged(ws)?;
    let cluster = postgres::Stopped { ws, user: &user, data: state.run.join(name) };
    cluster.start_again(&server, &mut |server| state.add(server.clone(), &home(ws)))
}

/// Runs one piece of work and prints how long it took.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let done = work().with_context(|| what.to_owned())?;
    println!("    {what}: {}", human(begun.elapsed()));
    Ok(done)
}

/// Asks until the answer is yes.
///
/// # Errors
/// It was not within `limit`.
fn wait(what: &str, limit: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !ready() {
        if begun.elapsed() > limit {
            bail!("{what} did not happen within {}", human(limit));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A port of loopback that nobody listens on at this moment.
fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Whether somebody listens on a port of loopback.
fn answers(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Takes note of a server that was just started.
type Record<'a> = &'a mut dyn FnMut(&Server) -> Result<()>;

/// Has a server that was just started recorded, and waits until it listens and is `ready`. One that does not get there
/// is ended.
fn settle(
    server: &Server,
    limit: Duration,
    ws: &Workspace,
    record: Record<'_>,
    ready: impl Fn() -> bool,
) -> Result<()> {
    // One that cannot be recorded would be known to nobody.
    record(server).or_else(|why| live::kill(server, &ws.root).and(Err(why)))?;
    let mut died = false;
    let waited = wait(&format!("an answer of {}", server.name), limit, || {
        died = !live::runs(server);
        died || (answers(server.port) && ready())
    });
    if died {
        bail!("{} ended at once: see the log in its folder", server.name);
    }
    waited.or_else(|late| live::kill(server, &ws.root).and(Err(late)))
}
