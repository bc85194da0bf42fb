//! The policy in force: the bundle in the home's folder, signed by an administrator of the key store, and not older
//! than the one that was in force last.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;
use std::sync::Arc;

use medsec::PolicyInForce;
use medsec_kms::LocalStore;
use medsec_policy::{Bundle, BundleMark, Engine, PrincipalId, SignedBundle, SignerKey, SignerName};

use super::mark::{HeldMark, forgotten, read_mark};
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
        Ok(Self::load_marked(session, store)?.0)
    }

    /// The same, and whether it has come into force since the mark was set: by somebody else, on another machine or
    /// in another home.
    pub(super) fn load_marked(
        session: &Session,
        store: &LocalStore,
    ) -> Result<(Self, bool), Failure> {
        let settings = session.settings()?;
        let mark = read_mark(&settings.policy_mark.value)?.ok_or_else(forgotten)?;
        let policy = Self::admitted(settings, store, Some(&mark))?;
        let is_new = mark.hash() != policy.bundle.hash();
        Ok((policy, is_new))
    }

    /// Remembers the policy of another home for the first time.
    pub(crate) fn remember_first(
        folder: &Path,
        store: &LocalStore,
        mark: &Path,
    ) -> Result<(), Failure> {
        let bundle = SignedBundle::read(&read(&folder.join(BUNDLE_FILE))?)?;
        HeldMark::hold(mark)?.begin(&bundle.verify(&trusted(store), 1)?)
    }

    /// The same for whoever only looks: the mark stays as it is.
    pub(crate) fn inspect(settings: &Settings, store: &LocalStore) -> Result<Self, Failure> {
        let mark = read_mark(&settings.policy_mark.value)?;
        Self::admitted(settings, store, mark.as_ref())
    }

    /// The policy that is there, if its signatures are good and the mark has none that it may not follow.
    fn admitted(
        settings: &Settings,
        store: &LocalStore,
        mark: Option<&BundleMark>,
    ) -> Result<Self, Failure> {
        let bundle = read_signed(settings)?.verify(&trusted(store), 1)?;
        mark.map_or(Ok(()), |mark| mark.admits(&bundle))?;
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
