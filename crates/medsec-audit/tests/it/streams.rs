//! Logs in temporary folders, and events to put into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use medsec_audit::{
    Action, Actor, Algorithm, AuditLog, Authentication, Clock, Count, Denial, Event, Extent, Hash,
    HostId, Known, LogOrigin, NewLog, Origin, Outcome, PackageId, Phase, Place, Principal,
    PrincipalId, ProcessName, Purpose, Retention, StreamName, StreamReport, StreamWriter, Subject,
    VerifyOptions, WriterOptions,
};
use tempfile::TempDir;

use crate::support::signer;

/// The name of the log, and of its key.
pub(crate) const LOG: &str = "clinic.example/log";

/// A log with the stream `main`, in a folder that goes away with it.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) log: AuditLog,
}

/// A clock that a test moves.
#[derive(Debug, Default)]
pub(crate) struct TestClock(AtomicU64);

impl TestClock {
    pub(crate) fn at(millis: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(millis)))
    }

    pub(crate) fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    fn millis(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.millis()
    }

    fn monotonic(&self) -> Duration {
        self.millis()
    }
}

/// A moment in November 2026.
pub(crate) const NOON: u64 = 1_793_707_200_000;

pub(crate) fn stream() -> StreamName {
    StreamName::new("main").unwrap()
}

pub(crate) fn place() -> Place {
    Place {
        host: HostId::new("node-7").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(4711),
        origin: Origin::Local,
    }
}

/// Options with a clock at noon that stands still, and no waiting.
pub(crate) fn options() -> WriterOptions {
    let mut options = WriterOptions::new(place());
    options.clock = TestClock::at(NOON);
    options.patience = Duration::ZERO;
    options
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
        let log_key = signer(LOG, Algorithm::Ed25519, 7);
        let path = folder.path().join("audit");
        let log = AuditLog::create(&path, &new, &log_key, &*TestClock::at(NOON)).unwrap();
        Self { folder, log }
    }

    /// With so many records of packages opened, written one by one, and closed.
    pub(crate) fn with(count: u64) -> Self {
        let home = Self::new();
        let writer = home.writer();
        for number in 0..count {
            let _ = writer.append(&opened(number)).unwrap();
        }
        writer.close().unwrap();
        home
    }

    pub(crate) fn writer(&self) -> StreamWriter {
        self.log.writer(&stream(), &options(), &[]).unwrap()
    }

    /// Where the stream's files are.
    pub(crate) fn path(&self) -> PathBuf {
        self.log.stream_folder(&stream())
    }

    /// The first segment.
    pub(crate) fn segment(&self) -> PathBuf {
        self.path().join("log/00000000000000000000.jsonl")
    }

    pub(crate) fn verify(&self) -> StreamReport {
        self.verify_with(&VerifyOptions::default())
    }

    pub(crate) fn verify_with(&self, options: &VerifyOptions<'_>) -> StreamReport {
        self.log.verifier(&stream()).unwrap().verify(options).unwrap()
    }

    /// The lines of the first segment, without their LF.
    pub(crate) fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.segment()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

/// What is known of the stream from elsewhere.
pub(crate) fn known(size: u64, root: Hash) -> Known {
    Known::new(LogOrigin::new(&format!("{LOG}/main")).unwrap(), size, root)
}

/// Writes lines, each with its LF.
pub(crate) fn write_lines(path: &Path, lines: &[String]) {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    std::fs::write(path, text).unwrap();
}

/// Ann opened a package.
pub(crate) fn opened(number: u64) -> Event {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes(id));
    subject.extent = Some(Extent { bytes: Count::from(1_048_576), ranges: Count::from(1) });
    event(Action::Open, Outcome::Success, subject)
}

/// Ann was not allowed to open one.
pub(crate) fn denied() -> Event {
    event(Action::Open, Outcome::Denied(Denial::Policy), Subject::default())
}

pub(crate) fn event(action: Action, outcome: Outcome, subject: Subject) -> Event {
    Event {
        actor: Actor::Person(Principal {
            id: PrincipalId::new("ann").unwrap(),
            authentication: Authentication::PrivateKey,
            role: None,
            on_behalf_of: None,
        }),
        action,
        phase: Phase::Single { request: None, outcome },
        subject,
        purpose: Some(Purpose::Treatment),
        place: place(),
        ruling: None,
        session: None,
    }
}
