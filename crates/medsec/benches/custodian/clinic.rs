//! What is measured: a Custodian with a real key store, a real log and the policy that we ship.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use medsec::{
    Aim, Custodian, Journal, JournalError, NoEmergencies, OpenWish, Parts, PolicyInForce, Recorded,
    SealRequest, SealWish, SessionLogin, Unbound, Unlocks,
};
use medsec_audit::{
    Algorithm, AuditLog, Ed25519NoteSigner, Event, HostId, NewLog, Origin, Place, ProcessName,
    Retention, StreamName, StreamWriter, WriterOptions,
};
use medsec_crypto::{
    Context, Execution, HpkeIdentity, HpkeKind, Limits, OutputOptions, PackageSpec,
    SignerExpectation, SigningKey, Timestamp,
};
use medsec_kms::{Administrator, KeyName, KeySpec, Keyring, LocalStore, StorePlace, UserName};
use medsec_policy::{
    Bundle, DatasetId, Engine, LocalUser, PrincipalId, Purpose, Ready, Session, Source, SystemClock,
};

const DATASET: &str = "mri-2026";

/// One user with everything.
pub(crate) struct Clinic {
    pub(crate) custodian: Custodian,
    pub(crate) login: SessionLogin,
    pub(crate) keys: Arc<Keyring>,
    journal: Arc<Counting>,
}

/// The log, and how many records each commit had.
#[derive(Debug)]
struct Counting {
    writer: StreamWriter,
    commits: Mutex<Vec<usize>>,
}

impl Journal for Counting {
    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        self.commits.lock().unwrap().push(events.len());
        Journal::append(&self.writer, events)
    }

    fn newest(&self) -> Option<SystemTime> {
        self.writer.newest()
    }
}

impl Clinic {
    pub(crate) fn new(home: &Path) -> Self {
        let (identity, signer) = (
            Arc::new(HpkeIdentity::generate(HpkeKind::X25519).unwrap()),
            SigningKey::generate().unwrap(),
        );
        let store = store(home, &identity, &signer);
        let unlocked = store.unlock(Arc::clone(&identity)).unwrap();
        let keys = Arc::new(Keyring::new(vec![identity], Some(unlocked)));
        let policy = policy(&signer);
        let user = LocalUser::verified_by_store("ada").unwrap();
        let unlocks = Unlocks::new(Arc::clone(&keys) as _, Some(signer));
        let limits = policy.settings.sessions;
        let clock = Arc::new(SystemClock);
        let session =
            Session::start(user.principal(SystemTime::now()), limits, clock, unlocks).unwrap();
        let journal = Arc::new(Counting { writer: writer(home), commits: Mutex::default() });
        let custodian = Custodian::new(Parts {
            policy,
            journal: Arc::clone(&journal) as _,
            retention: Retention::SIX_YEARS,
            clock: Arc::new(SystemClock),
            place: place(),
            emergencies: Arc::new(NoEmergencies),
        });
        let login = SessionLogin::new(session, Origin::Local);
        Self { custodian: custodian.unwrap(), login, keys, journal }
    }

    /// Records in each commit so far.
    pub(crate) fn commits(&self) -> Vec<usize> {
        self.journal.commits.lock().unwrap().clone()
    }

    /// Seals so many bytes.
    pub(crate) fn seal(&self, path: &Path, len: usize) -> PathBuf {
        let mut spec = PackageSpec::default();
        spec.dataset = Some(medsec_crypto::DatasetId::new(DATASET).unwrap());
        let created_at = Timestamp::from(SystemTime::now());
        let key = KeyName::new(DATASET).unwrap();
        let wish = SealWish {
            purpose: Some(Purpose::Treatment),
            keys: &[&key],
            recipients: &[],
            sign: true,
            patient: None,
        };
        let granted = self.custodian.seal(
            &self.login,
            SealRequest { spec, created_at, content_len: None },
            &wish,
        );
        let (content, options) = (vec![7; len], OutputOptions::default());
        let grant = pollster::block_on(granted).unwrap();
        grant.seal_to_file(&content[..], path, options, &Execution::default()).unwrap();
        path.to_owned()
    }
}

/// To open for treatment.
pub(crate) fn wish() -> OpenWish {
    OpenWish {
        aim: Aim::Content,
        purpose: Some(Purpose::Treatment),
        signer: SignerExpectation::NotRequired,
        reproduced: Context::new(),
        limits: Limits::default(),
        patient: None,
        unbound: Unbound::Refused,
        filed_under: None,
    }
}

fn store(home: &Path, identity: &HpkeIdentity, signer: &SigningKey) -> LocalStore {
    let place = StorePlace { folder: home.join("store"), mark: None, expected: None };
    let name = UserName::new("ada").unwrap();
    let now = Timestamp::from(SystemTime::now());
    let mut store = LocalStore::create(place, &name, identity, signer, now).unwrap();
    let mut change = store.change(Administrator { identity, signer }, now).unwrap();
    let key = KeyName::new(DATASET).unwrap();
    change.create_key(&KeySpec { name: key, max_age_days: None }).unwrap();
    change.commit().unwrap();
    store
}

fn policy(signer: &SigningKey) -> PolicyInForce {
    let ada = PrincipalId::new("ada").unwrap();
    let files = Ready::HipaaDefault.for_owner(&ada, &DatasetId::new(DATASET).unwrap());
    let files = files.iter().map(|file| (file.path, file.text.as_str()));
    let bundle = Bundle::compile(&Source::from_files(files).unwrap()).unwrap();
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    let settings = bundle.settings();
    let engine = Engine::new(&rules, bundle.assignments(), settings, bundle.hash()).unwrap();
    PolicyInForce {
        decider: Arc::new(engine),
        settings: Arc::new(settings.clone()),
        superseded: Vec::new(),
        signers: BTreeMap::from([(*signer.verifying_key().as_bytes(), ada)]),
    }
}

fn place() -> Place {
    Place {
        host: HostId::new("bench").unwrap(),
        process: ProcessName::new("bench").unwrap(),
        pid: None,
        origin: Origin::Local,
    }
}

fn writer(home: &Path) -> StreamWriter {
    let name = medsec_audit::KeyName::new("bench.example/log").unwrap();
    let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
    let stream = StreamName::new("main").unwrap();
    let new = NewLog { streams: vec![stream.clone()], retention: Retention::SIX_YEARS };
    let clock = medsec_audit::SystemClock::default();
    let log = AuditLog::create(&home.join("audit"), &new, &key, &clock).unwrap();
    log.writer(&stream, &WriterOptions::new(place()), &[]).unwrap()
}
