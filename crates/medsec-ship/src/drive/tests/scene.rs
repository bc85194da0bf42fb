//! A log on disk, and doubles of a follower and an anchor.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use medsec_audit::{
    Action, Actor, Algorithm, Anchor, Anchored, AuditLog, Ed25519NoteSigner, Event, Follower,
    HostId, KeyName, LogOrigin, NewLog, Note, Origin, Outcome, OutsideError, OutsideFuture,
    PeerName, Phase, Place, ProcessName, Recalled, Retention, Shipment, StreamName, StreamPosition,
    StreamWriter, Subject, SystemClock, WriterOptions,
};
use tempfile::TempDir;

use crate::drive::{FollowerDrive, FollowerParts, Pace};

/// What fails how.
pub(super) type Failing = fn() -> OutsideError;

pub(super) const UNREACHABLE: Failing = || OutsideError::Unreachable("gone".into());
pub(super) const FAILURES: [(Failing, crate::drive::Cause); 5] = [
    (UNREACHABLE, crate::drive::Cause::Unreachable),
    (|| OutsideError::Answer("odd".into()), crate::drive::Cause::Answer),
    (|| OutsideError::Refused("no".into()), crate::drive::Cause::Refused),
    (|| OutsideError::Unfit("bare".into()), crate::drive::Cause::Unfit),
    (|| OutsideError::Fork, crate::drive::Cause::Fork),
];

/// A log with one stream.
pub(super) struct Home {
    pub(super) folder: TempDir,
    pub(super) log: AuditLog,
}

impl Home {
    /// With so many events recorded, one batch each.
    pub(super) fn with(events: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
        let path = folder.path().join("log");
        let log = AuditLog::create(&path, &new, &key(), &SystemClock::default()).unwrap();
        let home = Self { folder, log };
        home.append(events);
        home
    }

    pub(super) fn append(&self, events: u32) {
        let writer = self.writer();
        for pid in 0..events {
            let _ = writer.append(&event(pid)).unwrap();
        }
        writer.close().unwrap();
    }

    pub(super) fn writer(&self) -> StreamWriter {
        self.log.writer(&stream(), &WriterOptions::new(place(0)), &[]).unwrap()
    }

    pub(super) fn size(&self) -> u64 {
        self.log.acknowledged(&stream()).unwrap().unwrap()
    }

    /// All lines of the stream.
    pub(super) fn lines(&self) -> Vec<u8> {
        let mut reader = self.log.reader(&stream(), 0).unwrap();
        let mut bytes = Vec::new();
        while let Some(batches) = reader.read().unwrap() {
            for line in batches.lines().unwrap().lines() {
                push(&mut bytes, line);
            }
        }
        bytes
    }

    pub(super) fn drive(&self, follower: &Arc<Double>) -> FollowerDrive {
        FollowerDrive::new(FollowerParts {
            log: self.log.clone(),
            stream: stream(),
            follower: Arc::<Double>::clone(follower),
            memory: self.folder.path().join("cursor"),
            pace: pace(),
        })
    }
}

pub(super) fn stream() -> StreamName {
    StreamName::new("main").unwrap()
}

pub(super) fn key() -> Ed25519NoteSigner {
    let name = KeyName::new("clinic.example/log").unwrap();
    Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap()
}

pub(super) fn place(pid: u32) -> Place {
    Place {
        host: HostId::new("node-7.example").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(pid),
        origin: Origin::Local,
    }
}

pub(super) fn event(pid: u32) -> Event {
    Event {
        actor: Actor::System,
        action: Action::Test,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject: Subject::default(),
        purpose: None,
        place: place(pid),
        ruling: None,
        session: None,
    }
}

/// Fast, so that tests are.
pub(super) fn pace() -> Pace {
    let mut pace = Pace::FOLLOWER;
    pace.look = Duration::from_millis(5);
    pace.first_retry = Duration::from_millis(1);
    pace.longest_retry = Duration::from_millis(8);
    pace.settle = Duration::from_millis(40);
    pace
}

pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn push(bytes: &mut Vec<u8>, line: &medsec_audit::Line<'_>) {
    match line {
        medsec_audit::Line::Record(record) => bytes.extend_from_slice(record.bytes),
        medsec_audit::Line::Commit(commit) => bytes.extend_from_slice(&commit.render()),
    }
    bytes.push(b'\n');
}

/// A follower that keeps lines in memory and fails as it is told.
pub(super) struct Double {
    name: PeerName,
    /// Whether it can say how far it is.
    answers: bool,
    pub(super) lines: Mutex<Vec<u8>>,
    pub(super) size: Mutex<u64>,
    pub(super) fails: Mutex<VecDeque<Failing>>,
    pub(super) calls: AtomicUsize,
    pub(super) largest: AtomicUsize,
    /// How long it takes for a shipment.
    pub(super) delay: Duration,
}

impl Double {
    pub(super) fn new(answers: bool) -> Arc<Self> {
        Self::slow(answers, Duration::ZERO)
    }

    pub(super) fn slow(answers: bool, delay: Duration) -> Arc<Self> {
        let name = PeerName::new("copy").unwrap();
        let (lines, size, fails) = Default::default();
        let (calls, largest) = Default::default();
        Arc::new(Self { name, answers, lines, size, fails, calls, largest, delay })
    }

    pub(super) fn fail(&self, failures: impl IntoIterator<Item = Failing>) {
        self.fails.lock().unwrap().extend(failures);
    }

    async fn keep(&self, shipment: &Shipment<'_>) -> Result<(), OutsideError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(fails) = self.fails.lock().unwrap().pop_front() {
            return Err(fails());
        }
        tokio::time::sleep(self.delay).await;
        let mut lines = self.lines.lock().unwrap();
        let before = lines.len();
        shipment.lines().iter().for_each(|line| push(&mut lines, line));
        self.largest.fetch_max(lines.len().saturating_sub(before), Ordering::Relaxed);
        *self.size.lock().unwrap() = shipment.size();
        Ok(())
    }
}

impl Follower for Double {
    fn name(&self) -> &PeerName {
        &self.name
    }

    fn position<'a>(&'a self, _: &'a LogOrigin) -> OutsideFuture<'a, Option<StreamPosition>> {
        let size = *self.size.lock().unwrap();
        let position = self.answers.then_some(StreamPosition { size });
        Box::pin(std::future::ready(Ok(position)))
    }

    fn take<'a>(&'a self, shipment: &'a Shipment<'a>) -> OutsideFuture<'a, ()> {
        Box::pin(self.keep(shipment))
    }
}

/// An anchor that gives back what it is told to.
pub(super) struct AnchorDouble {
    name: PeerName,
    pub(super) back: fn(&Note) -> Anchored,
    pub(super) recalled: Mutex<Recalled>,
    pub(super) fails: Mutex<VecDeque<Failing>>,
    pub(super) given: Mutex<Vec<Note>>,
}

impl AnchorDouble {
    pub(super) fn new(back: fn(&Note) -> Anchored) -> Arc<Self> {
        let recalled = Mutex::new(Recalled::Nothing);
        let (fails, given) = Default::default();
        let name = PeerName::new("notary").unwrap();
        Arc::new(Self { name, back, recalled, fails, given })
    }
}

impl Anchor for AnchorDouble {
    fn name(&self) -> &PeerName {
        &self.name
    }

    fn publish<'a>(&'a self, checkpoint: &'a Note) -> OutsideFuture<'a, Anchored> {
        Box::pin(async move {
            if let Some(fails) = self.fails.lock().unwrap().pop_front() {
                return Err(fails());
            }
            self.given.lock().unwrap().push(checkpoint.clone());
            Ok((self.back)(checkpoint))
        })
    }

    fn recall<'a>(&'a self, _: &'a LogOrigin) -> OutsideFuture<'a, Recalled> {
        Box::pin(std::future::ready(Ok(self.recalled.lock().unwrap().clone())))
    }
}
