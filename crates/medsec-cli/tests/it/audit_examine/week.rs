//! A week in November 2026 in two streams, from Monday to Sunday, with something of everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use medsec_audit::{
    Action, Actor, Algorithm, AuditLog, Authentication, Clock, Count, DatasetId, Denial,
    Ed25519NoteSigner, Event, Extent, Failure, HostId, KekName, KekVersion, KeyName, NewLog,
    Opening, Origin, Outcome, PackageId, Patient, Period, Phase, Place, PolicyHash, Principal,
    PrincipalId, ProcessName, PseudonymKey, Purpose, RequestId, Retention, SessionId, StreamName,
    StreamWriter, Subject, WriterOptions,
};

use crate::ward::{Run, Ward};

const HOUR: u64 = 3_600_000;
pub(crate) const DAY: u64 = 24 * HOUR;
/// 2026-11-02T00:00:00Z, a Monday.
pub(crate) const MONDAY: u64 = 1_793_577_600_000;
/// How the program is told of the log, and of the week.
pub(crate) const LOG: &str = "--log week --pin week.pin";
pub(crate) const PERIOD: &str = "--from 2026-11-02 --until 2026-11-09";

/// A clock that the test moves.
#[derive(Debug)]
pub(crate) struct MovedClock(AtomicU64);

impl MovedClock {
    pub(crate) fn at(millis: u64) -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(millis)))
    }

    fn millis(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for MovedClock {
    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.millis()
    }

    fn monotonic(&self) -> Duration {
        self.millis()
    }
}

/// A log in the ward's folder, and its clock.
pub(crate) struct Week {
    pub(crate) ward: Ward,
    pub(crate) log: AuditLog,
    pub(crate) clock: Arc<MovedClock>,
    monday: u64,
}

pub(crate) fn place() -> Place {
    Place {
        host: HostId::new("node-7").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: None,
        origin: Origin::Local,
    }
}

pub(crate) fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

fn principal(id: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id).unwrap(),
        authentication: Authentication::PrivateKey,
        role: None,
        on_behalf_of: None,
    }
}

/// Somebody did something, and this is how it ended.
pub(crate) fn event(who: &str, action: Action, outcome: Outcome, subject: Subject) -> Event {
    Event {
        actor: match who {
            "import-job" => Actor::Service(principal(who)),
            "unknown" => Actor::Unknown,
            _ => Actor::Person(principal(who)),
        },
        action,
        phase: Phase::Single { request: None, outcome },
        subject,
        purpose: Some(Purpose::Treatment),
        place: place(),
        ruling: None,
        session: None,
    }
}

/// A package of a data set; 1 MiB of it.
pub(crate) fn package(number: u8, dataset: &str) -> Subject {
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes([number; 16]));
    subject.dataset = Some(DatasetId::new(dataset).unwrap());
    subject.extent = Some(Extent { bytes: Count::from(1 << 20), ranges: Count::from(1) });
    subject
}

/// The patient of package 1, as the log knows them.
pub(crate) fn patient() -> Patient {
    let key = PseudonymKey::take_from(&mut [1; 32]).unwrap();
    Patient::Pseudonym(key.patient(b"MRN-0042").unwrap())
}

pub(crate) fn reviewed(who: &str, from: u64, until: u64) -> Event {
    let time = |millis| medsec_audit::LogTime::from_unix_millis(millis).unwrap();
    let mut subject = Subject::default();
    subject.period = Some(Period::new(time(from), time(until)).unwrap());
    event(who, Action::Review, Outcome::Success, subject)
}

impl Week {
    /// Takes the seventh line out of the stream `main`.
    pub(crate) fn cut(&self) {
        let name = "week/streams/main/log/00000000000000000000.jsonl";
        let text = String::from_utf8(self.ward.read(name)).unwrap();
        let cut: Vec<&str> =
            text.lines().enumerate().filter(|(n, _)| *n != 6).map(|(_, line)| line).collect();
        self.ward.write(name, format!("{}\n", cut.join("\n")).as_bytes());
    }

    /// A log without events that begins at a time.
    pub(crate) fn empty(monday: u64) -> Self {
        let ward = Ward::new();
        let clock = MovedClock::at(monday - 5 * DAY);
        let name = KeyName::new("clinic.example/log").unwrap();
        let key = Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap();
        let streams = vec![stream("imaging"), stream("main")];
        let new = NewLog { streams, retention: Retention::SIX_YEARS };
        let log = AuditLog::create(&ward.path("week"), &new, &key, &*clock).unwrap();
        ward.write("week.pin", log.pin().to_string().as_bytes());
        Self { ward, log, clock, monday }
    }

    /// Another stream, and the pin that knows of it.
    pub(crate) fn add_stream(&mut self, name: &str) {
        let key = KeyName::new("clinic.example/log").unwrap();
        let key = Ed25519NoteSigner::take_from(key, Algorithm::Ed25519, &mut [7; 32]).unwrap();
        self.log.add_stream(&stream(name), Retention::SIX_YEARS, &key, &*self.clock).unwrap();
    }

