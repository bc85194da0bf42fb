//! The drives of all peers and streams, and what they say.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use medsec_audit::{AuditLog, StreamName};
use medsec_ship::{
    AnchorDrive, AnchorParts, Diary, DiaryLimits, FollowerDrive, FollowerParts, Pace, PeerKind,
    PeerState, Progress, Until,
};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Peers;
use crate::audit::when::now;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::recording;
use crate::session::Session;

/// How long to wait after a record could not be written.
const AGAIN: Duration = Duration::from_secs(60);
/// For how long a last record is waited for, and tasks that do not end by themselves.
const FAREWELL: Duration = Duration::from_millis(200);

/// The last word of each drive.
type Board = Arc<Mutex<Vec<Option<Progress>>>>;

/// All drives at work.
pub(crate) struct Fleet<'a> {
    session: &'a Session,
    log: &'a AuditLog,
    /// The stream for records of how peers fare, if it is not the one they have.
    record: Option<StreamName>,
    runtime: Option<Runtime>,
    drives: Vec<JoinHandle<PeerState>>,
    board: Board,
    diaries: Vec<Diary>,
    bells: Vec<(StreamName, Arc<Notify>)>,
    /// When records may be tried again, after one could not be written.
    blocked: Option<Instant>,
    pub(crate) unrecorded: u64,
}

impl<'a> Fleet<'a> {
    pub(crate) fn new(
        session: &'a Session,
        log: &'a AuditLog,
        record: Option<StreamName>,
    ) -> Result<Self, Failure> {
        // Two threads: what waits for a disk has threads of its own.
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("threads for the network", &error))?;
        Ok(Self {
            session,
            log,
            record,
            runtime: Some(runtime),
            drives: Vec::new(),
            board: Arc::default(),
            diaries: Vec::new(),
            bells: Vec::new(),
            blocked: None,
            unrecorded: 0,
        })
    }

    /// What drives the network.
    pub(crate) const fn runtime(&self) -> Option<&Runtime> {
        self.runtime.as_ref()
    }

    /// Starts a drive for each peer and stream.
    pub(crate) fn start(
        &mut self,
        peers: &Peers,
        streams: &[StreamName],
        until: Until,
    ) -> Result<(), Failure> {
        for stream in streams {
            for follower in &peers.followers {
                let memory = self.log.stream_folder(stream).join("followers");
                let memory = memory.join(follower.name().as_str());
                self.diary(&memory)?;
                let mut drive = FollowerDrive::new(FollowerParts {
                    log: self.log.clone(),
                    stream: stream.clone(),
                    follower: Arc::clone(follower),
                    memory: memory.join("cursor"),
                    pace: Pace::FOLLOWER,
                });
                let mut tell = self.teller();
                self.spawn(async move { drive.run(until, &mut tell).await });
            }
            for timed in &peers.anchors {
                let kept = self.log.stream_folder(stream).join("anchors");
                let kept = kept.join(timed.anchor.name().as_str());
                self.diary(&kept)?;
                let told = Arc::new(Notify::new());
                self.bells.push((stream.clone(), Arc::clone(&told)));
                let mut drive = AnchorDrive::new(AnchorParts {
                    log: self.log.clone(),
                    stream: stream.clone(),
                    anchor: Arc::clone(&timed.anchor),
                    kept,
                    every: timed.every,
                    told,
                    pace: Pace::ANCHOR,
                });
                let mut tell = self.teller();
                self.spawn(async move { drive.run(until, &mut tell).await });
            }
        }
        Ok(())
    }

    fn diary(&mut self, folder: &Path) -> Result<(), Failure> {
        let diary = Diary::open(folder.join("told"), DiaryLimits::default());
        self.diaries.push(diary.map_err(|_| Failure::new(Exit::Io, UNREMEMBERED))?);
        Ok(())
    }

    /// Writes to the next place of the board.
    fn teller(&self) -> impl FnMut(&Progress) + Send + 'static {
        let board = Arc::clone(&self.board);
        let mut places = board.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.len();
        places.push(None);
        drop(places);
        move |progress| {
            let mut places = board.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get_mut(place) {
                *place = Some(progress.clone());
            }
        }
    }

    fn spawn(&mut self, drive: impl Future<Output = PeerState> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            self.drives.push(runtime.spawn(drive));
        }
    }

    /// How all peers fare; none for one that has said nothing yet.
    pub(crate) fn look(&self) -> Vec<Option<Progress>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether every drive has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.drives.iter().all(JoinHandle::is_finished)
    }

    /// Whether nothing that is known speaks against signing a checkpoint of a stream.
    pub(crate) fn is_uncontradicted(&self, stream: &StreamName) -> bool {
        let contradicts = |progress: &Progress| {
            progress.stream == *stream
                && progress.state.cause().is_some_and(medsec_ship::Cause::is_contradiction)
        };
        !self.look().iter().flatten().any(contradicts)
    }

    /// Tells a stream's anchors that there is a new checkpoint.
    pub(crate) fn ring(&self, stream: &StreamName) {
        let ours = self.bells.iter().filter(|(other, _)| other == stream);
        ours.for_each(|(_, bell)| bell.notify_one());
    }

    /// Records what is due. That a record cannot be written is told and does not end anything.
    pub(crate) fn record(&mut self, last: bool) {
        if !last && self.blocked.is_some_and(|until| Instant::now() < until) {
            return;
        }
        if let Err(failure) = self.try_record(last) {
            self.unrecorded = self.unrecorded.saturating_add(1);
            self.blocked = Instant::now().checked_add(AGAIN);
            output::note(self.session, &format!("not recorded: {}", failure.message));
        }
    }

    fn try_record(&mut self, last: bool) -> Result<(), Failure> {
        let (place, now) = (recording::place()?, now());
        let mut due = Vec::new();
        for (at, progress) in self.look().into_iter().enumerate() {
            let (Some(progress), Some(diary)) = (progress, self.diaries.get(at)) else { continue };
            let event = if last {
                diary.due_at_end(&progress, &place, now)
            } else {
                diary.due(&progress, &place, now)
            };
            due.extend(event.map(|event| (at, progress, event)));
        }
        while let Some((_, first, _)) = due.first() {
            let stream = self.record.clone().unwrap_or_else(|| first.stream.clone());
            let here = |progress: &Progress| self.record.is_some() || progress.stream == stream;
            let (now_here, later) = due.into_iter().partition(|(_, progress, _)| here(progress));
            due = later;
            self.append(&stream, now_here)?;
        }
        self.unrecorded = 0;
        Ok(())
    }

    fn append(
        &mut self,
        stream: &StreamName,
        due: Vec<(usize, Progress, medsec_audit::Event)>,
    ) -> Result<(), Failure> {
        let writer = recording::writer(self.session, self.log, stream)?;
        for (at, progress, event) in due {
            let _ = writer.append(&event)?;
            if let Some(diary) = self.diaries.get_mut(at)
                && diary.told(&progress, now()).is_err()
            {
                output::note(self.session, UNREMEMBERED);
            }
        }
        Ok(writer.close()?)
    }

    /// Ends all drives, and waits for none that hangs.
    pub(crate) fn end(&mut self) {
        self.drives.iter().for_each(JoinHandle::abort);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(FAREWELL);
        }
    }
}

const UNREMEMBERED: &str = "what was recorded of a peer cannot be remembered";

/// Of which kind a peer is, for programs.
pub(super) const fn kind(progress: &Progress) -> &'static str {
    match progress.kind {
        PeerKind::Follower => "follower",
        PeerKind::Anchor => "anchor",
    }
}
