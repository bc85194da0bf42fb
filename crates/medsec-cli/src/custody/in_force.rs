//! The policy in force: the bundle in the home's folder, signed by an administrator of the key store, and not older
//! than the one that was in force last.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use medsec::PolicyInForce;
use medsec_crypto::{Existing, OutputOptions};
use medsec_kms::LocalStore;
use medsec_policy::{Bundle, BundleMark, Engine, PrincipalId, SignedBundle, SignerKey, SignerName};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use crate::settings::Settings;

/// Its name in the policy's folder.
pub(crate) const BUNDLE_FILE: &str = "in-force.policy";

/// The policy in force.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) bundle: Bundle,
    pub(crate) engine: Engine,
}

impl InForce {
    /// Reads and verifies it. What was in force last must be remembered: else an older one could stand there.
    pub(crate) fn load(session: &Session, store: &LocalStore) -> Result<Self, Failure> {
        let settings = session.settings()?;
        if read_mark(&settings.policy_mark.value)?.is_none() {
            let what = "nothing remembers which policy was in force last; nothing was done";
            return Err(Failure::new(Exit::Policy, what)
                .next("find out who removed the mark; `medsec policy accept` sets it to the policy that is there"));
        }
        Self::inspect(settings, store)
    }

    /// Whether it has come into force since the mark was set: by somebody else, on another machine or in another
    /// home.
    pub(crate) fn is_new(&self, settings: &Settings) -> Result<bool, Failure> {
        let mark = read_mark(&settings.policy_mark.value)?;
        Ok(mark.is_none_or(|mark| mark.hash() != self.bundle.hash()))
    }

    /// Remembers the policy of another home for the first time.
    pub(crate) fn remember_first(
        folder: &Path,
        store: &LocalStore,
        mark: &Path,
    ) -> Result<(), Failure> {
        let bundle = SignedBundle::read(&read(&folder.join(BUNDLE_FILE))?)?;
        write_mark(mark, &bundle.verify(&trusted(store), 1)?)
    }

    /// The same for whoever only looks: the mark stays as it is.
    pub(crate) fn inspect(settings: &Settings, store: &LocalStore) -> Result<Self, Failure> {
        let bundle = read_signed(settings)?.verify(&trusted(store), 1)?;
        if let Some(mark) = read_mark(&settings.policy_mark.value)? {
            mark.admits(&bundle)?;
        }
        Ok(Self { engine: engine_of(&bundle)?, bundle })
    }

    /// As the Custodian takes it.
    pub(crate) fn for_custodian(self, store: &LocalStore) -> Result<PolicyInForce, Failure> {
        let Self { bundle, engine } = self;
        let mut signers = BTreeMap::new();
        for user in store.users() {
            let key = user.signer().and_then(|key| key.as_signer());
            if let (Some(key), Ok(id)) = (key, PrincipalId::new(user.name().as_str())) {
                signers.insert(*key.as_bytes(), id);
            }
        }
        Ok(PolicyInForce {
            decider: Arc::new(engine),
            settings: Arc::new(bundle.settings().clone()),
            superseded: bundle.supersedes().to_vec(),
            signers,
        })
    }
}

/// The policy's file, taken apart. Nothing is verified.
pub(crate) fn read_signed(settings: &Settings) -> Result<SignedBundle, Failure> {
    Ok(SignedBundle::read(&read(&settings.policy.value.join(BUNDLE_FILE))?)?)
}

/// The engine of a bundle.
pub(crate) fn engine_of(bundle: &Bundle) -> Result<Engine, Failure> {
    let rules: Vec<(&str, &str)> = bundle.rules().collect();
    Ok(Engine::new(&rules, bundle.assignments(), bundle.settings(), bundle.hash())?)
}

/// Whose signatures count: those of the key store's administrators.
pub(crate) fn trusted(store: &LocalStore) -> Vec<SignerKey> {
    let keys = store.administrators().iter().filter_map(|key| key.as_signer());
    let keys = keys.enumerate().filter_map(|(number, key)| {
        let name = SignerName::new(&format!("administrator-{number}")).ok()?;
        SignerKey::new(name, *key.as_bytes()).ok()
    });
    keys.collect()
}

/// Remembers which policy is in force.
pub(crate) fn write_mark(path: &Path, bundle: &Bundle) -> Result<(), Failure> {
    let mut options = OutputOptions::default();
    options.existing = Existing::Replace;
    let text = BundleMark::of(bundle).render();
    Ok(medsec_crypto::write_file(path, text.as_bytes(), options)?)
}

/// What was in force last; none if nothing is remembered.
pub(crate) fn read_mark(path: &Path) -> Result<Option<BundleMark>, Failure> {
    let failed = |error| Failure::io("the mark of the policy cannot be read", &error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = Vec::new();
    let limit = BundleMark::MAX_LEN.saturating_add(1);
    file.take(limit as u64).read_to_end(&mut text).map_err(failed)?;
    BundleMark::parse(&text).map(Some).map_err(|_| {
        Failure::new(Exit::Policy, "the mark of the policy is damaged; nothing was done").next(
            "find out who changed it; `medsec policy accept` sets it to the policy that is there",
        )
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => {
            Failure::new(Exit::Policy, "there is no policy in force; nothing was done")
                .next("`medsec policy sign FOLDER` puts one in force")
        }
        _ => Failure::io("the policy cannot be read", &error),
    };
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    if len > SignedBundle::MAX_LEN as u64 {
        return Err(Failure::new(Exit::Policy, "the policy is longer than a policy can be"));
    }
    let mut bytes = Vec::new();
    file.take(SignedBundle::MAX_LEN as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
