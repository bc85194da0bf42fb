//! A small clinic: its key store, its policy, its audit log, and three people.

mod parts;
mod trail;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medsec::{
    Custodian, Grant, Journal, Login, NoEmergencies, OpenWish, Parts, PolicyInForce, Refused,
    SealRequest, SealWish, SessionLogin, SharedKeys, Unbound, Unlocks,
};
use medsec_audit::{AuditLog, Origin, Retention, SpaceLimits, StreamWriter};
use medsec_crypto::{
    Context, Execution, Header, HeaderError, Limits, OutputOptions, PackageSpec, SignerExpectation,
    SigningKey, Timestamp,
};
use medsec_kms::{Change, ChangeError, KeyName, KeyService, Keyring, LocalStore};
use medsec_policy::{Clock as _, LocalUser, Purpose, Session, Settings};
use medsec_testkit::{CountingKeys, ManualClock};
use tempfile::TempDir;

pub(crate) use self::parts::{Person, log_key, options, place, stream};
pub(crate) use self::trail::Told;

/// The data set, and the key of the store that its packages are sealed under.
pub(crate) const DATASET: &str = "mri-2026";

/// All that a Custodian is made of, each part real.
pub(crate) struct Scene {
    pub(crate) home: TempDir,
    /// Holds all roles of persons but the auditor's, and works with the data set.
    pub(crate) ada: Person,
    /// A clinician of another ward, who has the key nevertheless.
    pub(crate) bela: Person,
    /// The auditor.
    pub(crate) cara: Person,
    pub(crate) store: LocalStore,
    pub(crate) policy: PolicyInForce,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) log: AuditLog,
    pub(crate) writer: Arc<StreamWriter>,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::set(|_| {})
    }

    /// With other settings of the policy.
    pub(crate) fn set(change: impl FnOnce(&mut Settings)) -> Self {
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let [ada, bela, cara] = ["ada", "bela", "cara"].map(Person::new);
        let store = parts::store(home.path(), &ada, &[&bela, &cara]);
        let policy = parts::policy(&[&ada, &bela, &cara], change);
        let log = parts::log(home.path());
        let writer = Arc::new(parts::writer(&log));
        let clock = Arc::new(ManualClock::at(std::time::SystemTime::now()));
        Self { home, ada, bela, cara, store, policy, clock, log, writer }
    }

    /// With a writer of a second log, so that its own can be opened by others.
    pub(crate) fn without_writer(self) -> Self {
        let Self { writer, home, .. } = self;
        closed(writer);
        let writer = Arc::new(parts::writer(&parts::log(&home.path().join("second"))));
        Self { writer, home, ..self }
    }

    /// With a log that has only so much room.
    pub(crate) fn with_space(self, space: SpaceLimits) -> Self {
        let Self { writer, log, .. } = self;
        closed(writer);
        let mut options = options();
        options.space = space;
        let writer = Arc::new(log.writer(&stream(), &options, &[]).unwrap());
        Self { writer, log, ..self }
    }

    pub(crate) fn parts(&self) -> Parts {
        Parts {
            policy: self.policy.clone(),
            journal: Arc::clone(&self.writer) as _,
            retention: Retention::SIX_YEARS,
            clock: Arc::clone(&self.clock) as _,
            place: place(),
            emergencies: Arc::new(NoEmergencies),
        }
    }

    pub(crate) fn custodian(&self) -> Custodian {
        Custodian::new(self.parts()).unwrap()
    }

    /// With another journal.
    pub(crate) fn recording_to(&self, journal: Arc<dyn Journal>) -> Custodian {
        Custodian::new(Parts { journal, ..self.parts() }).unwrap()
    }

    /// The keys of a person, counted.
    pub(crate) fn keys(&self, person: &Person) -> Arc<CountingKeys> {
        Arc::new(CountingKeys::new(self.keyring(person)))
    }

    pub(crate) fn keyring(&self, person: &Person) -> Arc<dyn KeyService> {
        let own = Arc::new(person.identity());
        let store = self.store.clone().unlock(Arc::clone(&own)).unwrap();
        Arc::new(Keyring::new(vec![own], Some(store)))
    }

    /// A session of a person with these keys.
    pub(crate) fn login(&self, person: &Person, keys: Arc<dyn KeyService>) -> SessionLogin {
        SessionLogin::new(self.session(person, keys), Origin::Local)
    }

    pub(crate) fn session(&self, person: &Person, keys: Arc<dyn KeyService>) -> Session<Unlocks> {
        self.session_signing(person, keys, Some(person.signer()))
    }

    /// One that signs with that key.
    pub(crate) fn session_signing(
        &self,
        person: &Person,
        keys: Arc<dyn KeyService>,
        signer: Option<SigningKey>,
    ) -> Session<Unlocks> {
        let user = LocalUser::verified_by_store(person.name.as_str()).unwrap();
        let principal = user.principal(self.clock.wall());
        let limits = self.policy.settings.sessions;
        let unlocks = Unlocks::new(keys, signer);
        Session::start(principal, limits, Arc::clone(&self.clock) as _, unlocks).unwrap()
    }

    /// One that shares data keys between packages.
    pub(crate) fn session_sharing(
        &self,
        person: &Person,
        keys: Arc<dyn KeyService>,
        shared: SharedKeys,
    ) -> Session<Unlocks> {
        let user = LocalUser::verified_by_store(person.name.as_str()).unwrap();
        let principal = user.principal(self.clock.wall());
        let limits = self.policy.settings.sessions;
        let unlocks = Unlocks::new(keys, Some(person.signer())).sharing(shared);
        Session::start(principal, limits, Arc::clone(&self.clock) as _, unlocks).unwrap()
    }

    /// A session of ada with her keys.
    pub(crate) fn ada(&self) -> SessionLogin {
        self.login(&self.ada, self.keyring(&self.ada))
    }

    /// Changes the store as ada, at the scene's time.
    pub(crate) fn change(
        &mut self,
        change: impl FnOnce(&mut Change<'_>) -> Result<(), ChangeError>,
    ) {
        let now = Timestamp::from(self.clock.wall());
        parts::change(&mut self.store, (&self.ada, now), change);
    }

    /// A package of ada's with so many bytes, sealed as the policy demands, under the home.
    pub(crate) fn sealed(&self, len: usize) -> PathBuf {
        self.sealed_as("scan", len)
    }

    pub(crate) fn sealed_as(&self, name: &str, len: usize) -> PathBuf {
        let path = self.path(name);
        let grant = seal(&self.custodian(), &self.ada(), true).unwrap();
        let content = content(len);
        let options = OutputOptions::default();
        grant.seal_to_file(&content[..], &path, options, &Execution::default()).unwrap();
        path
    }

    /// A path under the home, where nothing is yet.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Another folder stands where the log's segments were: what the writer writes, nobody would find.
    pub(crate) fn displace_log(&self) {
        let stream = self.log.stream_folder(&stream());
        // What readers read stays: the old segments under a new folder of the same name.
        std::fs::rename(stream.join("log"), stream.join("log.old")).unwrap();
        std::fs::create_dir(stream.join("log")).unwrap();
        for entry in std::fs::read_dir(stream.join("log.old")).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), stream.join("log").join(entry.file_name())).unwrap();
        }
    }

    /// What the log tells from now on.
    pub(crate) fn trail(&self) -> Told {
        Told::from(&self.log)
    }
}