    pub(crate) fn writer(&self, name: &str) -> StreamWriter {
        let mut options = WriterOptions::new(place());
        options.clock = Arc::<MovedClock>::clone(&self.clock);
        // One segment, and nothing in it but what the test writes.
        options.epoch = Duration::from_secs(1_000_000_000);
        options.segment_age = options.epoch;
        self.log.writer(&stream(name), &options, &[]).unwrap()
    }

    /// Moves the clock to a time of the week.
    pub(crate) fn set(&self, day: u64, hour: u64, minute: u64) {
        let millis = self.monday + day * DAY + hour * HOUR + minute * 60_000;
        self.clock.0.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn set_millis(&self, millis: u64) {
        self.clock.0.store(millis, Ordering::SeqCst);
    }

    /// The week in full.
    pub(crate) fn new() -> Self {
        let week = Self::empty(MONDAY);
        let (main, imaging) = (week.writer("main"), week.writer("imaging"));
        week.access(&main, &imaging);
        week.trouble(&main);
        week.emergency(&main);
        week.set(6, 12, 0);
        // All but the last three days, and one's own emergency.
        append(&main, &reviewed("dora", MONDAY, MONDAY + 4 * DAY));
        append(&main, &reviewed("carla", MONDAY, MONDAY + 6 * DAY));
        main.close().unwrap();
        imaging.close().unwrap();
        week
    }

    fn access(&self, main: &StreamWriter, imaging: &StreamWriter) {
        let open = |who, number, dataset| {
            event(who, Action::Open, Outcome::Success, package(number, dataset))
        };
        // Before the week, so that this is no first access in it.
        self.clock.0.store(MONDAY - 3 * DAY, Ordering::SeqCst);
        append(main, &open("ann", 1, "ct-2026"));
        for minute in 0..5 {
            self.set(0, 9, u64::from(minute) * 2);
            let mut opened = open("ann", minute % 3 + 1, "ct-2026");
            opened.subject.patient = (minute % 3 == 0).then(patient);
            append(main, &opened);
            self.set(0, 9, u64::from(minute) * 2 + 1);
            append(imaging, &open("ben", 40 + minute, "mri-2026"));
        }
        self.set(0, 14, 0);
        for number in 10..13 {
            append(
                imaging,
                &event("import-job", Action::Seal, Outcome::Success, package(number, "ct-2026")),
            );
        }
        // Three in the morning.
        self.set(1, 3, 0);
        append(main, &open("ann", 1, "ct-2026"));
        // A Saturday; and something of which nothing says how it ended.
        self.set(5, 11, 0);
        append(imaging, &open("ben", 41, "mri-2026"));
        let request = RequestId::from_bytes([9; 16]);
        append(imaging, &Event { phase: Phase::Intent { request }, ..open("ben", 42, "mri-2026") });
    }

    /// Wednesday.
    fn trouble(&self, main: &StreamWriter) {
        let mut subject = package(7, "ct-2026");
        subject.extent = None;
        for second in 0..6 {
            self.set(2, 10, 0);
            self.clock.0.fetch_add(second * 1000, Ordering::SeqCst);
            append(
                main,
                &event("ben", Action::Open, Outcome::Denied(Denial::NotGranted), subject.clone()),
            );
        }
        append(main, &event("ann", Action::Open, Outcome::Failure(Failure::Damaged), subject));
        for _ in 0..2 {
            let outcome = Outcome::Denied(Denial::Credentials);
            append(main, &event("unknown", Action::LoginFailure, outcome, Subject::default()));
        }
    }

    /// Friday; on Thursday nothing happens at all.
    fn emergency(&self, main: &StreamWriter) {
        let session = Some(SessionId::from_bytes([5; 16]));
        let done = |action, subject| Event {
            session,
            purpose: Some(Purpose::BreakTheGlass),
            ..event("carla", action, Outcome::Success, subject)
        };
        self.set(4, 8, 0);
        let mut start = Subject::default();
        start.text = Some(Opening::new("unconscious").unwrap().commitment());
        append(main, &done(Action::EmergencyStart, start));
        append(main, &done(Action::EmergencyUse, package(1, "ct-2026")));
        append(main, &done(Action::Open, package(1, "ct-2026")));
        self.set(4, 9, 0);
        append(main, &done(Action::EmergencyEnd, Subject::default()));
        let mut granted = Subject::default();
        granted.principal = Some(PrincipalId::new("carla").unwrap());
        append(main, &event("ada", Action::Grant, Outcome::Success, granted));
        let mut rotated = Subject::default();
        rotated.key = Some(KekVersion {
            name: KekName::new("ct-2026").unwrap(),
            version: Some(Count::from(2)),
        });
        append(main, &event("ada", Action::KeyRotate, Outcome::Success, rotated));
        let mut changed = Subject::default();
        changed.policy = Some(PolicyHash::from_bytes([3; 32]));
        append(main, &event("ada", Action::PolicyChange, Outcome::Success, changed));
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        self.ward.line(line)
    }
}

pub(crate) fn append(writer: &StreamWriter, event: &Event) {
    let _ = writer.append(event).unwrap();
}
