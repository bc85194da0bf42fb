//! How each part is made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use medsec::PolicyInForce;
use medsec_audit::{
    Algorithm, AuditLog, Ed25519NoteSigner, HostId, NewLog, Origin, Place, ProcessName, Retention,
    StreamName, StreamWriter, SystemClock, WriterOptions,
};
use medsec_crypto::{HpkeIdentity, HpkeKind, SigningKey, Timestamp};
use medsec_kms::{
    Administrator, Change, ChangeError, KeySpec, LocalStore, NewUser, Role, StorePlace, UserName,
};
use medsec_policy::{Bundle, DatasetId, Engine, PrincipalId, Ready, Settings, Source};

use super::{DATASET, key};

/// Somebody with a key to open with and one to sign with.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: UserName,
    identity: HpkeIdentity,
    signer: SigningKey,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: UserName::new(name).unwrap(),
            identity: HpkeIdentity::generate(HpkeKind::X25519).unwrap(),
            signer: SigningKey::generate().unwrap(),
        }
    }

    /// The same once more: keys have no copies.
    pub(crate) fn identity(&self) -> HpkeIdentity {
        let mut secret = *self.identity.expose_secret();
        HpkeIdentity::take_from(HpkeKind::X25519, &mut secret).unwrap()
    }

    pub(crate) fn signer(&self) -> SigningKey {
        SigningKey::take_from(&mut self.signer.expose_seed().to_vec()).unwrap()
    }

    pub(crate) fn id(&self) -> PrincipalId {
        PrincipalId::new(self.name.as_str()).unwrap()
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// A store of ada's with one key, which the others hold too.
pub(super) fn store(home: &Path, ada: &Person, others: &[&Person]) -> LocalStore {
    let place =
        StorePlace { folder: home.join("store"), mark: Some(home.join("mark")), expected: None };
    let mut store =
        LocalStore::create(place, &ada.name, &ada.identity, &ada.signer, now()).unwrap();
    change(&mut store, (ada, now()), |change| {
        change.create_key(&KeySpec { name: key(), max_age_days: None })?;
        others.iter().try_for_each(|person| {
            change.add_user(NewUser {
                name: person.name.clone(),
                recipient: person.identity.recipient().clone(),
                signer: Some(person.signer.verifying_key()),
                role: Role::User,
            })?;
            change.grant(&person.name, &key())
        })
    });
    store
}

pub(super) fn change(
    store: &mut LocalStore,
    (by, now): (&Person, Timestamp),
    change: impl FnOnce(&mut Change<'_>) -> Result<(), ChangeError>,
) {
    let by = Administrator { identity: &by.identity, signer: &by.signer };
    let mut begun = store.change(by, now).unwrap();
    change(&mut begun).unwrap();
    begun.commit().unwrap();
}

/// `hipaa-default` for ada, with a clinician who works with nothing and an auditor.
const OTHERS: &str = "\n[people.\"bela\"]\nroles = [\"clinician\"]\ngroups = []\n\n\
                      [people.\"cara\"]\nroles = [\"auditor\"]\ngroups = []\n";

pub(super) fn policy(people: &[&Person], change: impl FnOnce(&mut Settings)) -> PolicyInForce {
    let ada = PrincipalId::new("ada").unwrap();
    let mut files = Ready::HipaaDefault.for_owner(&ada, &DatasetId::new(DATASET).unwrap());
    for file in files.iter_mut().filter(|file| file.path == "roles.toml") {
        file.text.push_str(OTHERS);
    }
    let files = files.iter().map(|file| (file.path, file.text.as_str()));
    let bundle = Bundle::compile(&Source::from_files(files).unwrap()).unwrap();
    let mut settings = bundle.settings().clone();
    change(&mut settings);
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    let engine = Engine::new(&rules, bundle.assignments(), &settings, bundle.hash()).unwrap();
    let signers = people.iter().map(|person| {
        let key = *person.signer.verifying_key().as_bytes();
        (key, person.id())
    });
    PolicyInForce {
        decider: Arc::new(engine),
        settings: Arc::new(settings),
        superseded: bundle.supersedes().to_vec(),
        signers: signers.collect::<BTreeMap<_, _>>(),
    }
}

pub(crate) fn stream() -> StreamName {
    StreamName::new("main").unwrap()
}

pub(crate) fn place() -> Place {
    Place {
        host: HostId::new("node-7").unwrap(),
        process: ProcessName::new("clinic").unwrap(),
        pid: Some(4711),
        origin: Origin::Local,
    }
}

pub(crate) fn log_key() -> Ed25519NoteSigner {
    let name = medsec_audit::KeyName::new("clinic.example/log").unwrap();
    Ed25519NoteSigner::take_from(name, Algorithm::Ed25519, &mut [7; 32]).unwrap()
}

pub(super) fn log(home: &Path) -> AuditLog {
    let signer = log_key();
    let new = NewLog { streams: vec![stream()], retention: Retention::SIX_YEARS };
    AuditLog::create(&home.join("audit"), &new, &signer, &SystemClock::default()).unwrap()
}

pub(crate) fn options() -> WriterOptions {
    let mut options = WriterOptions::new(place());
    options.patience = Duration::ZERO;
    options
}

pub(super) fn writer(log: &AuditLog) -> StreamWriter {
    log.writer(&stream(), &options(), &[]).unwrap()
}
