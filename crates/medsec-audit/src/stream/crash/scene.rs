//! A stream on a modelled disk, and its writer.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::disk::{Disk, Op};
use super::model::Model;
use crate::clock::Clock;
use crate::count::Count;
use crate::epoch::{EpochPublicKey, Genesis, LogId, LogName, Retention, StreamName};
use crate::event::{Action, Event, Extent, Outcome, PackageId, Phase, Purpose, Subject, samples};
use crate::log::{AuditLog, PublishError, Published};
use crate::note::{Algorithm, Ed25519NoteSigner, KeyName};
use crate::stream::{
    AppendError, Appended, CHECKPOINT, OpenWriterError, Purpose as Wanted, SpaceLimits,
    StreamWriter, WriterOptions,
};
use crate::tree::Hash;
use crate::verify::{Known, StreamReport, VerifyOptions};

/// A moment in November 2026.
const NOON: u64 = 1_793_707_200_000;

/// A clock that a test moves.
#[derive(Debug)]
pub(super) struct TestClock(AtomicU64);

impl TestClock {
    pub(super) fn forward(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(super) fn back(&self, millis: u64) {
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for TestClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.now()
    }

    fn monotonic(&self) -> Duration {
        self.now()
    }
}

/// A stream of which record 0 is durable.
pub(super) struct Scene {
    pub(super) volume: Model,
    pub(super) clock: Arc<TestClock>,
    /// Leaf hash of record 0.
    pub(super) genesis: Hash,
    pub(super) writer: Option<StreamWriter>,
    /// What was to be recorded.
    pub(super) tried: Vec<Tried>,
    /// Bytes after which a segment ends.
    pub(super) segment: u64,
    events: u64,
}

/// Events that were to be recorded as one.
#[derive(Clone, Debug)]
pub(super) struct Tried {
    pub(super) events: Range<u64>,
    pub(super) recorded: bool,
}

impl Scene {
    /// A new stream with segments of so many bytes.
    pub(super) fn new(segment: u64) -> Self {
        let volume = Model::new(Disk::default());
        let clock = Arc::new(TestClock(AtomicU64::new(NOON)));
        let now = clock.wall().into();
        let genesis = crate::stream::create(&volume, &genesis(), now).unwrap().leaf;
        Self { volume, clock, genesis, writer: None, tried: Vec::new(), segment, events: 0 }
    }

    /// The same stream on another disk, with no writer.
    pub(super) fn on(&self, disk: Disk) -> Self {
        let (volume, clock) = (Model::new(disk), Arc::clone(&self.clock));
        let (genesis, segment, events) = (self.genesis, self.segment, self.events + 1_000_000);
        Self { volume, clock, genesis, writer: None, tried: Vec::new(), segment, events }
    }

    fn options(&self) -> WriterOptions {
        let mut options = WriterOptions::new(samples::place());
        options.clock = Arc::<TestClock>::clone(&self.clock);
        options.patience = Duration::ZERO;
        options.segment_bytes = self.segment;
        options.space = SpaceLimits { warn: 0, refuse: 0, stop: 0 };
        options
    }

    /// Opens the writer, if there is none. It is told of the checkpoint beside the stream.
    pub(super) fn open(&mut self) -> Result<&StreamWriter, OpenWriterError> {
        if self.writer.is_none() {
            self.writer = Some(self.opened_to(Wanted::Write)?);
        }
        Ok(self.writer.as_ref().unwrap())
    }

    /// Opens a writer that gives up what is missing.
    pub(super) fn repair(&mut self) -> Result<(), OpenWriterError> {
        self.writer = Some(self.opened_to(Wanted::Repair)?);
        Ok(())
    }

    fn opened_to(&self, purpose: Wanted<'_>) -> Result<StreamWriter, OpenWriterError> {
        let known: Vec<_> = self.published().into_iter().collect();
        let (volume, options) = (Arc::new(self.volume.clone()), self.options());
        StreamWriter::open_volume(volume, self.genesis, &options, purpose, &known)
    }

    fn log(&self) -> AuditLog {
        AuditLog::of_stream(&genesis(), self.genesis, &log_key())
    }

    /// Makes a checkpoint, as another process does while a writer is at work.
    pub(super) fn publish(&self) -> Result<Published, PublishError> {
        self.log().publish_alone(&self.volume, &genesis().stream, &log_key(), &[])
    }

    /// The newest checkpoint. To look at it is no call of the disk.
    pub(super) fn published(&self) -> Option<Known> {
        let disk = self.volume.disk();
        let found = self.log().open_checkpoint(&genesis().stream, disk.content(CHECKPOINT)?);
        Some(Known::from(&found.unwrap().checkpoint))
    }

    /// Appends so many events as one, and notes what was acknowledged.
    pub(super) fn append(&mut self, count: u64) -> Result<Vec<Appended>, AppendError> {
        let numbers = self.events..self.events + count;
        self.events = numbers.end;
        let events: Vec<_> = numbers.clone().map(event).collect();
        let writer = self.writer.as_ref().ok_or(AppendError::Closed)?;
        let appended = writer.append_all(&events);
        self.tried.push(Tried { events: numbers, recorded: appended.is_ok() });
        let appended = appended?;
        for appended in &appended {
            let (seq, leaf) = (appended.seq(), *appended.leaf());
            self.volume.note(Op::Acknowledged { seq, leaf });
        }
        Ok(appended)
    }

    pub(super) fn close(&mut self) -> Result<(), AppendError> {
        self.writer.take().map_or(Ok(()), StreamWriter::close)
    }

    /// The process ends; what it wrote stays in the system. Another one may begin.
    pub(super) fn kill(&mut self) {
        self.writer = None;
        self.volume.revive();
    }

    pub(super) fn verify(&self, strict: bool) -> StreamReport {
        let mut how = VerifyOptions::default();
        (how.strict, how.threads) = (strict, 1);
        crate::verify::verify(&self.volume, self.genesis, &how).unwrap()
    }
}

fn log_key() -> Ed25519NoteSigner {
    let name = KeyName::new("clinic.example/log").unwrap();
    Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap()
}

fn genesis() -> Genesis {
    let key = crate::epoch::EpochKey::from_seed(&[7; 32]).public();
    Genesis {
        log: LogName::new("clinic.example/log").unwrap(),
        stream: StreamName::new("main").unwrap(),
        id: LogId::from_bytes([9; 16]),
        log_key: EpochPublicKey::from_bytes(key.as_bytes()).unwrap(),
        retention: Retention::SIX_YEARS,
    }
}

/// What the line of an event has, and no other line.
pub(super) fn mark_of(number: u64) -> String {
    format!("\"{number:016x}{:016x}\"", 0)
}

/// Ann opened a package.
fn event(number: u64) -> Event {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    let subject = Subject {
        package: Some(PackageId::from_bytes(id)),
        extent: Some(Extent { bytes: Count::from(1_048_576), ranges: Count::from(1) }),
        ..Subject::default()
    };
    Event {
        actor: samples::person(),
        action: Action::Open,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject,
        purpose: Some(Purpose::Treatment),
        place: samples::place(),
        ruling: None,
        session: None,
    }
}
