//! A real log on disk, its writer, and a diary of how its peers fare.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use medsec_audit::{
    Action, Actor, Algorithm, AuditLog, Ed25519NoteSigner, Event, HostId, KeyName, Line, NewLog,
    Origin, Outcome, Phase, Place, ProcessName, Retention, StreamName, StreamWriter, Subject,
    SystemClock, WriterOptions,
};
use medsec_ship::{Diary, DiaryLimits, PeerState, Progress};

use super::copy_folder;

/// A log of one stream, and the one who writes it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) log: AuditLog,
    pub(crate) writer: Arc<StreamWriter>,
}

pub(crate) fn stream() -> StreamName {
    StreamName::new("main").unwrap()
}

pub(crate) fn key() -> Ed25519NoteSigner {
    let name = KeyName::new("clinic.example/log").unwrap();
    Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap()
}

fn place() -> Place {
    Place {
        host: HostId::new("node-7.example").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(1),
        origin: Origin::Local,
    }
}

fn event() -> Event {
    Event {
        actor: Actor::System,
        action: Action::Test,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject: Subject::default(),
        purpose: None,
        place: place(),
        ruling: None,
        session: None,
    }
}

impl Home {
    /// With so many records, in batches of a hundred.
    pub(crate) fn with(records: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
        let path = folder.path().join("log");
        let log = AuditLog::create(&path, &new, &key(), &SystemClock::default()).unwrap();
        let writer = log.writer(&stream(), &WriterOptions::new(place()), &[]).unwrap();
        let home = Self { folder, log, writer: Arc::new(writer) };
        for _ in 0..records.div_ceil(100) {
            home.append(100);
        }
        home
    }

    /// What a backup of this moment brings back later.
    pub(crate) fn restored(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&self.path("log"), &folder.path().join("log"));
        let log = AuditLog::open(&folder.path().join("log"), self.log.pin()).unwrap();
        let writer = log.writer(&stream(), &WriterOptions::new(place()), &[]).unwrap();
        Self { folder, log, writer: Arc::new(writer) }
    }

    /// One batch.
    pub(crate) fn append(&self, records: usize) {
        let _ = self.writer.append_all(&vec![event(); records]).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn size(&self) -> u64 {
        self.log.acknowledged(&stream()).unwrap().unwrap()
    }

    /// All lines.
    pub(crate) fn lines(&self) -> Vec<Vec<u8>> {
        let mut reader = self.log.reader(&stream(), 0).unwrap();
        let mut lines = Vec::new();
        while let Some(batches) = reader.read().unwrap() {
            let shipment = batches.lines().unwrap();
            lines.extend(shipment.lines().iter().map(|line| match line {
                Line::Record(record) => record.bytes.to_vec(),
                Line::Commit(commit) => commit.render(),
            }));
        }
        lines
    }

    /// What the log says of its peers: action, outcome and reason, as they stand in the lines.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let lines = self.lines().into_iter().map(|line| String::from_utf8(line).unwrap());
        lines.filter(|line| line.contains("-lag\"")).collect()
    }

    /// Writes down what a drive tells.
    pub(crate) fn notebook(&self) -> Notebook {
        let mut limits = DiaryLimits::default();
        limits.between = Duration::ZERO;
        let diary = Diary::open(self.path("told"), limits).unwrap();
        let writer = Arc::clone(&self.writer);
        Notebook { diary: Arc::new(Mutex::new((diary, writer))), seen: Arc::default() }
    }
}

/// Records how a peer fares in the log itself, and remembers the states it was in.
#[derive(Clone)]
pub(crate) struct Notebook {
    diary: Arc<Mutex<(Diary, Arc<StreamWriter>)>>,
    pub(crate) seen: Arc<Mutex<Vec<Progress>>>,
}

impl Notebook {
    pub(crate) fn tell(&self, progress: &Progress) {
        let mut seen = self.seen.lock().unwrap();
        if seen.last() != Some(progress) {
            seen.push(progress.clone());
        }
        let (diary, writer) = &mut *self.diary.lock().unwrap();
        let now = SystemTime::now().into();
        if let Some(event) = diary.due(progress, &place(), now) {
            let _ = writer.append(&event).unwrap();
            diary.told(progress, now).unwrap();
        }
    }

    /// Waits until the last word is this state with nothing missing, or anything that `enough` accepts.
    pub(crate) async fn until(&self, enough: impl Fn(&Progress) -> bool) {
        let begun = Instant::now();
        while !self.seen.lock().unwrap().last().is_some_and(&enough) {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{:?}",
                self.seen.lock().unwrap().last()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn was(&self, state: PeerState) -> bool {
        self.seen.lock().unwrap().iter().any(|progress| progress.state == state)
    }
}