fn closed(writer: Arc<StreamWriter>) {
    // A Custodian that is gone may be writing its last records.
    while Arc::strong_count(&writer) > 1 {
        std::thread::yield_now();
    }
    Arc::into_inner(writer).unwrap().close().unwrap();
}

pub(crate) fn key() -> KeyName {
    KeyName::new(DATASET).unwrap()
}

pub(crate) fn content(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

pub(crate) fn request() -> SealRequest {
    let mut spec = PackageSpec::default();
    spec.dataset = Some(medsec_crypto::DatasetId::new(DATASET).unwrap());
    SealRequest {
        spec,
        created_at: Timestamp::from(std::time::SystemTime::now()),
        content_len: None,
    }
}

pub(crate) fn seal_wish<'a>(keys: &'a [&'a KeyName], sign: bool) -> SealWish<'a> {
    SealWish { purpose: Some(Purpose::Treatment), keys, recipients: &[], sign, patient: None }
}

/// Seals under the data set's key.
pub(crate) fn seal(
    custodian: &Custodian,
    login: &dyn Login,
    sign: bool,
) -> Result<medsec::SealGrant, Refused> {
    let key = key();
    pollster::block_on(custodian.seal(login, request(), &seal_wish(&[&key], sign)))
}

/// To open for treatment, whoever signed it.
pub(crate) fn wish() -> OpenWish {
    OpenWish {
        aim: medsec::Aim::Content,
        purpose: Some(Purpose::Treatment),
        signer: SignerExpectation::NotRequired,
        reproduced: Context::new(),
        limits: Limits::default(),
        patient: None,
        unbound: Unbound::Refused,
        filed_under: None,
    }
}

pub(crate) fn header(package: &Path) -> Result<Header, HeaderError> {
    Header::read(&mut File::open(package).unwrap())
}

/// A grant to open the package.
pub(crate) fn open(
    custodian: &Custodian,
    login: &dyn Login,
    package: &Path,
    wish: &OpenWish,
) -> Result<Grant, Refused> {
    pollster::block_on(custodian.open(login, header(package), wish))
}

/// Opens the package as ada into a file.
pub(crate) fn open_to(
    custodian: &Custodian,
    login: &dyn Login,
    package: &Path,
    output: &Path,
) -> Result<medsec_crypto::Opened, medsec::ReleaseError> {
    let grant = open(custodian, login, package, &wish()).unwrap();
    let source = File::open(package).unwrap();
    grant.open_to_file(source, output, OutputOptions::default(), &Execution::default())
}
