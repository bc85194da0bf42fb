//! How the clinic's parts are made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use medsec::{NoEmergencies, Parts, PolicyInForce};
use medsec_audit::{
    Algorithm, AuditLog, Ed25519NoteSigner, HostId, NewLog, Origin, Place, ProcessName, Retention,
    StreamName, WriterOptions,
};
use medsec_crypto::{HpkeIdentity, HpkeKind, SigningKey, Timestamp};
use medsec_kms::{Administrator, KeyName, KeySpec, Keyring, LocalStore, StorePlace, UserName};
use medsec_policy::{Bundle, DatasetId, Engine, PrincipalId, Ready, Source, SystemClock};
use tempfile::TempDir;

use super::{Clinic, DATASET, Failed};

pub(super) fn found(folder: TempDir) -> Result<Clinic, Failed> {
    let identity = Arc::new(HpkeIdentity::generate(HpkeKind::X25519)?);
    let signer = Arc::new(SigningKey::generate()?);
    let store = store(folder.path(), &identity, &signer)?;
    let unlocked = store.unlock(Arc::clone(&identity))?;
    let keys = Arc::new(Keyring::new(vec![identity], Some(unlocked)));
    let log = log(folder.path())?;
    let writer = log.writer(&stream()?, &WriterOptions::new(place()?), &[])?;
    let parts = Parts {
        policy: policy(&signer)?,
        retention: writer.genesis().retention,
        journal: Arc::new(writer),
        clock: Arc::new(SystemClock),
        place: place()?,
        emergencies: Arc::new(NoEmergencies),
    };
    Ok(Clinic { folder, parts, keys, signer, log })
}

fn store(
    folder: &Path,
    identity: &HpkeIdentity,
    signer: &SigningKey,
) -> Result<LocalStore, Failed> {
    let place = StorePlace { folder: folder.join("store"), mark: None, expected: None };
    let now = Timestamp::from(SystemTime::now());
    let mut store = LocalStore::create(place, &UserName::new("ada")?, identity, signer, now)?;
    let mut change = store.change(Administrator { identity, signer }, now)?;
    change.create_key(&KeySpec { name: KeyName::new(DATASET)?, max_age_days: None })?;
    change.commit()?;
    Ok(store)
}

/// `hipaa-default` for ada. A home has it signed, and remembers which one was in force.
fn policy(signer: &SigningKey) -> Result<PolicyInForce, Failed> {
    let ada = PrincipalId::new("ada")?;
    let files = Ready::HipaaDefault.for_owner(&ada, &DatasetId::new(DATASET)?);
    let files = files.iter().map(|file| (file.path, file.text.as_str()));
    let bundle = Bundle::compile(&Source::from_files(files)?)?;
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    let settings = bundle.settings();
    Ok(PolicyInForce {
        decider: Arc::new(Engine::new(&rules, bundle.assignments(), settings, bundle.hash())?),
        settings: Arc::new(settings.clone()),
        superseded: bundle.supersedes().to_vec(),
        signers: BTreeMap::from([(*signer.verifying_key().as_bytes(), ada)]),
    })
}

pub(super) fn stream() -> Result<StreamName, Failed> {
    Ok(StreamName::new("main")?)
}

fn place() -> Result<Place, Failed> {
    let process = ProcessName::new("example")?;
    Ok(Place { host: HostId::new("clinic")?, process, pid: None, origin: Origin::Local })
}

fn log(folder: &Path) -> Result<AuditLog, Failed> {
    let name = medsec_audit::KeyName::new("clinic.example/log")?;
    let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519)?;
    let new = NewLog { streams: vec![stream()?], retention: Retention::SIX_YEARS };
    let clock = medsec_audit::SystemClock::default();
    Ok(AuditLog::create(&folder.join("audit"), &new, &key, &clock)?)
}
