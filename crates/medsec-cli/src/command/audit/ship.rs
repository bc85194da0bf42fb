//! `medsec audit ship`: ships the log to followers and anchors.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use medsec_audit::StreamName;
use medsec_ship::{PeerState, Progress, Until};
use serde_json::Value;

use crate::audit::LogOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::log_key::LogKeyOption;
use crate::output;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::ship::{Checkpoints, Config, Fleet, Peers, exit, line, value, write_metrics};
use crate::stdio::StandardOutput;

/// How soon a signal and a change are noticed.
const STEP: Duration = Duration::from_millis(100);
/// How often the metrics are written.
const METRICS: Duration = Duration::from_secs(5);
/// Tries of a peer with `--once`.
const TRIES: u32 = 3;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_SHIP)]
pub(crate) struct Options {
    /// The file of peers.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// End when every peer has everything, or three tries of it have failed.
    #[arg(long)]
    once: bool,
    /// Make the places of the streams in the folders of the file that are anchors, and end. Once for each new folder and
    /// each new stream: what is missing later was taken away.
    #[arg(long, conflicts_with_all = ["once", "metrics", "checkpoint_every"])]
    prepare: bool,
    /// File of OpenMetrics text to keep up to date.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Sign a checkpoint of each stream every so many minutes, with the log key.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=525_600))]
    checkpoint_every: Option<u64>,
    #[command(flatten)]
    key: LogKeyOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    if session.json && !options.once && !options.prepare {
        return Err(Failure::usage("changes that come one by one are no single document")
            .next("give --once, or leave --json away"));
    }
    let config = Config::load(&options.config)?;
    let log = LogOption::OWN.open(session)?;
    let there = |stream: &StreamName| log.root().genesis(stream).is_some();
    let record = config.record()?;
    let streams = config.streams()?.unwrap_or_else(|| log.root().streams().cloned().collect());
    if streams.is_empty() || !streams.iter().chain(&record).all(there) {
        return Err(Failure::new(Exit::Log, "the log has no stream that the file of peers names")
            .next("`medsec audit stream list` shows its streams"));
    }
    let checkpoints = match options.checkpoint_every {
        None => None,
        Some(minutes) => {
            let signer = options.key.load(session, log.pin())?;
            Some(Checkpoints::new(signer, Duration::from_secs(minutes.saturating_mul(60))))
        }
    };
    let peers = Peers::new(&config, &log)?;
    if options.prepare {
        let folders = peers.prepare(&log, &streams)?;
        let line = format!("{folders} folders are ready for {} streams", streams.len());
        return Ok(Outcome::Whole(Report::new().line(line).field("folders", folders)));
    }
    session.interrupt.arm();
    let fleet = Fleet::new(session, &log, record)?;
    let mut ship = Ship {
        session,
        options,
        fleet,
        streams: &streams,
        peers: &peers,
        checkpoints,
        told: Vec::new(),
        measured: None,
        deaf: false,
    };
    ship.run(&log).map(Outcome::Whole)
}

struct Ship<'a> {
    session: &'a Session,
    options: &'a Options,
    fleet: Fleet<'a>,
    streams: &'a [StreamName],
    peers: &'a Peers,
    checkpoints: Option<Checkpoints>,
    /// By drive, the state that was printed.
    told: Vec<Option<PeerState>>,
    measured: Option<Instant>,
    /// Whether the metrics could not be written, which is told once.
    deaf: bool,
}

impl Ship<'_> {
    fn run(&mut self, log: &medsec_audit::AuditLog) -> Result<Report, Failure> {
        // With --once before the drives begin, so that they have the newest checkpoint to hand over.
        self.sign(log);
        let until =
            if self.options.once { Until::CaughtUp { tries: TRIES } } else { Until::Dropped };
        self.fleet.start(self.peers, self.streams, until)?;
        while !self.session.interrupt.is_set() && !self.fleet.has_ended() {
            self.look(false);
            self.sign(log);
            std::thread::sleep(STEP);
        }
        let ended = self.fleet.has_ended();
        self.fleet.end();
        self.measured = None;
        self.look(true);
        Ok(self.report(ended))
    }

    fn sign(&mut self, log: &medsec_audit::AuditLog) {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.sign_if_due(self.session, log, self.streams, self.peers, &self.fleet);
        }
    }

    /// Prints, records and measures what has changed.
    fn look(&mut self, last: bool) {
        let all = self.fleet.look();
        self.told.resize(all.len(), None);
        for (told, progress) in self.told.iter_mut().zip(&all) {
            let Some(progress) = progress.as_ref() else { continue };
            if *told != Some(progress.state) {
                *told = Some(progress.state);
                say(self.session, progress);
            }
        }
        self.fleet.record(last);
        let Some(path) = &self.options.metrics else { return };
        if self.measured.is_none_or(|last| last.elapsed() >= METRICS) {
            self.measured = Some(Instant::now());
            let all: Vec<_> = all.into_iter().flatten().collect();
            let written = write_metrics(path, &all);
            if let Err(failure) = &written
                && !self.deaf
            {
                output::note(self.session, &failure.message);
            }
            self.deaf = written.is_err();
        }
    }

    fn report(&self, ended: bool) -> Report {
        let all: Vec<_> = self.fleet.look().into_iter().flatten().collect();
        let shown: Vec<Value> = all.iter().map(value).collect();
        let mut report = Report::new();
        if self.session.json {
            report = report.field("peers", shown);
        }
        // A signal is how this command ends, unless there is something that it would never have mended.
        let unrecorded = (self.fleet.unrecorded > 0).then_some(Exit::Log);
        report.failed = exit(&all, ended).or(unrecorded);
        report
    }
}

/// Nobody listening is no reason to ship no more.
fn say(session: &Session, progress: &Progress) {
    if !session.json && writeln!(StandardOutput, "{}", line(progress)).is_err() {
        session.stdout_failed.set(true);
    }
}
